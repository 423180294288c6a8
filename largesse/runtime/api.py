"""One API process: granian on a socket that the parent listens on."""

import asyncio
import gc
import os
import socket
from typing import Any, Final

import uvloop
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.types import ASGIApp

from largesse.http.edge import LastWords
from largesse.runtime import child
from largesse.runtime.app import build_app
from largesse.runtime.children import TAKE
from largesse.runtime.guard import Guard
from largesse.runtime.logs import configure_logs
from largesse.runtime.sockets import BACKLOG, ConnectionLimits, connection_limits

# A connection that sends no whole head of a request for so long is closed: one that is kept alive, too.
HEAD_LIMIT_S: Final = 30
# New objects before cycles are looked for. Python's 700 is a fraction of what 64 requests in flight hold: it looked
# through them again and again and found nothing.
GARBAGE_THRESHOLD: Final = 50_000


class InheritedSocketServer(Server):
    """Accepts from a socket of the parent's, which stays open while a process is replaced: no connection is refused."""

    def __init__(self, app: ASGIApp, number: int, connections_max: int) -> None:
        self._number = number
        super().__init__(
            app,
            interface=Interfaces.ASGINL,  # what lives as long as the process is opened around the server
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=connections_max,  # further ones wait in the socket, unaccepted
            http1_settings=HTTP1Settings(header_read_timeout=HEAD_LIMIT_S * 1000),
            log_level=LogLevels.error,
        )

    def _init_shared_socket(self) -> None:
        # A copy: the server closes it when it stops, and may have to begin again.
        self._shd: Any = SocketHolder(os.dup(self._number), False, BACKLOG)  # type: ignore[call-arg]  # its stub is older
        self._ssp: Any = None


class Servers:
    """Of one process: that of its own socket, and those of sockets whose processes are being replaced."""

    def __init__(self, app: ASGIApp, orders: child.Orders, limits: ConnectionLimits) -> None:
        self._app = app
        self._sockets = orders.sockets
        self._limits = limits
        self._others: dict[int, tuple[InheritedSocketServer, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._own = InheritedSocketServer(app, orders.sockets[orders.slot], limits.own)
        self.serving = asyncio.create_task(self._own.serve())

    async def follow(self, news: int | None) -> None:
        """Do what the parent says, until cancelled."""
        if news is None:
            return
        async for word, slot in child.words(news):
            if word == TAKE and slot not in self._others:
                server = InheritedSocketServer(self._app, self._sockets[slot], self._limits.standing_in)
                self._others[slot] = (server, asyncio.create_task(server.serve()))
            elif word != TAKE and slot in self._others:
                server, serving = self._others.pop(slot)
                server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
                self._ending.add(serving)
                serving.add_done_callback(self._ending.discard)

    async def stop(self) -> None:
        """Answer what is in flight."""
        self._own.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
        for server, _ in self._others.values():
            server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
        await asyncio.gather(self.serving, *self._ending, *(task for _, task in self._others.values()))


async def _serve(orders: child.Orders) -> None:
    stop = child.stop_event()
    limits = connection_limits(len(orders.sockets) - 1)
    with socket.socket(fileno=os.dup(orders.sockets[orders.slot])) as own:
        guard = Guard(own.getsockname()[1], limits.own)
    async with build_app(orders.settings) as app:
        gc.freeze()  # modules and routes are here to stay
        gc.set_threshold(GARBAGE_THRESHOLD)
        servers = Servers(guard.around(LastWords(app)), orders, limits)
        helpers = [asyncio.create_task(guard.run()), asyncio.create_task(servers.follow(orders.news))]
        stopping = asyncio.create_task(stop.wait())
        async with child.beating(orders.pulse):
            await asyncio.wait((servers.serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            for task in helpers:
                task.cancel()
            await servers.stop()
        stopping.cancel()


def main() -> None:
    orders = child.orders()
    configure_logs(orders.settings.log_format, quiet=orders.settings.quiet)
    uvloop.run(_serve(orders))


if __name__ == "__main__":
    main()
