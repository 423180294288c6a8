"""One API process: granian on the socket that the parent listens on."""

import asyncio
import gc
from typing import Any, Final

import uvloop
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from largesse.http.edge import LastWords
from largesse.runtime import child
from largesse.runtime.app import build_app
from largesse.runtime.logs import configure_logs

BACKLOG: Final = 1024
# Requests handed to Python at once in one process; more wait in the socket, unread.
BACKPRESSURE: Final = 8192
# New objects before cycles are looked for. Python's 700 is a fraction of what 64 requests in flight hold: it looked
# through them again and again and found nothing.
GARBAGE_THRESHOLD: Final = 50_000


class SharedSocketServer(Server):
    """Accepts from the parent's socket, which stays open while a process is replaced: no connection is refused."""

    def __init__(self, app: LastWords, socket: int) -> None:
        self._socket = socket
        super().__init__(
            app,
            interface=Interfaces.ASGINL,  # what lives as long as the process is opened around the server
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=BACKPRESSURE,
            log_level=LogLevels.error,
        )

    def _init_shared_socket(self) -> None:
        self._shd: Any = SocketHolder(self._socket, False, BACKLOG)  # type: ignore[call-arg]  # its stub is older
        self._ssp: Any = None


async def _serve(orders: child.Orders) -> None:
    assert orders.socket is not None
    stop = child.stop_event()
    async with build_app(orders.settings) as app:
        gc.freeze()  # modules and routes are here to stay
        gc.set_threshold(GARBAGE_THRESHOLD)
        server = SharedSocketServer(LastWords(app), orders.socket)
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
        await serving
        stopping.cancel()


def main() -> None:
    orders = child.orders()
    configure_logs(orders.settings.log_format, quiet=orders.settings.quiet)
    uvloop.run(_serve(orders))


if __name__ == "__main__":
    main()
