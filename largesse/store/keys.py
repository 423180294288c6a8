"""API keys: looked up by their public half, never deleted, told to all processes when they change."""

from typing import Final, Literal

import asyncpg

from largesse.domain.errors import DuplicateFound, NotFound
from largesse.domain.keys import Key, KeyLimits, ListedKey, hash_token
from largesse.domain.projects import Project
from largesse.store.connection import CONNECT_TIMEOUT_S, Connection
from largesse.store.sql import load

SQL = load("keys")
_OWN: Final = ("app_id", "token_hash", "kind", "role", "scopes", "allowed_ips", "expires_in")
LIST_MAX: Final = 1_000
"""Keys that a list shows."""
CHANNEL: Final = "largesse_keys"  # NOTIFY; the payload is the app id


async def find_key(connection: Connection, app_id: str) -> Key | None:
    """The key, unless it is unknown, revoked or expired."""
    row = await connection.fetchrow(SQL["find_key"], app_id)
    if row is None:
        return None
    columns = dict(row)
    own = {name: columns.pop(name) for name in _OWN}
    name = columns.pop("key_name")
    return Key(**own, name=name, project=Project(**columns) if columns["id"] is not None else None)


async def ping(connection: Connection) -> None:
    """Whether the server still answers."""
    await connection.fetchval(SQL["ping"], timeout=CONNECT_TIMEOUT_S)


async def create_key(
    connection: Connection,
    app_id: str,
    token: str,
    *,
    kind: str,
    project: Project | None,
    name: str = "",
    limits: KeyLimits | None = None,
) -> None:
    """Only the token's hash is stored. Raises DuplicateFound when there is, or was, such an app id."""
    given = limits or KeyLimits()
    values = (*_values(app_id, token, kind, project, name), given.role, given.scopes, given.allowed_ips)
    try:
        await connection.execute(SQL["create_key"], *values, given.expires_at)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "api_keys_pkey":
            raise
        raise DuplicateFound(
            f"Duplicated key exists with id {app_id}", resource_id=app_id, resource_type="key"
        ) from error


async def ensure_key(
    connection: Connection, app_id: str, token: str, *, kind: str, project: Project | None, name: str = ""
) -> Literal["created", "present", "revoked", "different"]:
    """Create the key unless its app id is there; a revoked key stays revoked.

    "different" means that the key there has another token, kind or project, and keeps them.
    """
    values = _values(app_id, token, kind, project, name)
    if await connection.fetchrow(SQL["ensure_key"], *values) is not None:
        return "created"
    row = await connection.fetchrow(SQL["compare_key"], *values[:4])
    assert row is not None
    if row["revoked"]:
        return "revoked"
    return "present" if row["same"] else "different"


async def opens(connection: Connection, app_id: str, token: str) -> bool:
    """Whether the key is known with that token, and neither revoked nor expired."""
    return bool(await connection.fetchval(SQL["opens"], app_id, hash_token(token)))


async def revoke_key(connection: Connection, app_id: str) -> None:
    """Raises NotFound when there is no such key, or it was revoked before."""
    if await connection.fetchrow(SQL["revoke_key"], app_id) is None:
        raise NotFound.of("key", app_id)


async def hold_management_keys(connection: Connection) -> int:
    """How many there are that work; nobody else adds one until the transaction ends."""
    await connection.execute(SQL["lock_management_keys"])
    return int(await connection.fetchval(SQL["count_management_keys"]))


async def rotate_key(connection: Connection, app_id: str, token: str) -> None:
    """From the commit on the key opens with `token` only. Raises NotFound when there is none that isn't revoked."""
    if await connection.fetchrow(SQL["rotate_key"], app_id, hash_token(token)) is None:
        raise NotFound.of("key", app_id)


async def note_use(connection: Connection, app_id: str) -> None:
    await connection.execute(SQL["note_use"], app_id)


async def list_keys(
    connection: Connection, project: Project | None = None, *, app_id: str | None = None
) -> list[ListedKey]:
    """Of one project or of all, oldest first, revoked ones at the end; `app_id`: only that one."""
    rows = await connection.fetch(SQL["list_keys"], project.id if project else None, app_id, LIST_MAX)
    return [ListedKey(**row) for row in rows]


def _values(
    app_id: str, token: str, kind: str, project: Project | None, name: str
) -> tuple[str, bytes, str, int | None, str]:
    return app_id, hash_token(token), kind, project.id if project else None, name
