"""Whether the database can be written to."""

from typing import Final

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("readiness")


async def write(connection: Connection) -> None:
    """Write one row. Raises what PostgreSQL says where it can't be written to."""
    await connection.execute(SQL["note_ready"])
