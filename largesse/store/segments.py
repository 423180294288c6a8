"""Segments in the database."""

from typing import Any, Final

from largesse.domain.filters import Filter, Kind
from largesse.domain.projects import Project
from largesse.domain.segments import Segment, slots
from largesse.store.connection import Connection
from largesse.store.customers import LIST as CUSTOMERS
from largesse.store.filters import FieldSql, render_filter
from largesse.store.lists import ListSql, Narrowing, both_ways, fetch_limited
from largesse.store.sql import load

SQL: Final = load("segments")
LIST: Final = ListSql(
    page=SQL["list_segments"],
    count=SQL["count_segments"],
    filters={"created_before": "s.created_at < {}", "created_after": "s.created_at > {}"},
    orders=both_ways({"created_at": "s.created_at"}, "s.id", set_always=("created_at",)),
    fields={
        "id": FieldSql("s.id"),
        "name": FieldSql("s.name"),
        "type": FieldSql("s.type"),
        "created_at": FieldSql("s.created_at", Kind.DATE_TIME),
    },
)
MATCHED_AT_ONCE: Final = 20
"""Filters in one statement: each may have a hundred conditions."""


async def create_segment(
    connection: Connection, project_id: int, id: str, name: str, type: str, filter: dict[str, Any] | None
) -> Segment | None:
    """None when the project has as many as it may have."""
    allowed = slots(type)
    while True:
        row = await connection.fetchrow(
            SQL["create_segment"], project_id, id, name, type, filter, allowed.start, allowed.stop - 1
        )
        if row is not None:
            return Segment(**row)
        # Full, or the slot went to somebody else: then one more is taken, and the next try sees that.
        if await connection.fetchval(SQL["count_slots"], project_id, allowed.start, allowed.stop - 1) == len(allowed):
            return None


async def add_members(connection: Connection, project_id: int, segment_id: str, customer_ids: list[str]) -> None:
    await connection.execute(SQL["add_members"], project_id, segment_id, customer_ids)


async def get_segment(connection: Connection, project_id: int, id: str) -> Segment | None:
    row = await connection.fetchrow(SQL["get_segment"], project_id, id)
    return None if row is None else Segment(**row)


async def delete_segment(connection: Connection, project_id: int, id: str) -> bool:
    if await connection.fetchval(SQL["delete_segment"], project_id, id) is None:
        return False
    await connection.execute(SQL["delete_members"], project_id, id)
    return True


async def leave_segments(connection: Connection, project_id: int, customer_id: str) -> int:
    """Take a customer out of every static segment; how many these were."""
    return len(await connection.fetch(SQL["leave_segments"], project_id, customer_id))


async def list_segments(
    connection: Connection, project: Project, narrowing: Narrowing, *, order: str, limit: int, offset: int
) -> list[Segment]:
    rows = await LIST.rows(connection, project, narrowing, order=order, limit=limit, offset=offset)
    return [Segment(**row) for row in rows]


async def count_segments(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)


async def static_segments_of(connection: Connection, project_id: int, customer_id: str) -> list[Segment]:
    return [Segment(**row) for row in await connection.fetch(SQL["static_segments_of"], project_id, customer_id)]


async def filter_segments(connection: Connection, project_id: int) -> list[Segment]:
    """All passive and auto-update ones."""
    return [Segment(**row) for row in await connection.fetch(SQL["filter_segments"], project_id)]


async def matching(
    connection: Connection, project: Project, name: str, wanted: list[Filter], *, known: bool
) -> list[bool]:
    """Whether each filter matches a customer: one that exists, by id, or one that would be made with a source_id.

    Raises InvalidQueryParams when it would take too long.
    """
    out: list[bool] = []
    for start in range(0, len(wanted), MATCHED_AT_ONCE):
        arguments: list[Any] = [project.id, name]

        def bind(value: Any, arguments: list[Any] = arguments) -> str:
            arguments.append(value)
            return f"${len(arguments)}"

        chunk = wanted[start : start + MATCHED_AT_ONCE]
        conditions = [f"({render_filter(one, CUSTOMERS.fields, bind, project.code_key)}) IS TRUE" for one in chunk]
        text = SQL["match_customer" if known else "match_stranger"].replace("{conditions}", ", ".join(conditions))
        rows = await fetch_limited(connection, text, arguments)
        out += rows[0][0] if rows else [False] * len(chunk)  # deleted meanwhile
    return out
