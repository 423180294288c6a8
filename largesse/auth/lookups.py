"""Remembers what the database said about a credential, for a few seconds."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from msgspec import Struct

from largesse.store.connection import Pool

TTL_S: Final = 5.0
TTL_UNKNOWN_S: Final = 1.0
KNOWN_MAX: Final = 100_000
UNKNOWN_MAX: Final = 10_000


class Entry(Struct, frozen=True):
    """What is known of one name, until `expires_at` on the cache's clock."""

    expires_at: float


E = TypeVar("E", bound=Entry)


class LookupCache(ABC, Generic[E]):
    """Looks names up and remembers them: so long a revoked credential may still work in this process.

    Callers of one unknown name wait for one look-up. Unknown names are remembered too, shortly and at most UNKNOWN_MAX,
    so that neither a storm with one wrong name nor one with many becomes a storm on the database or fills the memory.
    """

    def __init__(self, pool: Pool, *, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._ttl_s = ttl_s
        self._clock = clock
        self._known: OrderedDict[str, E] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._lookups: dict[str, asyncio.Task[E | None]] = {}

    def forget(self, name: str) -> None:
        """Ask the database next time, also when an answer from before is just arriving."""
        self._known.pop(name, None)
        self._unknown.pop(name, None)
        self._lookups.pop(name, None)

    def forget_all(self) -> None:
        self._known.clear()
        self._unknown.clear()
        self._lookups.clear()

    @abstractmethod
    async def _ask(self, name: str) -> E | None:
        """What the database knows. Raises Unavailable."""

    async def _find(self, name: str) -> E | None:
        entry = self._known.get(name)
        if entry is not None and entry.expires_at > self._clock():
            return entry
        if self._unknown.get(name, 0.0) > self._clock():
            return None
        task = self._lookups.get(name)
        if task is None:
            task = self._lookups[name] = asyncio.create_task(self._ask(name))
            task.add_done_callback(lambda done: self._end(name, done))
        # Shielded: when one caller hangs up, the others still wait for the answer.
        return await asyncio.shield(task)

    def _end(self, name: str, task: "asyncio.Task[E | None]") -> None:
        """Remember the answer, unless the name was forgotten while it was on its way."""
        failed = task.cancelled() or task.exception() is not None
        if self._lookups.get(name) is not task:
            return
        del self._lookups[name]
        if failed:
            return
        entry = task.result()
        self._known.pop(name, None)
        if entry is not None:
            self._known[name] = entry
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
            return
        self._unknown[name] = self._clock() + TTL_UNKNOWN_S
        self._unknown.move_to_end(name)
        while len(self._unknown) > UNKNOWN_MAX:
            self._unknown.popitem(last=False)
