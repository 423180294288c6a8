"""The ear of an API process: hears which keys changed, and knows when it may have missed something."""

import asyncio
import contextlib
from typing import Final, Protocol

import asyncpg
import structlog

from largesse.store.connection import CONNECT_TIMEOUT_S
from largesse.store.keys import CHANNEL, ping

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


async def listen_for_keys(direct_url: str, keys: KeyCache) -> None:
    """Run until cancelled. A change missed while the connection was lost is made good by forgetting everything."""
    while True:
        try:
            await _listen(direct_url, keys)
        except GONE:
            log.info("keys_not_heard", reason="the database is away")
        except Exception as error:
            log.exception("keys_not_heard", exc_info=error)
        keys.forget_all()
        await asyncio.sleep(RECONNECT_DELAY_S)


async def _listen(direct_url: str, keys: KeyCache) -> None:
    connection = await asyncpg.connect(direct_url, timeout=CONNECT_TIMEOUT_S)
    try:
        await connection.add_listener(CHANNEL, lambda *heard: keys.forget(heard[-1]))
        keys.forget_all()
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
