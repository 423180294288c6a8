"""The wiring of one API process: pools, services, the application, and the ear for changed keys."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from largesse.actions.ids import IdSource
from largesse.actions.publishing import Limits, Publisher
from largesse.auth.keys import KeyCache
from largesse.auth.rates import RateLimits
from largesse.dashboard.app import Dashboard
from largesse.http.app import App, create_app
from largesse.http.metrics import Metrics
from largesse.http.readiness import Readiness
from largesse.http.services import Services
from largesse.runtime.listen import listen_for_keys
from largesse.runtime.settings import FEW_CORES, Settings, cores
from largesse.store.connection import API_SETTINGS, PUBLISH_SETTINGS, Pool, create_pool
from largesse.store.vault import Vault
from largesse.wire.assets import AssetTokens

API_CONNECTIONS: Final = 8
# Beside those: key look-ups and readiness take a millisecond, and never wait behind what takes seconds.
LOOKUP_CONNECTIONS: Final = 4


@contextlib.asynccontextmanager
async def build_app(settings: Settings) -> AsyncIterator[App]:
    """The ASGI application with everything it needs open. Connects lazily: PostgreSQL may be down at this moment."""
    assert settings.secret_key is not None
    limits = Limits(in_flight_max=settings.publish_statements)
    if cores() > FEW_CORES:
        # Where the database has a core to spare, a second statement uses it. On two cores small batches would become
        # smaller still, and PostgreSQL need half as much time again.
        limits = msgspec.structs.replace(limits, crowd=1)
    ids = IdSource()
    async with contextlib.AsyncExitStack() as stack:
        pool = await _api_pool(stack, settings, API_CONNECTIONS, "largesse-api")
        lookups = await _api_pool(stack, settings, LOOKUP_CONNECTIONS, "largesse-lookups")
        # The direct URL: a PgBouncer in between would not take the settings that the statement needs.
        publish_pool = await create_pool(
            settings.direct_url,
            size=2 * limits.in_flight_max,  # a crowd's, the other projects', and one to read what was published before
            settings=PUBLISH_SETTINGS,
            application="largesse-publish",
        )
        stack.push_async_callback(_close, publish_pool)
        publisher = Publisher(publish_pool, ids, limits=limits)
        metrics = Metrics()
        metrics.watch_publisher(publisher.statistics)
        services = Services(
            pool=pool,
            lookups=lookups,
            keys=KeyCache(lookups),
            readiness=Readiness(lookups, publish_pool),
            ids=ids,
            asset_tokens=AssetTokens(settings.secret_key.encode()),
            vault=Vault(settings.secret_key),
            publisher=publisher,
            metrics=metrics,
            rates=RateLimits(calls=settings.calls_per_minute, processes=settings.processes),
            public_url=settings.base_url,
            allow_private_targets=settings.allow_private_targets,
            sends_mail=settings.smtp_url is not None,
        )
        ear = asyncio.create_task(listen_for_keys(settings.direct_url, services.keys))
        stack.push_async_callback(_cancel, ear)
        yield create_app(services, pages=Dashboard(services))


async def _api_pool(stack: contextlib.AsyncExitStack, settings: Settings, size: int, application: str) -> Pool:
    assert settings.database_url is not None
    pool = await create_pool(
        settings.database_url,
        size=size,
        # A PgBouncer refuses them: there the role's own settings hold (docs/scaling.md).
        settings={} if settings.through_pgbouncer else API_SETTINGS,
        application=application,
        prepared=settings.prepared_statements,
    )
    stack.push_async_callback(_close, pool)
    return pool


async def _close(pool: Pool) -> None:
    # Requests have been answered; a connection that hangs must not hold up the stop.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(pool.close(), timeout=5)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
