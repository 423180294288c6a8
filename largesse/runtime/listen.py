"""The ear of a process: hears what others did in the database, and knows when it may have missed something."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Protocol

import asyncpg
import structlog

from largesse.store import jobs, keys
from largesse.store.connection import CONNECT_TIMEOUT_S
from largesse.store.keys import ping

HEARTBEAT_INTERVAL_S: Final = 5.0
RECONNECT_DELAY_S: Final = 0.5
GONE: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

log = structlog.get_logger(__name__)


class KeyCache(Protocol):
    """What remembers keys between requests."""

    def forget(self, app_id: str) -> None: ...

    def forget_all(self) -> None: ...


async def listen_for_keys(direct_url: str, cache: KeyCache) -> None:
    """Run until cancelled. A change missed while the connection was lost is made good by forgetting everything."""
    await _listen(direct_url, keys.CHANNEL, heard=cache.forget, missed=cache.forget_all)


async def listen_for_jobs(direct_url: str, wake: Callable[[], None]) -> None:
    """Run until cancelled: `wake` is called when there may be new jobs."""
    await _listen(direct_url, jobs.CHANNEL, heard=lambda _: wake(), missed=wake)


async def _listen(direct_url: str, channel: str, *, heard: Callable[[str], None], missed: Callable[[], None]) -> None:
    while True:
        try:
            await _listen_once(direct_url, channel, heard, missed)
        except GONE:
            log.info("not_heard", channel=channel, reason="the database is away")
        except Exception as error:
            log.exception("not_heard", channel=channel, exc_info=error)
        missed()
        await asyncio.sleep(RECONNECT_DELAY_S)


async def _listen_once(direct_url: str, channel: str, heard: Callable[[str], None], missed: Callable[[], None]) -> None:
    connection = await asyncpg.connect(direct_url, timeout=CONNECT_TIMEOUT_S)
    try:
        await connection.add_listener(channel, lambda *said: heard(said[-1]))
        missed()
        await _hold(connection)
    finally:
        connection.terminate()


async def _hold(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Return, or raise one of GONE, when the connection is lost; a half-open one is found by asking."""
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    while not lost.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(lost.wait(), HEARTBEAT_INTERVAL_S)
            return
        await ping(connection)
