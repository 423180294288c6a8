"""Distributions in the database."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import asyncpg

from largesse.domain.distributions import Distribution
from largesse.domain.errors import DuplicateFound
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.projects import lock_project
from largesse.store.sql import load

SQL: Final = load("distributions")
LIST: Final = ListSql(
    table="distributions",
    page=SQL["list_distributions"],
    count=SQL["count_distributions"],
    filters={
        "status": "d.status = {}",
        "statuses": "d.status = ANY ({})",
        "campaign_id": "(d.action ->> 'campaign_id' = {} OR d.trigger ->> 'campaign_id' = {})",
    },
    orders=both_ways({"created_at": "d.created_at", "name": "d.name"}, "d.id", set_always=("created_at", "name")),
    fields={},
)


@contextlib.contextmanager
def _unique(name: str) -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "distributions_name":
            raise
        raise DuplicateFound(
            f"Duplicated distribution exists with name {name}", resource_id=name, resource_type="distribution"
        ) from None


def _values(distribution: Distribution) -> tuple[Any, ...]:
    return (
        distribution.id,
        distribution.name,
        distribution.trigger,
        distribution.audience,
        distribution.action,
        distribution.channels,
        distribution.recipients_max,
        distribution.when_exhausted,
    )


async def create_distribution(connection: Connection, project_id: int, distribution: Distribution, most: int) -> bool:
    """False when the project has `most` already. Raises DuplicateFound for a taken name."""
    await lock_project(connection, project_id)
    if await connection.fetchval(SQL["count_all"], project_id) >= most:
        return False
    with _unique(distribution.name):
        await connection.execute(SQL["create_distribution"], project_id, *_values(distribution))
    return True


async def update_distribution(connection: Connection, project_id: int, distribution: Distribution) -> None:
    """The caller has locked it. Raises DuplicateFound."""
    with _unique(distribution.name):
        await connection.execute(SQL["update_distribution"], project_id, *_values(distribution))


def _distribution(row: asyncpg.Record | None) -> Distribution | None:
    return None if row is None else Distribution(**row)


async def get_distribution(connection: Connection, project_id: int, id: str) -> Distribution | None:
    """None for a deleted one."""
    return _distribution(await connection.fetchrow(SQL["get_distribution"], project_id, id))


async def lock_distribution(connection: Connection, project_id: int, id: str) -> Distribution | None:
    """A deleted one too; held until the transaction ends."""
    return _distribution(await connection.fetchrow(SQL["lock_distribution"], project_id, id))


async def list_distributions(
    connection: Connection, project: Project, narrowing: Narrowing, **page: Any
) -> list[Distribution]:
    """One page: what ListSql.rows takes."""
    return [Distribution(**row) for row in await LIST.rows(connection, project, narrowing, **page)]


async def count_distributions(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)


async def move_distribution(
    connection: Connection,
    project_id: int,
    id: str,
    *,
    status: str,
    phase: str | None,
    resumes_as: str | None = None,
    reason: str | None = None,
    starts_in_minutes: int | None = None,
    now: tuple[str, ...] = (),
) -> None:
    """`now`: the columns of moments that this is the moment of."""
    values = (id, status, phase, resumes_as, reason, starts_in_minutes, list(now))
    await connection.execute(SQL["move_distribution"], project_id, *values)


async def set_live_since(connection: Connection, project_id: int, id: str) -> None:
    """Remember the place in the log from which on events trigger it."""
    await connection.execute(SQL["set_live_since"], project_id, id)


async def is_readable(connection: Connection, project_id: int, id: str) -> bool:
    """Whether nothing from before it was set live can still be committed."""
    return bool(await connection.fetchval(SQL["is_readable"], project_id, id))


async def entered_since(
    connection: Connection, project_id: int, segment_id: str, customer_ids: list[str], since: dict[str, Any]
) -> set[str]:
    """Those whom an event behind that place of the log tells anyway."""
    values = (segment_id, customer_ids, since["xid"], since["seq"])
    return {row["entity_id"] for row in await connection.fetch(SQL["entered_since"], project_id, *values)}


async def consider(connection: Connection, project_id: int, distribution: Distribution) -> None:
    """Save how far the walk through audience and pool has come."""
    values = (distribution.considered, distribution.considered_count, distribution.pick_after, distribution.phase)
    await connection.execute(SQL["consider"], project_id, distribution.id, *values)


async def begin_sending(connection: Connection, project_id: int, id: str) -> int:
    """The number of the new attempt."""
    return int(await connection.fetchval(SQL["begin_sending"], project_id, id))


async def is_time(connection: Connection, project_id: int, id: str) -> bool:
    """Whether the moment has come that it was planned for."""
    return await connection.fetchval(SQL["started_by_now"], project_id, id) is not None


async def due_distributions(connection: Connection, project_id: int, kind: str) -> list[str]:
    """Those whose time has come, and that no job of the kind is at; locked until the transaction ends."""
    return [row["id"] for row in await connection.fetch(SQL["due_distributions"], project_id, kind)]


async def paused_for(connection: Connection, project_id: int, reasons: Sequence[str]) -> list[str]:
    """Those that paused by themselves for one of those reasons; locked until the transaction ends."""
    return [row["id"] for row in await connection.fetch(SQL["paused_for"], project_id, list(reasons))]


async def live_distributions(connection: Connection, project_id: int) -> list[str]:
    """The ids of those that events may trigger, in the order in which to lock them."""
    return [row["id"] for row in await connection.fetch(SQL["live_distributions"], project_id)]


async def log_activity(
    connection: Connection, project_id: int, distribution_id: str, id: str, type: str, data: dict[str, Any], actor: str
) -> None:
    await connection.execute(SQL["log_activity"], project_id, distribution_id, id, type, data, actor)


async def list_activity(
    connection: Connection, project_id: int, distribution_id: str, *, limit: int, offset: int
) -> list[dict[str, Any]]:
    """id, type, data, actor, created_at, newest first."""
    rows = await connection.fetch(SQL["list_activity"], project_id, distribution_id, limit, offset)
    return [dict(row) for row in rows]


async def count_activity(connection: Connection, project_id: int, distribution_id: str) -> int:
    return int(await connection.fetchval(SQL["count_activity"], project_id, distribution_id))
