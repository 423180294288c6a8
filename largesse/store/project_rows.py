"""The rows of a closed project, cleared away chunk by chunk."""

from typing import Final

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("project_rows")


async def clear_rows(connection: Connection, project_id: int, limit: int) -> int:
    """Delete up to `limit` rows of the first table that has some; returns how many. 0: nothing is left."""
    for statement in SQL.values():
        status = await connection.execute(statement, project_id, limit)
        if deleted := int(status.rpartition(" ")[2]):
            return deleted
    return 0
