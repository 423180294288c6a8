"""New codes for AUTO_UPDATE campaigns whose pool has run dry, fetched for a whole batch and beside its path.

First they are drawn at random, more of them each time too few were new. Where that doesn't help, most of the space is
taken: then a walk from a random place looks at every code once, in steps, on a connection of its own, and stocks those
that no voucher has. Only a walk that went all the way round and found none says that the space is exhausted.
"""

import asyncio
import contextlib
import os
from collections import deque
from typing import Final

from largesse.domain import codes
from largesse.domain.errors import LargesseError
from largesse.domain.projects import Project
from largesse.store import vouchers
from largesse.store.connection import PUBLISH_LIMIT_S, Pool, acquire

DRAWS_MAX: Final = 3
DRAWN_MAX: Final = 1_000  # for one campaign of one batch
WALK_STEP: Final = 2_000  # codes looked up at once
STOCK: Final = 500  # unused codes worth keeping: a walk ends here
EXHAUSTED_S: Final = 1.0  # how long a walk round the whole space is believed


class Supply:
    """Of one campaign. `now` is the event loop's clock."""

    def __init__(self, campaign_id: str, config: codes.CodeConfig) -> None:
        self.campaign_id = campaign_id
        self.config = config
        self.until = 0.0  # after that the pool may have been filled again: ask without new codes first
        self.brought = False  # whether codes of this supply are, or were, in a batch since it was short last
        self._draws = 0
        self._stock: deque[str] = deque()
        self._walk: asyncio.Task[None] | None = None
        self._exhausted_until = 0.0

    def is_exhausted(self, now: float) -> bool:
        return not self._stock and now < self._exhausted_until

    def take(self, wanted: int) -> list[str]:
        """Codes that are probably new, for requests that want so many; fewer, or none, while a walk is looking."""
        if self._draws < DRAWS_MAX:
            return codes.new_codes(self.config, min(wanted * 4**self._draws, DRAWN_MAX), os.urandom)
        return [self._stock.popleft() for _ in range(min(wanted, len(self._stock)))]

    def was_short(self, pool: Pool, project: Project, now: float) -> None:
        """What `take` gave wasn't enough."""
        self._draws += self._draws < DRAWS_MAX
        walking = self._walk is not None and not self._walk.done()
        if self._draws >= DRAWS_MAX and not self._stock and not walking and not self.is_exhausted(now):
            self._walk = asyncio.create_task(self._look_around(pool, project))

    async def _look_around(self, pool: Pool, project: Project) -> None:
        # Without a database nobody is exhausted: the next request that is short sends out another walk.
        with contextlib.suppress(LargesseError):
            await self._walk_round(pool, project)

    async def _walk_round(self, pool: Pool, project: Project) -> None:
        sensitive = project.case_sensitive_codes
        room = codes.capacity(self.config, case_sensitive=sensitive)
        start = int.from_bytes(os.urandom(16), "big") % room
        found: list[str] = []
        for walked in range(0, room, WALK_STEP):
            step = min(WALK_STEP, room - walked)
            places = codes.codes_at(self.config, start + walked, step, case_sensitive=sensitive)
            by_key = {project.code_key(code): code for code in places}
            async with acquire(pool, limit_s=PUBLISH_LIMIT_S) as connection:
                free = await vouchers.free_codes(connection, project.id, list(by_key), STOCK - len(found))
            found += [by_key[key] for key in free]
            self._stock.extend(by_key[key] for key in free)
            if len(found) >= STOCK:
                return
        if not found:
            self._exhausted_until = asyncio.get_running_loop().time() + EXHAUSTED_S
