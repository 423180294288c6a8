"""People of the dashboard and their sessions."""

from typing import Final, NamedTuple, cast

import asyncpg

from largesse.domain import users
from largesse.domain.errors import DuplicateFound, NotFound
from largesse.domain.users import ListedUser, User
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("users")


class Attempt(NamedTuple):
    """What decides whether a password opens. `locked`: by the attempts before."""

    id: str
    password_hash: str
    enabled: bool
    locked: bool


async def create_user(
    connection: Connection, id: str, *, email: str, name: str, password_hash: str, role: str, projects: list[int]
) -> None:
    """Raises DuplicateFound when the address is taken."""
    try:
        await connection.execute(SQL["create_user"], id, email, name, password_hash, role, projects)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "users_email":
            raise
        raise DuplicateFound(f"Duplicated user exists with email {email}", resource_type="user") from error


async def ensure_user(connection: Connection, id: str, *, email: str, name: str, password_hash: str) -> bool:
    """An admin of that address, unless somebody has it. Whether he was created."""
    return await connection.fetchval(SQL["ensure_user"], id, email, name, password_hash) is not None


async def password_hash_of(connection: Connection, email: str) -> str | None:
    """None without such an account. Not for signing in: it counts no attempt."""
    return cast("str | None", await connection.fetchval(SQL["password_hash_of"], email))


async def attempt_at(connection: Connection, email: str) -> Attempt | None:
    """Counts an attempt to sign in; None without such an account."""
    row = await connection.fetchrow(SQL["attempt_at"], email, users.FAILURES_MAX, users.LOCK, users.LOCK_MAX)
    return None if row is None else Attempt(*row)


async def attempt_in_session(connection: Connection, token_hash: bytes) -> Attempt | None:
    """Counts a password given in a session; None when it has no attempt left."""
    row = await connection.fetchrow(SQL["attempt_in_session"], token_hash, users.FAILURES_MAX)
    return None if row is None else Attempt(*row)


async def end_attempt(connection: Connection, token_hash: bytes, *, right: bool) -> None:
    """The session's attempts before don't count any more; or it ends, if that was the last."""
    if right:
        await connection.execute(SQL["forgive_session"], token_hash)
    else:
        await connection.execute(SQL["close_worn_session"], token_hash, users.FAILURES_MAX)


async def open_session(connection: Connection, user_id: str, token_hash: bytes) -> None:
    await connection.execute(SQL["open_session"], user_id, token_hash, users.SESSION)


async def find_session(connection: Connection, token_hash: bytes) -> User | None:
    row = await connection.fetchrow(SQL["find_session"], token_hash)
    return None if row is None else User(**row)


async def close_session(connection: Connection, token_hash: bytes) -> None:
    await connection.execute(SQL["close_session"], token_hash)


async def close_sessions(connection: Connection, user_id: str, *, but: bytes | None = None) -> None:
    await connection.execute(SQL["close_sessions"], user_id, but)


async def delete_expired_sessions(connection: Connection, limit: int) -> None:
    await connection.execute(SQL["delete_expired_sessions"], limit)


async def list_users(connection: Connection, user_id: str | None = None) -> list[ListedUser]:
    rows = await connection.fetch(SQL["list_users"], user_id, users.USERS_MAX)
    return [ListedUser(**row) for row in rows]


async def hold_admins(connection: Connection, but: str) -> int:
    """How many admins there are beside one; nobody else takes one away until the transaction ends."""
    await connection.execute(SQL["lock_admins"])
    return int(await connection.fetchval(SQL["count_other_admins"], but))


async def update_user(
    connection: Connection,
    user_id: str,
    *,
    name: str | None = None,
    role: str | None = None,
    enabled: bool | None = None,
    projects: list[int] | None = None,
) -> None:
    """None leaves it as it is. Raises NotFound."""
    if await connection.fetchval(SQL["update_user"], user_id, name, role, enabled) is None:
        raise NotFound.of("user", user_id)
    if projects is not None:
        await connection.execute(SQL["see_projects"], user_id, projects)


async def set_password(connection: Connection, user_id: str, password_hash: str) -> None:
    """Raises NotFound."""
    if await connection.fetchval(SQL["set_password"], user_id, password_hash) is None:
        raise NotFound.of("user", user_id)
