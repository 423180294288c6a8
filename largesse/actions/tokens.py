"""Issue, look into and revoke OAuth access tokens (docs/semantics/access.md)."""

import secrets
from typing import Final

from largesse.actions.scope import Scope
from largesse.domain.errors import TooManyTokens
from largesse.domain.keys import INTEGRATION, hash_token
from largesse.domain.tokens import LIFETIME_S, LIVE_MAX, OPEN_KEY_LIVE_MAX, Token
from largesse.store import tokens as store

RANDOM_BYTES: Final = 32


async def issue_token(scope: Scope, scopes: list[str], *, kind: str) -> tuple[str, int]:
    """A token of the acting key, of that kind, and when it expires in Unix seconds. Raises TooManyTokens."""
    live_max = OPEN_KEY_LIVE_MAX if kind == INTEGRATION else LIVE_MAX
    token = secrets.token_urlsafe(RANDOM_BYTES)
    expires_at = await store.create_token(
        scope.connection,
        token,
        app_id=scope.actor,
        project_id=scope.project.id,
        scopes=scopes,
        lifetime_s=LIFETIME_S,
        live_max=live_max,
    )
    if expires_at is None:
        raise TooManyTokens(f"Only up to {live_max} access tokens of a key can live at the same time")
    return token, expires_at


async def find_token(scope: Scope, token: str) -> Token | None:
    """A live token of this project."""
    found = await store.find_token(scope.connection, hash_token(token))
    return found if found is not None and found.project.id == scope.project.id else None


async def revoke_token(scope: Scope, token: str) -> bool:
    """False when this project has no such live token."""
    return await store.delete_token(scope.connection, token, project_id=scope.project.id)
