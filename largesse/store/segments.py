"""Segments in the database."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from largesse.domain.filters import Filter, Kind
from largesse.domain.projects import Project
from largesse.domain.segments import Segment, slots
from largesse.store.connection import Connection
from largesse.store.customers import LIST as CUSTOMERS
from largesse.store.events import Cursor
from largesse.store.filters import FieldSql, render_filter
from largesse.store.lists import ListSql, Narrowing, both_ways, fetch_limited
from largesse.store.sql import load

SQL: Final = load("segments")
LIST: Final = ListSql(
    table="segments",
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
TURNS: Final = 0x5E65
"""The kind of advisory lock that projects take their turns with."""
MATCHED_AT_ONCE: Final = 20
"""Filters in one statement: each may have a hundred conditions."""


async def create_segment(
    connection: Connection,
    project_id: int,
    id: str,
    name: str,
    type: str,
    filter: dict[str, Any] | None,
    *,
    is_timed: bool = False,
) -> Segment | None:
    """`is_timed`: whether time alone changes who is in it. None when the project has as many as it may have."""
    allowed = slots(type)
    while True:
        row = await connection.fetchrow(
            SQL["create_segment"], project_id, id, name, type, filter, allowed.start, allowed.stop - 1, is_timed
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
    """Its members stay: `delete_members` has an end."""
    return await connection.fetchval(SQL["delete_segment"], project_id, id) is not None


async def delete_members(connection: Connection, project_id: int, segment_id: str, limit: int) -> int:
    """Of a segment that is gone; how many they were."""
    return _count(await connection.execute(SQL["delete_members"], project_id, segment_id, limit))


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])


async def leave_segments(connection: Connection, project_id: int, customer_id: str) -> list[str]:
    """Take a customer out of every static segment; which these were."""
    return [row["segment_id"] for row in await connection.fetch(SQL["leave_segments"], project_id, customer_id)]


async def list_segments(connection: Connection, project: Project, narrowing: Narrowing, **page: Any) -> list[Segment]:
    rows = await LIST.rows(connection, project, narrowing, **page)
    return [Segment(**row) for row in rows]


async def count_segments(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)


async def static_segments_of(connection: Connection, project_id: int, customer_id: str) -> list[Segment]:
    return [Segment(**row) for row in await connection.fetch(SQL["static_segments_of"], project_id, customer_id)]


async def filter_segments(connection: Connection, project_id: int) -> list[Segment]:
    """All passive and auto-update ones."""
    return [Segment(**row) for row in await connection.fetch(SQL["filter_segments"], project_id)]


async def take_turn(connection: Connection, project_id: int) -> None:
    """The first thing in a transaction that moves customers: the log has their events in the order of the moves."""
    await connection.execute(SQL["take_turn"], project_id, TURNS)


class Followed(NamedTuple):
    """An auto-update segment whose members nobody else changes now. `after`: how far a pass over all came;
    `since`: from when on it is told who enters.
    """

    segment: Segment
    after: str
    since: datetime


async def lock_segment(connection: Connection, project_id: int, id: str) -> Followed | None:
    """None for one that is gone."""
    row = await connection.fetchrow(SQL["lock_segment"], project_id, id)
    if row is None:
        return None
    columns = {name: row[name] for name in Segment.__struct_fields__}
    return Followed(Segment(**columns), row["synced_after"], row["followed_since"])


async def followed_segments(connection: Connection, project_id: int) -> list[str]:
    """The ids of all auto-update segments, in the order in which they are to be locked."""
    return [row["id"] for row in await connection.fetch(SQL["followed_segments"], project_id)]


async def next_customers(connection: Connection, project_id: int, after: str, limit: int) -> list[str]:
    return [row["id"] for row in await connection.fetch(SQL["next_customers"], project_id, after, limit)]


async def refresh_members(
    connection: Connection, project: Project, segment_id: str, wanted: Filter, customer_ids: list[str]
) -> tuple[list[str], list[str]]:
    """Put those in whom the filter matches and take the others out: who entered, and who left."""
    arguments: list[Any] = [project.id, segment_id, customer_ids]

    def bind(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    condition = render_filter(wanted, CUSTOMERS.fields, bind, project.code_key)
    rows = await connection.fetch(SQL["refresh_members"].replace("{condition}", condition), *arguments)
    moved: dict[bool, list[str]] = {True: [], False: []}
    for row in rows:
        moved[row["is_inside"]].append(row["customer_id"])
    return moved[True], moved[False]


async def tell_moves(
    connection: Connection,
    project_id: int,
    customer_ids: list[str],
    event_ids: list[str],
    *,
    type: str,
    segment: dict[str, Any],
    since: datetime | None,
    request_id: str,
    actor: str,
) -> None:
    """`since`: only of customers who were made or changed since then."""
    await connection.execute(
        SQL["tell_moves"], project_id, customer_ids, event_ids, type, segment, since, request_id, actor
    )


async def save_sync(
    connection: Connection, project_id: int, id: str, after: str, now: datetime, *, is_timed: bool
) -> None:
    """`after`: how far a pass over all customers came; empty when it is done."""
    await connection.execute(SQL["save_sync"], project_id, id, after, is_timed, now)


async def activate(connection: Connection, project_id: int, id: str, *, is_timed: bool) -> bool:
    """Make a passive segment an auto-update one; False for another one."""
    return await connection.fetchval(SQL["activate"], project_id, id, is_timed) is not None


async def due_segments(connection: Connection, project_id: int, every_s: float) -> list[str]:
    """Those to be looked at anew because time passed; nobody else gets them."""
    return [row["id"] for row in await connection.fetch(SQL["due_segments"], project_id, every_s)]


async def touched_customers(
    connection: Connection, project_id: int, after: Cursor, limit: int
) -> tuple[list[str], Cursor, int]:
    """Whom the next events may have moved, the place behind these events, and how many they were."""
    rows = await connection.fetch(SQL["touched_customers"], project_id, str(after.xid), after.seq, limit)
    if not rows:
        return [], after, 0
    touched = sorted({row["customer_id"] for row in rows if row["customer_id"] is not None})
    return touched, Cursor(int(rows[-1]["xid"]), rows[-1]["seq"]), len(rows)


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
