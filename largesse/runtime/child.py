"""What the parent tells a child, and how a child is asked to stop."""

import asyncio
import os
import signal
import sys
from typing import Final

import msgspec

from largesse.runtime.settings import Settings

# The settings as the parent resolved them. In the environment: readable by nobody but our own account.
VARIABLE: Final = "LARGESSE_CHILD"


class Orders(msgspec.Struct, frozen=True):
    """`socket` is the number of the inherited listening socket; the job process has none."""

    settings: Settings
    socket: int | None = None


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
