"""Passwords of people: argon2id, beside the event loop, a few at a time and behind everything else."""

import asyncio
import contextlib
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from largesse.auth.shares import Holder, Limits, Turns
from largesse.domain.errors import TooManyAtOnce

T = TypeVar("T")

_HASHER: Final = PasswordHasher()
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$nRqQGK9ZCUoy7OFWIvf7TQ$yQMoz2FHnQDFv3uj1jTNqqHXCrdTPXjCUQGt8L1dC9E"
"""Verifying takes as long as with anybody's. Written down: making it would cost each start of each process as long."""


HASHES: Final = Limits(at_once=1, group_at_once=1, member_at_once=1, waiting=24, group_waiting=8, member_waiting=2)
"""By address, and account there. One takes a tenth of a second, 64 MB and four threads."""
ACCOUNT_MAX: Final = 3
"""Attempts at one account, from wherever they come, that are being judged or wait."""
SIGNED_IN: Final = "signed in"
"""The group of those who have a session already."""
_NICENESS: Final = 10


class Passwords:
    """A hash is slow on purpose. Those that wait are few, of each address and of each account: the rest is refused at
    once, so that a flood neither keeps others from signing in nor takes the processor from publishing.
    """

    def __init__(self, limits: Limits = HASHES) -> None:
        self._turns = Turns(limits, words=("address", "account"))
        self._attempts: Counter[str] = Counter()
        self._threads = ThreadPoolExecutor(limits.at_once, "passwords", initializer=_step_back)

    @asynccontextmanager
    async def attempt(self, address: str, account: str) -> AsyncIterator[None]:
        """Judge one password within the block. Raises TooManyAtOnce, Unavailable."""
        if self._attempts[account] >= ACCOUNT_MAX:
            raise TooManyAtOnce("Too many attempts to sign in to this account at once")
        self._attempts[account] += 1
        try:
            async with self._turns.turn(Holder(address, account)):
                yield
        finally:
            self._attempts[account] -= 1
            if not self._attempts[account]:
                del self._attempts[account]

    async def hash(self, password: str, *, person: str = "") -> str:
        """Raises TooManyAtOnce, Unavailable. `person`: who asks for it, and is signed in."""
        async with self._turns.turn(Holder(SIGNED_IN, person)):
            return await self._aside(_HASHER.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Within an `attempt`. None is nobody's: it takes as long as a wrong password, and is one."""
        return await self._aside(_verify, password, password_hash)

    async def _aside(self, work: Callable[..., T], *arguments: Any) -> T:
        # A caller who hangs up must not let the next one in before the thread is free.
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise


def _step_back() -> None:
    """Of this thread, and of those that it starts: publishing comes first. Linux has a priority for each thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def hash_now(password: str) -> str:
    """For a process that has nothing else to do."""
    return _HASHER.hash(password)


def matches_now(password: str, password_hash: str | None) -> bool:
    """The same for the other question."""
    return _verify(password, password_hash)


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
