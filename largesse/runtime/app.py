"""The wiring of one API process: pools, services, the application, and the ear for changed keys."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from largesse.runtime.listen import listen_for_keys
from largesse.runtime.settings import Settings
from largesse.store.connection import API_SETTINGS, Pool, create_pool

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
API_CONNECTIONS: Final = 8


@contextlib.asynccontextmanager
async def build_app(settings: Settings) -> AsyncIterator[ASGIApp]:
    """The ASGI application with everything it needs open. Connects lazily: PostgreSQL may be down at this moment."""
    assert settings.database_url is not None
    async with contextlib.AsyncExitStack() as stack:
        pool = await create_pool(
            settings.database_url, size=API_CONNECTIONS, settings=API_SETTINGS, application="largesse-api"
        )
        stack.push_async_callback(_close, pool)
        ear = asyncio.create_task(listen_for_keys(settings.direct_url, _NoKeys()))
        stack.push_async_callback(_cancel, ear)
        yield _stand_in(pool)


async def _close(pool: Pool) -> None:
    # Requests have been answered; a connection that hangs must not hold up the stop.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(pool.close(), timeout=5)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class _NoKeys:
    def forget(self, app_id: str) -> None:
        pass

    def forget_all(self) -> None:
        pass


def _stand_in(pool: Pool) -> ASGIApp:
    """Until the API is joined: health, readiness, and a slow answer to test a clean stop with."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        try:
            await pool.fetchval("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return PlainTextResponse("no database", 503, {"Retry-After": "1"})
        return PlainTextResponse("ok")

    async def slow(_: Request) -> Response:
        await asyncio.sleep(1)
        return PlainTextResponse("done")

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/slow", slow)])
