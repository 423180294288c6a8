"""Resolves a host once and judges what comes back: the addresses returned are those to connect to, no name again.

A name may point anywhere, and somewhere else a second later; so the check belongs between the name server's answer
and the connection, not before both.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from largesse.domain.targets import is_public

THREADS: Final = 32
"""Of the resolver's own: name servers that don't answer must not hold up whoever else needs a thread."""
ADDRESSES_MAX: Final = 8


class TargetRefused(Exception):
    """We don't send there; the message says why, in one sentence."""


class Address(NamedTuple):
    family: int
    host: str  # in numbers
    port: int


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="resolve")


@dataclass(frozen=True)
class Resolver:
    """`allow_private`: for receivers in the operator's own network (LARGESSE_ALLOW_PRIVATE_TARGETS)."""

    allow_private: bool
    _executor: ThreadPoolExecutor = field(default_factory=_threads)

    async def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses of a host, to be connected to as they are.

        Raises TargetRefused when one of them isn't public, whatever spelling led to it, and OSError when there is none.
        """
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._executor, _look_up, host, port)
        except UnicodeError as error:  # a label that is empty or too long
            raise TargetRefused(f"{host} is not a host's name.") from error
        if not self.allow_private and (private := [each.host for each in found if not is_public(each.host)]):
            raise TargetRefused(f"{host} leads to {private[0]}, which is not a public address.")
        return found[:ADDRESSES_MAX]

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(family, str(where[0]), port) for family, _, _, _, where in found]
