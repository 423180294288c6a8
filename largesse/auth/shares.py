"""Fair shares of what a process has few of: connections to the database, reads that take seconds, hashes of passwords.

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
    """How many of all, of a group and of a member of it have one at once, and how many may wait for one."""

    at_once: int
    group_at_once: int
    member_at_once: int
    waiting: int
    group_waiting: int
    member_waiting: int


CONNECTIONS: Final = Limits(
    at_once=8, group_at_once=6, member_at_once=5, waiting=2_048, group_waiting=1_024, member_waiting=512
)
"""Of the API's pool, in one process."""
HEAVY_READS: Final = Limits(at_once=3, group_at_once=2, member_at_once=2, waiting=24, group_waiting=8, member_waiting=4)
"""Of reads that no index answers, in one process. Each takes two seconds at most."""


class Holder(NamedTuple):
    """Whose share it is: a key's (or a person's) in a project, 0 for none; or an account's at an address."""

    group: int | str
    member: str


_Line = OrderedDict[str, deque["asyncio.Future[None]"]]
_Counts = Counter[Holder | int | str]


class Turns:
    """Of one process and event loop."""

    def __init__(
        self, limits: Limits, *, words: tuple[str, str] = ("project", "key"), patience_s: float = PATIENCE_S
    ) -> None:
        """`words`: what a group and a member are, for those who are refused."""
        self._limits = limits
        self._words = words
        self._patience_s = patience_s
        self._taken: _Counts = Counter()  # by holder, and by group
        self._taken_by_all = 0
        self._lines: OrderedDict[int | str, _Line] = OrderedDict()  # who is next stands first
        self._waiting: _Counts = Counter()
        self._waiting_in_all = 0

    @asynccontextmanager
    async def turn(self, holder: Holder) -> AsyncIterator[None]:
        """Have one for the length of the block.

        Raises TooManyAtOnce when the member or the group has too many waiting; Unavailable when all together have, or
        when none came free in time.
        """
        await self._take(holder)
        try:
            yield
        finally:
            self._give_back(holder)

    async def _take(self, holder: Holder) -> None:
        if self._may(holder) and not self._waiting[holder.group]:
            self._count(holder, 1)
            return
        self._check_waiting(holder)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(holder.group, OrderedDict()).setdefault(holder.member, deque()).append(granted)
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
        return self._group_may(holder.group) and self._taken[holder] < self._limits.member_at_once

    def _group_may(self, group: int | str) -> bool:
        return self._taken_by_all < self._limits.at_once and self._taken[group] < self._limits.group_at_once

    def _check_waiting(self, holder: Holder) -> None:
        refusal: LargesseError | None = None
        if self._waiting_in_all >= self._limits.waiting:
            refusal = Unavailable("Too many requests are waiting; try again")
        if self._waiting[holder.group] >= self._limits.group_waiting:
            refusal = TooManyAtOnce(f"Too many requests of this {self._words[0]} at once")
        if self._waiting[holder] >= self._limits.member_waiting:
            refusal = TooManyAtOnce(f"Too many requests of this {self._words[1]} at once")
        if refusal is not None:
            raise refusal

    def _grant(self) -> None:
        while (holder := self._next()) is not None:
            granted = self._take_first(holder)
            if not granted.done():
                self._count(holder, 1)
                granted.set_result(None)

    def _next(self) -> Holder | None:
        """Of the groups that may have one the one that had its turn longest ago, and of its members likewise."""
        for group, line in self._lines.items():
            if self._group_may(group):
                for member in line:
                    if self._may(holder := Holder(group, member)):
                        return holder
        return None

    def _take_first(self, holder: Holder) -> "asyncio.Future[None]":
        """Its oldest request; group and member go to the end."""
        line = self._lines.pop(holder.group)
        waiting = line.pop(holder.member)
        first = waiting.popleft()
        self._count_waiting(holder, -1)
        if waiting:
            line[holder.member] = waiting
        if line:
            self._lines[holder.group] = line
        return first

    def _leave(self, holder: Holder, granted: "asyncio.Future[None]") -> None:
        line = self._lines.get(holder.group, OrderedDict())
        waiting = line.get(holder.member, deque())
        if granted not in waiting:
            return
        waiting.remove(granted)
        self._count_waiting(holder, -1)
        if not waiting:
            del line[holder.member]
        if not line:
            del self._lines[holder.group]

    def _count(self, holder: Holder, by: int) -> None:
        self._taken_by_all += by
        _add(self._taken, holder, by)

    def _count_waiting(self, holder: Holder, by: int) -> None:
        self._waiting_in_all += by
        _add(self._waiting, holder, by)


def _add(counts: _Counts, holder: Holder, by: int) -> None:
    """Nobody is remembered who has nothing."""
    for name in (holder, holder.group):
        counts[name] += by
        if not counts[name]:
            del counts[name]


class Shares:
    """What the requests of a process share."""

    def __init__(self, connections: Limits = CONNECTIONS, heavy_reads: Limits = HEAVY_READS) -> None:
        self.connections = Turns(connections)
        self.heavy_reads = Turns(heavy_reads)
