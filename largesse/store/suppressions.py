"""Who wants no messages, in the database."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("suppressions")
LIST: Final = ListSql(
    table="suppressions",
    page=SQL["list_suppressions"],
    count=SQL["count_suppressions"],
    filters={"channel": "s.channel = {}", "target": "s.target = {}"},
    orders=both_ways({"created_at": "s.created_at"}, "(s.channel || '/' || s.target)", set_always=("created_at",)),
    key="({alias}.channel || '/' || {alias}.target)",
    fields={},
)


class Suppression(NamedTuple):
    """`target`: an address in lower case, or a customer's id."""

    channel: str
    target: str
    reason: str
    created_at: datetime


async def suppress(connection: Connection, project_id: int, channel: str, targets: list[str], reason: str) -> None:
    await connection.execute(SQL["suppress"], project_id, channel, targets, reason)


async def allow(connection: Connection, project_id: int, channel: str, target: str) -> bool:
    """False when he wasn't suppressed."""
    return await connection.fetchval(SQL["allow"], project_id, channel, target) is not None


async def addresses_of(connection: Connection, project_id: int, customer_id: str) -> dict[str, str | None]:
    """By channel; empty for somebody unknown."""
    row = await connection.fetchrow(SQL["addresses_of"], project_id, customer_id)
    return {} if row is None else {"email": row["email"], "sms": row["phone"]}


async def list_suppressions(
    connection: Connection, project: Project, narrowing: Narrowing, **page: Any
) -> list[Suppression]:
    """One page: what ListSql.rows takes."""
    return [Suppression(*row) for row in await LIST.rows(connection, project, narrowing, **page)]


async def count_suppressions(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)
