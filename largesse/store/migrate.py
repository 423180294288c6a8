"""Numbered SQL migrations, applied in order under an advisory lock, safe when several processes start at once."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import asyncpg

from largesse.store.connection import CONNECT_TIMEOUT_S, Connection
from largesse.store.counters import settle_counters
from largesse.store.events import is_ahead, settle
from largesse.store.projects import list_projects

SERVER_VERSION_MIN = 15
LOCK_ID = 0x6C617267  # "larg": any fixed number that nobody else uses
LOCK_TIMEOUT = "60s"


class DatabaseRefused(Exception):
    """The database can't be used as it is; the message says why, in one sentence for an operator."""


def migrations() -> dict[str, str]:
    """Name (`0001_initial`) to SQL, in order."""
    folder = files(__package__) / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", entry.name))
    return {name.removesuffix(".sql"): (folder / name).read_text(encoding="utf-8") for name in names}


async def migrate(database_url: str) -> list[str]:
    """Bring the database to this program's schema; return the names applied now.

    Raises DatabaseRefused for a server older than 15, for one with `fsync=off` (an acknowledged publication could
    be lost) and for a schema newer than this program.
    """
    connection = await asyncpg.connect(database_url, timeout=CONNECT_TIMEOUT_S)
    try:
        await _check_server(connection)
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_ID)
        applied = await _apply_missing(connection)
        await _settle(connection)
        return applied
    finally:
        await connection.close()


class Difference(NamedTuple):
    """What tells a database's schema from this program's: migrations still to apply, and those it doesn't know."""

    missing: list[str]
    unknown: list[str]


async def compare_schema(connection: Connection) -> Difference:
    """Nothing of both where this program can work."""
    try:
        applied = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
    except asyncpg.UndefinedTableError:
        applied = set()
    known = known_migrations()
    return Difference([name for name in known if name not in applied], sorted(applied - set(known)))


@lru_cache(maxsize=1)
def known_migrations() -> tuple[str, ...]:
    """Their names: they don't change while a program runs, and readiness asks every second."""
    return tuple(migrations())


def too_new(unknown: Sequence[str]) -> str:
    """The sentence for a database that another version has migrated."""
    return f"The database's schema is newer than this program (it has {unknown[-1]}): upgrade the program."


async def check_schema(connection: Connection) -> str:
    """The name of the newest migration, on a database that is as this program needs it; nothing is changed.

    Raises DatabaseRefused for a database that isn't Largesse's, or whose schema is older or newer than this program.
    """
    missing, unknown = await compare_schema(connection)
    known = list(migrations())
    if len(missing) == len(known):
        raise DatabaseRefused("There is no Largesse in this database: look at LARGESSE_DATABASE_URL, or at --data.")
    if unknown:
        raise DatabaseRefused(too_new(unknown))
    if missing:
        raise DatabaseRefused(f"The schema is older than this program (it lacks {missing[0]}): run `largesse migrate`.")
    return known[-1]


async def _check_server(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    version = connection.get_server_version()
    if version.major < SERVER_VERSION_MIN:
        raise DatabaseRefused(f"PostgreSQL {SERVER_VERSION_MIN} or newer is needed; this server is {version.major}.")
    if await connection.fetchval("SHOW fsync") == "off":
        raise DatabaseRefused("The server runs with fsync=off: a power loss would lose published codes. Turn it on.")


async def _apply_missing(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name text PRIMARY KEY, applied_at timestamptz(3) NOT NULL DEFAULT now())"
    )
    known = migrations()
    missing, unknown = await compare_schema(connection)
    if unknown:
        raise DatabaseRefused(too_new(unknown))
    for name in missing:
        async with connection.transaction():
            await connection.execute(known[name])
            await connection.execute("INSERT INTO migrations (name) VALUES ($1)", name)
    return missing


async def _settle(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """A database that was restored from a dump has the transaction ids of another server in its event log: nobody would
    read on before this one has counted as far. The same for the bounds of counters.
    """
    for project in await list_projects(connection):
        await settle_counters(connection, project.id)
        if await is_ahead(connection, project.id):
            async with connection.transaction():
                await settle(connection, project.id)
