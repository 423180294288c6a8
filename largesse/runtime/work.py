"""The job process: of `serve`, or alone as `largesse work`."""

import asyncio
import contextlib

import uvloop

from largesse.delivery import webhooks
from largesse.jobs.worker import opened
from largesse.runtime import child
from largesse.runtime.listen import listen_for_jobs
from largesse.runtime.logs import configure_logs
from largesse.runtime.settings import Settings
from largesse.wire.assets import ProjectAssets, project_assets


async def work(settings: Settings) -> None:
    """Do jobs and tell webhooks until SIGTERM or SIGINT; what is in hand is finished, or left to whoever takes over."""
    assert settings.secret_key is not None
    assets = project_assets(settings.secret_key, settings.base_url)
    stop = child.stop_event()
    await asyncio.gather(
        _jobs(settings, stop, assets),
        webhooks.run(settings.direct_url, stop=stop, allow_private=settings.allow_private_targets),
    )


async def _jobs(settings: Settings, stop: asyncio.Event, assets: ProjectAssets) -> None:
    async with opened(settings.direct_url, stop=stop, assets=assets) as worker:
        ear = asyncio.create_task(listen_for_jobs(settings.direct_url, worker.wake))
        try:
            await worker.run()
        finally:
            ear.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ear


def main() -> None:
    orders = child.orders()
    configure_logs(orders.settings.log_format, quiet=orders.settings.quiet)
    uvloop.run(work(orders.settings))


if __name__ == "__main__":
    main()
