"""The database for a request: each caller's fair share of this process's connections, no more."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from largesse.auth.shares import Holder
from largesse.http.edge import Exchange
from largesse.http.services import Services
from largesse.store.connection import REQUEST_LIMIT_S, Connection, acquire

NOBODY: Final = ""


def holder_of(exchange: Exchange) -> Holder:
    """Whose share a request takes: its key's in its project."""
    caller = exchange.caller
    if caller is None:
        return Holder(0, NOBODY)
    return Holder(caller.project.id if caller.project else 0, caller.app_id)


@asynccontextmanager
async def connected(services: Services, holder: Holder, *, heavy: bool = False) -> AsyncIterator[Connection]:
    """A connection when it is the holder's turn. `heavy`: for a read that no index answers, of which few go at once.

    Raises Unavailable, and TooManyAtOnce.
    """
    async with AsyncExitStack() as stack:
        if heavy:
            await stack.enter_async_context(services.shares.heavy_reads.turn(holder))
        await stack.enter_async_context(services.shares.connections.turn(holder))
        yield await stack.enter_async_context(acquire(services.pool, limit_s=REQUEST_LIMIT_S))
