"""Signing in to the dashboard: a password opens a session, a cookie carries its token, a form its proof.

A session is a row, not a signed cookie: it ends everywhere the moment somebody signs out or gets a new password.
"""

import hashlib
import hmac
import secrets
from typing import Final

from largesse.auth.passwords import SIGNED_IN, Passwords
from largesse.domain.errors import Unauthorized
from largesse.domain.keys import hash_token
from largesse.domain.users import PASSWORD_LENGTH_MAX, User, fold_email
from largesse.store import users as store
from largesse.store.connection import LOOKUP_LIMIT_S, Pool, acquire

TOKEN_LENGTH_MAX: Final = 200


async def sign_in(pool: Pool, passwords: Passwords, email: str, password: str, *, address: str = "") -> str:
    """The token of a new session. Raises Unauthorized, for every reason the same; TooManyAtOnce and Unavailable.

    The attempt is counted before the password is compared: whatever is tried at once, no more than the allowed number
    is judged. It is compared with no connection in hand, and for nobody too: neither its time nor its answer tells
    whether an account is known, locked, or let in no more. `address`: where the attempt comes from.
    """
    folded = fold_email(email)
    async with passwords.attempt(address, folded):
        async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
            attempt = None if "\x00" in folded else await store.attempt_at(connection, folded)
        if not await _is_right(passwords, attempt, password):
            raise Unauthorized
    assert attempt is not None
    token = secrets.token_urlsafe(32)
    async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
        await store.open_session(connection, attempt.id, hash_token(token))
    return token


async def is_password_of(pool: Pool, passwords: Passwords, user_id: str, token: str, password: str) -> bool:
    """Whether somebody who is signed in knows the password. The session counts the attempts before they are compared,
    and ends with the last wrong one: whoever found it open finds out nothing. Raises TooManyAtOnce, Unavailable.
    """
    token_hash = hash_token(token)
    async with passwords.attempt(SIGNED_IN, user_id):
        async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
            attempt = await store.attempt_in_session(connection, token_hash)
        right = await _is_right(passwords, attempt, password)
    async with acquire(pool, limit_s=LOOKUP_LIMIT_S) as connection:
        await store.end_attempt(connection, token_hash, right=right)
    return right


async def _is_right(passwords: Passwords, attempt: store.Attempt | None, password: str) -> bool:
    judged = attempt is not None and attempt.enabled and not attempt.locked
    known = attempt.password_hash if attempt is not None and judged else None
    return await passwords.matches(password[: PASSWORD_LENGTH_MAX + 1], known)


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
