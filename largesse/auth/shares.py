"""Fair shares of what a process has few of: connections to the database, and reads that take seconds.

Projects are served in turn, and in each of them its keys, so that a storm of one caller costs the others one turn at
most. Each has a bound on what it uses at once, which leaves room for others, and on what it lets wait: what is beyond
is refused at once.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from msgspec import Struct

from largesse.domain.errors import LargesseError, TooManyAtOnce, Unavailable

PATIENCE_S: Final = 5.0


class Limits(Struct, frozen=True, kw_only=True):
    """How many of all, of a project and of a key have one at once, and how many may wait for one."""

    at_once: int
    project_at_once: int
    key_at_once: int
    waiting: int
    project_waiting: int
    key_waiting: int


CONNECTIONS: Final = Limits(
    at_once=8, project_at_once=6, key_at_once=5, waiting=2_048, project_waiting=1_024, key_waiting=512
)
"""Of the API's pool, in one process."""
HEAVY_READS: Final = Limits(at_once=3, project_at_once=2, key_at_once=2, waiting=24, project_waiting=8, key_waiting=4)
"""Of reads that no index answers, in one process. Each takes two seconds at most."""


class Holder(NamedTuple):
    """Whose share it is. `project` 0: of none."""

    project: int
    key: str


_Line = OrderedDict[str, deque["asyncio.Future[None]"]]


class Turns:
    """Of one process and event loop."""

    def __init__(self, limits: Limits, *, patience_s: float = PATIENCE_S) -> None:
        self._limits = limits
        self._patience_s = patience_s
        self._taken: Counter[Holder | int] = Counter()  # by holder, and by project
        self._taken_by_all = 0
        self._lines: OrderedDict[int, _Line] = OrderedDict()  # who is next stands first
        self._waiting: Counter[Holder | int] = Counter()
        self._waiting_in_all = 0

    @asynccontextmanager
    async def turn(self, holder: Holder) -> AsyncIterator[None]:
        """Have one for the length of the block.

        Raises TooManyAtOnce when the key or the project has too many waiting; Unavailable when all together have, or
        when none came free in time.
        """
        await self._take(holder)
        try:
            yield
        finally:
            self._give_back(holder)

    async def _take(self, holder: Holder) -> None:
        if self._may(holder) and not self._waiting[holder.project]:
            self._count(holder, 1)
            return
        self._check_waiting(holder)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(holder.project, OrderedDict()).setdefault(holder.key, deque()).append(granted)
        self._count_waiting(holder, 1)
        self._grant()
        try:
            async with asyncio.timeout(self._patience_s):
                await granted
        except BaseException as error:
            if granted.done() and not granted.cancelled():  # it came in the same moment
                self._give_back(holder)
            else:
                self._leave(holder, granted)
            if isinstance(error, TimeoutError):
                raise Unavailable("Too many requests are waiting; try again") from error
            raise

    def _give_back(self, holder: Holder) -> None:
        self._count(holder, -1)
        self._grant()

    def _may(self, holder: Holder) -> bool:
        return self._project_may(holder.project) and self._taken[holder] < self._limits.key_at_once

    def _project_may(self, project: int) -> bool:
        return self._taken_by_all < self._limits.at_once and self._taken[project] < self._limits.project_at_once

    def _check_waiting(self, holder: Holder) -> None:
        refusal: LargesseError | None = None
        if self._waiting_in_all >= self._limits.waiting:
            refusal = Unavailable("Too many requests are waiting; try again")
        if self._waiting[holder.project] >= self._limits.project_waiting:
            refusal = TooManyAtOnce("Too many requests of this project at once")
        if self._waiting[holder] >= self._limits.key_waiting:
            refusal = TooManyAtOnce("Too many requests of this key at once")
        if refusal is not None:
            raise refusal

    def _grant(self) -> None:
        while (holder := self._next()) is not None:
            granted = self._take_first(holder)
            if not granted.done():
                self._count(holder, 1)
                granted.set_result(None)

    def _next(self) -> Holder | None:
        """Of the projects that may have one the one that had its turn longest ago, and of its keys likewise."""
        for project, line in self._lines.items():
            if self._project_may(project):
                for key in line:
                    if self._may(holder := Holder(project, key)):
                        return holder
        return None

    def _take_first(self, holder: Holder) -> "asyncio.Future[None]":
        """Its oldest request; project and key go to the end."""
        line = self._lines.pop(holder.project)
        waiting = line.pop(holder.key)
        first = waiting.popleft()
        self._count_waiting(holder, -1)
        if waiting:
            line[holder.key] = waiting
        if line:
            self._lines[holder.project] = line
        return first

    def _leave(self, holder: Holder, granted: "asyncio.Future[None]") -> None:
        line = self._lines.get(holder.project, OrderedDict())
        waiting = line.get(holder.key, deque())
        if granted not in waiting:
            return
        waiting.remove(granted)
        self._count_waiting(holder, -1)
        if not waiting:
            del line[holder.key]
        if not line:
            del self._lines[holder.project]

    def _count(self, holder: Holder, by: int) -> None:
        self._taken_by_all += by
        _add(self._taken, holder, by)

    def _count_waiting(self, holder: Holder, by: int) -> None:
        self._waiting_in_all += by
        _add(self._waiting, holder, by)


def _add(counts: "Counter[Holder | int]", holder: Holder, by: int) -> None:
    """Nobody is remembered who has nothing."""
    for name in (holder, holder.project):
        counts[name] += by
        if not counts[name]:
            del counts[name]


class Shares:
    """What the requests of a process share."""

    def __init__(self, connections: Limits = CONNECTIONS, heavy_reads: Limits = HEAVY_READS) -> None:
        self.connections = Turns(connections)
        self.heavy_reads = Turns(heavy_reads)
