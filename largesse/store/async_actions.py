"""Async actions in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from largesse.domain.async_actions import AsyncAction
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("async_actions")


async def create_async_action(
    connection: Connection, project_id: int, id: str, type: str, request_id: str, arguments: dict[str, Any]
) -> None:
    await connection.execute(SQL["create_async_action"], project_id, id, type, request_id, arguments)


async def get_async_action(connection: Connection, project_id: int, id: str) -> AsyncAction | None:
    row = await connection.fetchrow(SQL["get_async_action"], project_id, id)
    return None if row is None else AsyncAction(**row)


async def lock_async_action(connection: Connection, project_id: int, id: str) -> AsyncAction | None:
    row = await connection.fetchrow(SQL["lock_async_action"], project_id, id)
    return None if row is None else AsyncAction(**row)


async def save_async_action(connection: Connection, project_id: int, action: AsyncAction) -> None:
    await connection.execute(
        SQL["save_async_action"],
        project_id,
        action.id,
        action.status,
        action.operation_status,
        action.progress,
        action.cursor,
        action.result,
    )


async def list_async_actions(
    connection: Connection, project_id: int, *, before: datetime | None, limit: int
) -> list[AsyncAction]:
    """Without arguments, cursor and result. More than `limit` where the last of them has others of its moment."""
    rows = await connection.fetch(SQL["list_async_actions"], project_id, before, limit)
    return sorted((AsyncAction(**row) for row in rows), key=lambda one: (one.created_at, one.id), reverse=True)


async def list_actions_of(
    connection: Connection, project_id: int, types: Sequence[str], limit: int
) -> list[AsyncAction]:
    """The newest of these types, with their results."""
    rows = await connection.fetch(SQL["list_actions_of"], project_id, list(types), limit)
    return [AsyncAction(**row) for row in rows]


async def remaining_codes(connection: Connection, project_id: int, ids: Sequence[str]) -> int:
    """How many codes the generations `ids` still owe."""
    return int(await connection.fetchval(SQL["remaining_codes"], project_id, list(ids)))
