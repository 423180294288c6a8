"""Keeps one API process able to answer when clients hold connections open and say nothing.

The server takes a limited number of connections and leaves further ones in the kernel's queue. So that silent ones
can't use the number up, this guard looks at the connections of its process: one that has said nothing yet is cut after
ten seconds; where an address has more than its share, or all together leave too little room, those idle for longest are
cut. A connection whose request is being answered never is. One whose body is still on its way is idle as well.

What connections there are the kernel tells (`/proc/self/fd`); elsewhere than on Linux the guard does nothing.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, NamedTuple, TypeAlias

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER: Final = "/proc/self/fd"
SILENT_S: Final = 10.0
"""How long a new connection may take to its first whole request."""
CALM_INTERVAL_S: Final = 0.5
BUSY_INTERVAL_S: Final = 0.05
WORK_SHARE_MAX: Final = 10
"""The guard rests at least so many times as long as it worked."""

Peer: TypeAlias = tuple[str, int]

log = structlog.get_logger(__name__)


class Known(NamedTuple):
    """An open connection, by the name that the kernel gave its socket."""

    peer: Peer
    since: float


class Guard:
    """Of one process. Connections are those that were made to `port`."""

    def __init__(self, port: int, connections_max: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.connections_max = connections_max
        self.of_address_max = max(1, connections_max // 2)
        self.idle_max = max(1, connections_max * 3 // 4)
        self._port = port
        self._clock = clock
        self._known: dict[str, Known | None] = {}  # by socket; None: no connection of a client
        self._answering: Counter[Peer] = Counter()
        self._heard: dict[Peer, float] = {}  # when it last sent a whole request, or was answered

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, with its requests known to the guard."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            peer = scope.get("client")
            if peer is None or scope["type"] != "http":
                await app(scope, receive, send)
                return
            one = _Request(self, _plain(peer[0], int(peer[1])), receive)  # granian says the port as a text
            try:
                await app(scope, one.receive, send)
            finally:
                one.end()

        return guarded

    def answering(self, peer: Peer) -> None:
        self._answering[peer] += 1
        self._heard[peer] = self._clock()

    def idle(self, peer: Peer) -> None:
        self._answering[peer] -= 1
        if self._answering[peer] <= 0:
            del self._answering[peer]
        self._heard[peer] = self._clock()

    async def run(self) -> None:
        """Until cancelled."""
        while sys.platform == "linux":
            began = time.monotonic()
            crowded = self.sweep()
            interval = BUSY_INTERVAL_S if crowded else CALM_INTERVAL_S
            await asyncio.sleep(max(interval, WORK_SHARE_MAX * (time.monotonic() - began)))

    def sweep(self) -> bool:
        """Cut what is to be cut. Whether there are so many connections that it should be looked again soon."""
        sockets = dict(_sockets())
        self._learn(sockets)
        open_ = {name: known for name, known in self._known.items() if known is not None}
        peers = {known.peer for known in open_.values()}
        self._heard = {peer: moment for peer, moment in self._heard.items() if peer in peers}
        chosen = self._choose(open_)
        for name in chosen:
            _cut(sockets[name], name)
        if chosen:
            log.info("connections_cut", count=len(chosen), open=len(open_), most=self._worst(chosen, open_))
        return len(open_) > self.connections_max // 2

    def _learn(self, sockets: dict[str, int]) -> None:
        now = self._clock()
        self._known = {name: known for name, known in self._known.items() if name in sockets}
        for name, number in sockets.items():
            if name not in self._known:
                peer = _client_of(number, self._port)
                self._known[name] = None if peer is None else Known(peer, now)

    def _choose(self, open_: dict[str, Known]) -> list[str]:
        """Those to cut: the new ones that say nothing, then the longest idle of who has too many, then of all."""
        now = self._clock()
        idle = sorted(
            (self._heard.get(known.peer, known.since), name)
            for name, known in open_.items()
            if known.peer not in self._answering
        )
        chosen: list[str] = []
        by_address = Counter(known.peer[0] for known in open_.values())
        in_all = len(open_)
        for quiet_since, name in idle:
            known = open_[name]
            silent = known.peer not in self._heard and now - quiet_since > SILENT_S
            if silent or by_address[known.peer[0]] > self.of_address_max:
                chosen.append(name)
                by_address[known.peer[0]] -= 1
                in_all -= 1
        for _, name in idle:
            if in_all <= self.idle_max:
                break
            if name not in chosen:
                chosen.append(name)
                in_all -= 1
        return chosen

    def _worst(self, chosen: list[str], open_: dict[str, Known]) -> str:
        return Counter(open_[name].peer[0] for name in chosen).most_common(1)[0][0]


class _Request:
    """While its body is on its way a request is idle: the client decides how long that takes."""

    def __init__(self, guard: Guard, peer: Peer, receive: Receive) -> None:
        self._guard = guard
        self._peer = peer
        self._receive = receive
        self._whole = False
        guard.answering(peer)

    async def receive(self) -> Message:
        if self._whole:  # from now on it would only say that the client has gone
            return await self._receive()
        self._guard.idle(self._peer)
        try:
            message = await self._receive()
        finally:
            self._guard.answering(self._peer)
        self._whole = not message.get("more_body", False)
        return message

    def end(self) -> None:
        self._guard.idle(self._peer)


def _sockets() -> Iterator[tuple[str, int]]:
    """All sockets of this process: the kernel's names for them, and their file descriptors."""
    for entry in os.listdir(FOLDER):  # noqa: PTH208  # there may be thousands, many times a second
        with contextlib.suppress(OSError):
            name = os.readlink(f"{FOLDER}/{entry}")  # noqa: PTH115
            if name.startswith("socket:"):
                yield name, int(entry)


def _client_of(number: int, port: int) -> Peer | None:
    """The other end of a connection to our port; None for every other socket."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as one:
        if one.family in {socket.AF_INET, socket.AF_INET6} and one.getsockname()[1] == port:
            address: Any = one.getpeername()  # a listening socket has none
            return _plain(address[0], address[1])
    return None


def _cut(number: int, name: str) -> None:
    """The server sees the end of the connection and closes it. Nothing happens if the number is another's by now."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as one:
        if os.readlink(f"{FOLDER}/{one.fileno()}") == name:  # noqa: PTH115
            one.shutdown(socket.SHUT_RDWR)


def _plain(host: str, port: int) -> Peer:
    """IPv4 is IPv4 also when it comes through a socket of IPv6."""
    if ":" in host:
        with contextlib.suppress(ValueError):
            address = ip_address(host.partition("%")[0])
            if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
                return str(address.ipv4_mapped), port
            return str(address), port
    return host, port
