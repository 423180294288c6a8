"""OAuth access tokens: found by their hash, told to all processes when they are revoked."""

from typing import Final

from largesse.domain.keys import hash_token
from largesse.domain.projects import Project
from largesse.domain.tokens import Token
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("tokens")
_OWN: Final = ("app_id", "kind", "scopes", "expires_at", "expires_in", "role", "key_scopes", "allowed_ips")
NOTIFIED_PREFIX: Final = "token:"  # on the channel of the keys; the hex digits of the hash follow


async def create_token(
    connection: Connection,
    token: str,
    *,
    app_id: str,
    project_id: int,
    scopes: list[str],
    lifetime_s: int,
    live_max: int,
) -> int | None:
    """Only the hash is stored. Returns when it expires, in Unix seconds; None when `live_max` tokens of
    the key live already.
    """
    await connection.execute(SQL["lock_key"], app_id, project_id)
    values = (hash_token(token), app_id, project_id, scopes, lifetime_s, live_max)
    expires_at: int | None = await connection.fetchval(SQL["create_token"], *values)
    return expires_at


async def find_token(connection: Connection, token_hash: bytes) -> Token | None:
    """The token, unless it is unknown, expired, revoked, or its key is."""
    row = await connection.fetchrow(SQL["find_token"], token_hash)
    if row is None:
        return None
    columns = dict(row)
    own = {name: columns.pop(name) for name in _OWN}
    return Token(**own, name=columns.pop("key_name"), project=Project(**columns))


async def delete_token(connection: Connection, token: str, *, project_id: int) -> bool:
    """False when the project has no such live token."""
    return await connection.fetchrow(SQL["delete_token"], hash_token(token), project_id) is not None


async def delete_expired_tokens(connection: Connection, limit: int) -> None:
    await connection.execute(SQL["delete_expired_tokens"], limit)
