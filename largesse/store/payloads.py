"""What bulk requests and imports were sent, in pieces, in the database."""

from collections.abc import Sequence
from typing import Any, Final

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("payloads")


async def save_payload(connection: Connection, project_id: int, action_id: str, pieces: Sequence[list[Any]]) -> None:
    await connection.execute(SQL["save_payload"], project_id, action_id, pieces)


async def get_piece(connection: Connection, project_id: int, action_id: str, number: int) -> list[Any] | None:
    """None behind the last one."""
    rows: list[Any] | None = await connection.fetchval(SQL["get_piece"], project_id, action_id, number)
    return rows


async def close_piece(
    connection: Connection, project_id: int, action_id: str, number: int, failures: list[dict[str, Any]]
) -> None:
    await connection.execute(SQL["close_piece"], project_id, action_id, number, failures)


async def take_failures(connection: Connection, project_id: int, action_id: str, done: int) -> list[dict[str, Any]]:
    """What was wrong with the rows of the first `done` pieces. Deletes the payload."""
    rows = await connection.fetch(SQL["take_failures"], project_id, action_id, done)
    return [failure for row in rows for failure in row["rows"]]
