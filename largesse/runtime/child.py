"""What the parent tells a child, how a child says that it is well, and how it is asked to stop."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from largesse.runtime.settings import Settings

# The settings as the parent resolved them. In the environment: readable by nobody but our own account.
VARIABLE: Final = "LARGESSE_CHILD"
BEAT_INTERVAL_S: Final = 0.5


class Orders(msgspec.Struct, frozen=True):
    """`sockets` are the numbers of the inherited listening sockets, of which `slot` is the child's own; the job process
    has none. `pulse` is the end of a pipe that the child's loop writes to as long as it turns, `news` of one that the
    parent's words come through.
    """

    settings: Settings
    sockets: tuple[int, ...] = ()
    slot: int = 0
    pulse: int | None = None
    news: int | None = None

    @property
    def inherited(self) -> list[int]:
        return [*self.sockets, *(number for number in (self.pulse, self.news) if number is not None)]


def command(module: str) -> list[str]:
    """-P: the folder where the server was started isn't a place to import from, whoever may write to it."""
    return [sys.executable, "-P", "-m", module]


def environment(orders: Orders) -> dict[str, str]:
    return {**os.environ, VARIABLE: msgspec.json.encode(orders).decode()}


def orders() -> Orders:
    return msgspec.json.decode(os.environ.pop(VARIABLE), type=Orders)


def stop_event() -> asyncio.Event:
    """Set by SIGTERM or SIGINT. Call it inside the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


@asynccontextmanager
async def beating(pulse: int | None) -> AsyncIterator[None]:
    """While the block runs the parent sees that this process's event loop turns."""
    if pulse is None:
        yield
        return
    os.set_blocking(pulse, False)
    task = asyncio.create_task(_beat(pulse))
    try:
        yield
    finally:
        task.cancel()


async def _beat(pulse: int) -> None:
    while True:
        with contextlib.suppress(OSError):  # full, because the parent is busy, or it is gone
            os.write(pulse, b".")
        await asyncio.sleep(BEAT_INTERVAL_S)


async def words(news: int) -> AsyncIterator[tuple[str, int]]:
    """What the parent says: a word and the number of a slot."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(news, "rb"))
    try:
        while line := await reader.readline():
            word, _, slot = line.decode().strip().partition(" ")
            yield word, int(slot)
    finally:
        transport.close()
