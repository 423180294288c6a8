"""Issue, look into and revoke OAuth access tokens (spec platform §1.1)."""

import secrets
from typing import Final

from largesse.actions.scope import Scope
from largesse.domain.errors import TooManyTokens
from largesse.domain.keys import hash_token
from largesse.domain.tokens import LIFETIME_S, LIVE_MAX, Token
from largesse.store import tokens as store

RANDOM_BYTES: Final = 32


async def issue_token(scope: Scope, scopes: list[str]) -> tuple[str, int]:
    """A token of the acting key, and when it expires in Unix seconds. Raises TooManyTokens."""
    token = secrets.token_urlsafe(RANDOM_BYTES)
    expires_at = await store.create_token(
        scope.connection,
        token,
        app_id=scope.actor,
        project_id=scope.project.id,
        scopes=scopes,
        lifetime_s=LIFETIME_S,
        live_max=LIVE_MAX,
    )
    if expires_at is None:
        raise TooManyTokens(f"Only up to {LIVE_MAX} access tokens of a project can live at the same time")
    return token, expires_at


async def find_token(scope: Scope, token: str) -> Token | None:
    """A live token of this project."""
    found = await store.find_token(scope.connection, hash_token(token))
    return found if found is not None and found.project.id == scope.project.id else None


async def revoke_token(scope: Scope, token: str) -> bool:
    """False when this project has no such live token."""
    return await store.delete_token(scope.connection, token, project_id=scope.project.id)
