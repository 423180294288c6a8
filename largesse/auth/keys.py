"""Keys to callers, without asking the database for every request."""

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from largesse.auth.callers import Caller
from largesse.domain.errors import Unauthorized
from largesse.domain.keys import Key
from largesse.store.connection import LOOKUP_LIMIT_S, Pool, acquire
from largesse.store.keys import find_key

TTL_S: Final = 5.0
TTL_UNKNOWN_S: Final = 1.0
UNKNOWN_MAX: Final = 10_000
APP_ID_LENGTH_MAX: Final = 255
_NO_HASH: Final = bytes(hashlib.sha256().digest_size)


class _Entry(Struct, frozen=True):
    caller: Caller
    token_hash: bytes
    expires_at: float


class KeyCache:
    """Looks keys up and remembers them for a few seconds: so long a revoked key may still work in this process.

    Callers of one unknown key wait for one look-up. Unknown ids are remembered too, shortly and at most UNKNOWN_MAX,
    so that neither a storm with one wrong id nor one with many becomes a storm on the database or fills the memory.
    """

    def __init__(self, pool: Pool, *, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._ttl_s = ttl_s
        self._clock = clock
        self._known: dict[str, _Entry] = {}
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._lookups: dict[str, asyncio.Task[_Entry | None]] = {}

    async def resolve(self, app_id: str, token: str) -> Caller:
        """The caller of a key pair. Raises Unauthorized, and Unavailable when the database can't be asked."""
        entry = self._known.get(app_id)
        if entry is None or entry.expires_at <= self._clock():
            entry = await self._look_up(app_id)
        token_hash = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        if not hmac.compare_digest(token_hash, entry.token_hash if entry else _NO_HASH) or entry is None:
            raise Unauthorized
        return entry.caller

    def forget(self, app_id: str) -> None:
        """Ask the database next time, also when an answer from before is just arriving."""
        self._known.pop(app_id, None)
        self._unknown.pop(app_id, None)
        self._lookups.pop(app_id, None)

    def forget_all(self) -> None:
        self._known.clear()
        self._unknown.clear()
        self._lookups.clear()

    async def _look_up(self, app_id: str) -> _Entry | None:
        if self._unknown.get(app_id, 0.0) > self._clock() or not _is_possible(app_id):
            return None
        task = self._lookups.get(app_id)
        if task is None:
            task = self._lookups[app_id] = asyncio.create_task(self._ask(app_id))
            task.add_done_callback(lambda done: self._end(app_id, done))
        # Shielded: when one caller hangs up, the others still wait for the answer.
        return await asyncio.shield(task)

    def _end(self, app_id: str, task: "asyncio.Task[_Entry | None]") -> None:
        """Remember the answer, unless the key was forgotten while it was on its way."""
        failed = task.cancelled() or task.exception() is not None
        if self._lookups.get(app_id) is not task:
            return
        del self._lookups[app_id]
        if failed:
            return
        entry = task.result()
        if entry is not None:
            self._known[app_id] = entry
            return
        self._known.pop(app_id, None)
        self._unknown[app_id] = self._clock() + TTL_UNKNOWN_S
        self._unknown.move_to_end(app_id)
        while len(self._unknown) > UNKNOWN_MAX:
            self._unknown.popitem(last=False)

    async def _ask(self, app_id: str) -> _Entry | None:
        async with acquire(self._pool, limit_s=LOOKUP_LIMIT_S) as connection:
            key = await find_key(connection, app_id)
        return None if key is None else _Entry(_caller(key), key.token_hash, self._clock() + self._ttl_s)


def _caller(key: Key) -> Caller:
    return Caller(app_id=key.app_id, kind=key.kind, project=key.project, name=key.name)


def _is_possible(app_id: str) -> bool:
    """Whether the database need be asked at all: PostgreSQL refuses NUL in a text."""
    return 0 < len(app_id) <= APP_ID_LENGTH_MAX and app_id.isprintable()
