"""The system's own database, for what HTTP isn't there for: filling, vacuuming, an old snapshot."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench.system import System
from largesse.runtime.database import running_url
from largesse.runtime.directory import DataDirectory
from largesse.runtime.postgres import EmbeddedPostgres

PATIENCE_S: Final = 3600.0
INDEXES: Final = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname = ANY ($1::text[]) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
TABLES: Final = ["publications", "publication_vouchers", "vouchers", "customers"]


def database_url(data: Path) -> str:
    url = asyncio.run(running_url(DataDirectory(data)))
    assert url is not None
    return url


@contextlib.asynccontextmanager
async def connected(system: System) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    url = await running_url(DataDirectory(system.data))
    connection = await asyncpg.connect(url, command_timeout=PATIENCE_S)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def without_indexes(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[None]:
    """Tables to be filled with millions of rows: the indexes that are no constraints are made again over everything
    afterwards, which takes minutes instead of an hour.
    """
    indexes = await connection.fetch(INDEXES, TABLES)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    yield
    for index in indexes:
        await connection.execute(index["definition"])
    await connection.execute("VACUUM ANALYZE")


def execute(system: System, statement: str, *arguments: Any) -> None:
    async def once() -> None:
        async with connected(system) as connection:
            await connection.execute(statement, *arguments)

    asyncio.run(once())


def checkpoint(system: System) -> None:
    """What a server does every quarter of an hour: its WAL is written over from then on, not made anew."""

    async def once() -> None:
        connection = await asyncpg.connect(EmbeddedPostgres(DataDirectory(system.data)).superuser_url)
        try:
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    asyncio.run(once())


def value(system: System, query: str, *arguments: Any) -> Any:
    async def once() -> Any:
        async with connected(system) as connection:
            return await connection.fetchval(query, *arguments)

    return asyncio.run(once())


def project_id(system: System) -> int:
    found: int = value(system, "SELECT project_id FROM api_keys WHERE app_id = $1", system.key["id"])
    return found


@contextlib.contextmanager
def old_snapshot(system: System) -> Iterator[None]:
    """A transaction that saw everything of before and holds on to it: VACUUM can remove nothing that dies meanwhile."""
    with asyncio.Runner() as runner:

        async def begin() -> Any:
            url = await running_url(DataDirectory(system.data))
            connection = await asyncpg.connect(url)
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await connection.fetchval("SELECT count(*) FROM projects")
            return connection

        connection: Any = runner.run(begin())
        try:
            yield
        finally:
            runner.run(connection.close())
