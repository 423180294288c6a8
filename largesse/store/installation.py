"""The installation: what exists once, beside all projects."""

from typing import Final

from largesse.store.connection import Connection
from largesse.store.sql import load

_SQL: Final = load("installation")


async def initialise(connection: Connection) -> bool:
    """True for the one start, of all servers on this database, that makes the first keys and the first account."""
    return await connection.fetchval(_SQL["initialise"]) is not None


async def count_rows(connection: Connection, project_id: int) -> dict[str, int]:
    """The project's `customers`, `vouchers` and `publications`."""
    row = await connection.fetchrow(_SQL["count_rows"], project_id)
    assert row is not None
    return dict(row)


async def only_read(connection: Connection) -> None:
    """From now on the connection refuses to write."""
    await connection.execute(_SQL["read_only"])
