"""Passwords of people: argon2id, beside the event loop, a few at a time."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher()
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$nRqQGK9ZCUoy7OFWIvf7TQ$yQMoz2FHnQDFv3uj1jTNqqHXCrdTPXjCUQGt8L1dC9E"
"""Verifying takes as long as with anybody's. Written down: making it would cost each start of each process as long."""


class Passwords:
    """A hash takes a tenth of a second and 64 MB on purpose: whoever tries thousands waits in turn, and alone."""

    def __init__(self, at_once: int = 2) -> None:
        self._turns = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """None is nobody's: it takes as long as a wrong password, and is one."""
        async with self._turns:
            return await asyncio.to_thread(_verify, password, password_hash)


def hash_now(password: str) -> str:
    """For a process that has nothing else to do."""
    return _HASHER.hash(password)


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
