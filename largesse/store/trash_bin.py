"""The bin in the database. Things in it stay in their own tables; here is the list of them."""

from typing import Final

from largesse.domain.projects import Project
from largesse.domain.trash_bin import BinEntry
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql
from largesse.store.lists import ListSql, Narrowing
from largesse.store.sql import load

SQL: Final = load("trash_bin")
LIST: Final = ListSql(
    page=SQL["list_entries"],
    count=SQL["count_entries"],
    filters={"cursor_before": "e.id < {}", "cursor_after": "e.id > {}"},
    orders={"id": "e.id", "-id": "e.id DESC"},
    fields={
        "id": FieldSql("e.id"),
        "resource_id": FieldSql("e.resource_id"),
        "resource_type": FieldSql("e.resource_type"),
        "resource_name": FieldSql("e.resource_name"),
    },
)


async def add_entry(
    connection: Connection,
    project_id: int,
    id: str,
    *,
    resource_id: str,
    resource_type: str,
    resource_name: str,
    resource_parent_id: str | None = None,
) -> None:
    values = (id, resource_id, resource_type, resource_name, resource_parent_id)
    await connection.execute(SQL["add_entry"], project_id, *values)


async def lock_entry(connection: Connection, project_id: int, id: str) -> BinEntry | None:
    row = await connection.fetchrow(SQL["lock_entry"], project_id, id)
    return None if row is None else BinEntry(**row)


async def remove_entry(connection: Connection, project_id: int, resource_id: str) -> None:
    """Of something that is gone for good; with a campaign go those of its vouchers."""
    await connection.execute(SQL["remove_entry"], project_id, resource_id)


async def list_entries(
    connection: Connection, project: Project, narrowing: Narrowing, *, order: str, limit: int
) -> list[BinEntry]:
    rows = await LIST.rows(connection, project, narrowing, order=order, limit=limit, offset=0)
    return [BinEntry(**row) for row in rows]


async def count_entries(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)
