"""Webhooks in the database, and what receivers of a project know us by."""

from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from largesse.domain.webhooks import WEBHOOKS_MAX, Webhook
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("webhooks")


class Secret(NamedTuple):
    """`before` is the one that was in force until `since`."""

    secret: str
    before: str | None
    since: datetime | None


def _webhook(row: asyncpg.Record | None) -> Webhook | None:
    return None if row is None else Webhook(**row)


async def create_webhook(
    connection: Connection,
    project_id: int,
    id: str,
    *,
    target_url: str,
    events: list[str],
    headers: dict[str, str],
    active: bool,
) -> Webhook | None:
    """None when the project has as many as it may have."""
    while True:
        row = await connection.fetchrow(
            SQL["create_webhook"], project_id, id, target_url, events, headers, WEBHOOKS_MAX, active
        )
        if row is not None:
            return Webhook(**row)
        # Full, or the slot went to somebody else: then one more is taken, and the next try sees that.
        if await connection.fetchval(SQL["count_webhooks"], project_id) >= WEBHOOKS_MAX:
            return None


async def list_webhooks(connection: Connection, project_id: int) -> list[Webhook]:
    """Oldest first."""
    return [Webhook(**row) for row in await connection.fetch(SQL["list_webhooks"], project_id)]


async def get_webhook(connection: Connection, project_id: int, id: str) -> Webhook | None:
    return _webhook(await connection.fetchrow(SQL["get_webhook"], project_id, id))


async def lock_webhook(connection: Connection, project_id: int, id: str) -> Webhook | None:
    """Held until the transaction ends. None for an unknown one."""
    return _webhook(await connection.fetchrow(SQL["lock_webhook"], project_id, id))


async def update_webhook(
    connection: Connection,
    project_id: int,
    id: str,
    *,
    target_url: str | None,
    events: list[str] | None,
    headers: dict[str, str] | None,
    active: bool | None,
) -> Webhook | None:
    """What is None stays as it is. None for an unknown one."""
    return _webhook(
        await connection.fetchrow(SQL["update_webhook"], project_id, id, target_url, events, headers, active)
    )


async def delete_webhook(connection: Connection, project_id: int, id: str) -> bool:
    return await connection.fetchval(SQL["delete_webhook"], project_id, id) is not None


async def disable_webhook(connection: Connection, project_id: int, id: str, reason: str) -> bool:
    """False when it was off already."""
    return await connection.fetchval(SQL["disable_webhook"], project_id, id, reason) is not None


async def clear_webhooks(connection: Connection, project_id: int) -> None:
    await connection.execute(SQL["clear_webhooks"], project_id)


async def get_secret(connection: Connection, project_id: int) -> Secret | None:
    """None for a project that never needed one."""
    row = await connection.fetchrow(SQL["get_secret"], project_id)
    return None if row is None or row["webhook_secret"] is None else Secret(*row)


async def ensure_secret(connection: Connection, project_id: int, new: str) -> Secret:
    """The project's secret; `new` becomes it when there was none."""
    row = await connection.fetchrow(SQL["ensure_secret"], project_id, new)
    assert row is not None
    return Secret(*row)


async def rotate_secret(connection: Connection, project_id: int, new: str) -> Secret:
    row = await connection.fetchrow(SQL["rotate_secret"], project_id, new)
    assert row is not None
    return Secret(*row)
