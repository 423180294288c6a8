"""Signing in to the dashboard: a password opens a session, a cookie carries its token, a form its proof.

A session is a row, not a signed cookie: it ends everywhere the moment somebody signs out or gets a new password.
"""

import hashlib
import hmac
import secrets
from typing import Final

from largesse.auth.passwords import Passwords
from largesse.domain.errors import Unauthorized
from largesse.domain.keys import hash_token
from largesse.domain.users import PASSWORD_LENGTH_MAX, User, fold_email
from largesse.store import users as store
from largesse.store.connection import LOOKUP_LIMIT_S, Pool, acquire

TOKEN_LENGTH_MAX: Final = 200


async def sign_in(pool: Pool, passwords: Passwords, email: str, password: str) -> str:
    """The token of a new session. Raises Unauthorized, for every reason the same, and Unavailable.

    The password is compared with no connection in hand, and for nobody too: neither its time nor its answer tells
    whether an address is known, locked, or let in no more.
    """
    folded = fold_email(email)
    async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
        found = None if "\x00" in folded else await store.find_for_sign_in(connection, folded)
    matches = await passwords.matches(password[: PASSWORD_LENGTH_MAX + 1], found and found.password_hash)
    if found is None:
        raise Unauthorized
    async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
        if not matches:
            await store.note_failure(connection, found.id)
        if not matches or found.locked or not found.enabled:
            raise Unauthorized
        token = secrets.token_urlsafe(32)
        await store.open_session(connection, found.id, hash_token(token))
    return token


async def find_user(pool: Pool, token: str) -> User | None:
    """Who is signed in with a token. Raises Unavailable."""
    if not 0 < len(token) <= TOKEN_LENGTH_MAX:
        return None
    async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
        return await store.find_session(connection, hash_token(token))


async def sign_out(pool: Pool, token: str) -> None:
    async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
        await store.close_session(connection, hash_token(token))


def form_token(token: str) -> str:
    """What a form of a session has to bring: only a page of ours can know it."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def proves(token: str, sent: str) -> bool:
    return hmac.compare_digest(form_token(token).encode(), sent.encode("utf-8", "replace"))
