"""The event log."""

from typing import Any, Final

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("events")


async def append_event(
    connection: Connection, project_id: int, id: str, type: str, entity_id: str, data: Any, request_id: str, actor: str
) -> None:
    await connection.execute(SQL["append_event"], project_id, id, type, entity_id, data, request_id, actor)


async def append_events(
    connection: Connection,
    project_id: int,
    ids: list[str],
    type: str,
    entity_ids: list[str],
    data: list[Any],
    request_id: str,
    actor: str,
) -> None:
    await connection.execute(SQL["append_events"], project_id, ids, type, entity_ids, data, request_id, actor)
