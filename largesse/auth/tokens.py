"""OAuth access tokens to callers."""

from largesse.auth.callers import Caller
from largesse.auth.lookups import Entry, LookupCache
from largesse.domain.errors import Unauthorized
from largesse.domain.keys import hash_token, networks_of
from largesse.store.connection import LOOKUP_LIMIT_S, acquire
from largesse.store.tokens import find_token


class _Entry(Entry, frozen=True):
    caller: Caller


class TokenCache(LookupCache[_Entry]):
    """Names are the hex digits of a token's hash: the token itself is remembered nowhere."""

    async def resolve(self, token: str) -> Caller:
        """The caller of a live token. Raises Unauthorized, and Unavailable when the database can't be asked."""
        entry = await self._find(hash_token(token).hex())
        if entry is None:
            raise Unauthorized.opens_nothing()
        return entry.caller

    def forget_key(self, app_id: str) -> None:
        """Forget every token of a key, also those whose look-up is under way."""
        for name in [name for name, entry in self._known.items() if entry.caller.app_id == app_id]:
            del self._known[name]
        self._lookups.clear()

    async def _ask(self, name: str) -> _Entry | None:
        async with acquire(self._pool, limit_s=LOOKUP_LIMIT_S) as connection:
            token = await find_token(connection, bytes.fromhex(name))
        if token is None:
            return None
        caller = Caller(
            app_id=token.app_id,
            kind=token.kind,
            project=token.project,
            name=token.name,
            scopes=frozenset(token.scopes),
            role=token.role,
            key_scopes=None if token.key_scopes is None else frozenset(token.key_scopes),
            networks=networks_of(token.allowed_ips),
        )
        # Its end by the database's clock: this process's may differ.
        return _Entry(self._clock() + min(self._ttl_s, token.expires_in), caller)
