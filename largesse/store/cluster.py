"""The role and the database in a PostgreSQL that is ours alone."""

from typing import Any

import asyncpg

from largesse.store.connection import Connection
from largesse.store.sql import load

_SQL = load("cluster")


async def ensure_database(superuser_url: str, name: str, *, owner: str, password: str) -> None:
    """Create the role `owner` and its database `name` unless they exist. Only one caller at a time."""
    connection = await asyncpg.connect(superuser_url)
    try:
        if not await connection.fetchval(_SQL["owner_exists"], owner):
            await connection.execute(await connection.fetchval(_SQL["create_owner"], owner, password))
        if not await connection.fetchval(_SQL["database_exists"], name):
            await connection.execute(await connection.fetchval(_SQL["create_database"], name, owner))
    finally:
        await connection.close()


async def has_extension(connection: Connection, name: str) -> bool:
    return bool(await connection.fetchval(_SQL["has_extension"], name))


async def server_facts(connection: Connection) -> dict[str, Any]:
    """`version`, `fsync`, `synchronous_commit`, and the names in `migrations`."""
    row = await connection.fetchrow(_SQL["server_facts"])
    assert row is not None
    names = await connection.fetch(_SQL["applied_migrations"]) if row["has_schema"] else []
    return {**row, "migrations": [name["name"] for name in names]}
