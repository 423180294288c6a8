"""Keys to callers, without asking the database for every request."""

import contextlib
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final

from largesse.auth.callers import Caller
from largesse.auth.lookups import KNOWN_MAX, TTL_S, Entry, LookupCache
from largesse.auth.schemas import SchemaCache
from largesse.auth.tokens import TokenCache
from largesse.domain.errors import Unauthorized, Unavailable
from largesse.domain.keys import Key, networks_of
from largesse.domain.metadata_schemas import Schemas
from largesse.store.connection import LOOKUP_LIMIT_S, Pool, acquire
from largesse.store.keys import find_key, note_use
from largesse.store.tokens import NOTIFIED_PREFIX

APP_ID_LENGTH_MAX: Final = 255
USE_NOTED_S: Final = 60.0
_NO_HASH: Final = bytes(hashlib.sha256().digest_size)


class _Entry(Entry, frozen=True):
    caller: Caller
    token_hash: bytes


class KeyCache(LookupCache[_Entry]):
    """Names are app ids. Knows the access tokens of its keys too, because they die with them, and the metadata schemas
    of their projects, which change as seldom and are told on the same channel.
    """

    def __init__(self, pool: Pool, *, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(pool, ttl_s=ttl_s, clock=clock)
        self._tokens = TokenCache(pool, ttl_s=ttl_s, clock=clock)
        self._schemas = SchemaCache(pool, ttl_s=ttl_s, clock=clock)
        self._noted: dict[str, float] = {}

    async def resolve(self, app_id: str, token: str) -> Caller:
        """The caller of a key pair. Raises Unauthorized, and Unavailable when the database can't be asked."""
        entry = await self._find(app_id) if _is_possible(app_id) else None
        token_hash = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        if not hmac.compare_digest(token_hash, entry.token_hash if entry else _NO_HASH) or entry is None:
            raise Unauthorized.opens_nothing()
        await self._note_use(app_id)
        return entry.caller

    async def _note_use(self, app_id: str) -> None:
        """When a key was last used, to the minute: one write a minute and process, and never a reason to refuse."""
        now = self._clock()
        if self._noted.get(app_id, -USE_NOTED_S) + USE_NOTED_S > now:
            return
        if len(self._noted) >= KNOWN_MAX:
            self._noted.clear()
        self._noted[app_id] = now
        with contextlib.suppress(Unavailable):
            async with acquire(self._pool, limit_s=LOOKUP_LIMIT_S) as connection:
                await note_use(connection, app_id)

    async def schemas(self, project_id: int) -> Schemas:
        """The metadata schemas of a project; none for most. Raises Unavailable."""
        return await self._schemas.of(project_id)

    async def has_rules(self, project_id: int) -> bool:
        """Whether anything in the project has a validation rule. Raises Unavailable."""
        return await self._schemas.has_rules(project_id)

    async def resolve_token(self, token: str) -> Caller:
        """The caller of an OAuth access token. Raises Unauthorized and Unavailable."""
        return await self._tokens.resolve(token)

    def forget(self, name: str) -> None:
        """A key with its tokens, or the token or the schemas that a notification names."""
        super().forget(name)
        self._tokens.forget_key(name)
        self._tokens.forget(name.removeprefix(NOTIFIED_PREFIX))
        self._schemas.forget(name)

    def forget_all(self) -> None:
        super().forget_all()
        self._tokens.forget_all()
        self._schemas.forget_all()

    async def _ask(self, name: str) -> _Entry | None:
        async with acquire(self._pool, limit_s=LOOKUP_LIMIT_S) as connection:
            key = await find_key(connection, name)
        if key is None:
            return None
        ttl_s = self._ttl_s if key.expires_in is None else min(self._ttl_s, key.expires_in)
        return _Entry(self._clock() + ttl_s, _caller(key), key.token_hash)


def _caller(key: Key) -> Caller:
    return Caller(
        app_id=key.app_id,
        kind=key.kind,
        project=key.project,
        name=key.name,
        role=key.role,
        key_scopes=None if key.scopes is None else frozenset(key.scopes),
        networks=networks_of(key.allowed_ips),
    )


def _is_possible(app_id: str) -> bool:
    """Whether the database need be asked at all: PostgreSQL refuses NUL in a text."""
    return 0 < len(app_id) <= APP_ID_LENGTH_MAX and app_id.isprintable()
