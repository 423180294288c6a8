"""The role and the database in a PostgreSQL that is ours alone."""

from importlib.resources import files
from typing import Any, Final

import asyncpg

from largesse.store.connection import Connection
from largesse.store.sql import load

_SQL = load("cluster")
REFERENCE_TABLE: Final = "projects"
"""Copied to every node: distributed statements may look at it."""


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


def control_tables() -> list[str]:
    """Those that belong to the installation and stay where they are."""
    lines = (files(__package__) / "control_tables.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


async def sharding(connection: Connection, known: frozenset[str] = frozenset()) -> list[tuple[str, tuple[str, ...]]]:
    """The statements that distribute what isn't distributed yet, with their arguments, in their order."""
    rows = await connection.fetch(_SQL["project_tables"], control_tables())
    tables = [row["name"] for row in rows]
    todo: list[tuple[str, tuple[str, ...]]] = (
        [] if REFERENCE_TABLE in known else [(_SQL["copy_to_all_nodes"], (REFERENCE_TABLE,))]
    )
    first = next((name for name in tables if name in known), None)
    for name in tables:
        if name not in known:
            todo.append((_SQL["shard_by_project"], (name, first or "none")))
            first = first or name
    return todo


async def shard(connection: Connection) -> list[str]:
    """Distribute all tables of projects by project_id; returns which. Needs the extension citus."""
    known = frozenset(row["name"] for row in await connection.fetch(_SQL["known_to_citus"]))
    todo = await sharding(connection, known)
    for statement, arguments in todo:
        await connection.execute(statement, *arguments)
    return [arguments[0] for _, arguments in todo]
