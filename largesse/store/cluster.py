"""The role and the database in a PostgreSQL that is ours alone."""

import asyncpg

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
