"""The job process: of `serve`, or alone as `largesse work`."""

import asyncio
import contextlib

import uvloop

from largesse.delivery import webhooks
from largesse.delivery.couriers import PostalCourier
from largesse.delivery.posting import Poster
from largesse.jobs.worker import Worker, opened
from largesse.runtime import child
from largesse.runtime.listen import listen_for_jobs
from largesse.runtime.logs import configure_logs
from largesse.runtime.settings import Settings
from largesse.store.vault import Vault
from largesse.wire.assets import AssetTokens, project_assets


async def work(settings: Settings, *, pulse: int | None = None) -> None:
    """Do jobs and tell webhooks until SIGTERM or SIGINT; what is in hand is finished, or left to whoever takes over.

    `pulse`: where a parent looks whether the event loop turns.
    """
    assert settings.secret_key is not None
    assets = project_assets(settings.secret_key, settings.base_url)
    stop = child.stop_event()
    vault = Vault(settings.secret_key)
    tokens = AssetTokens(settings.secret_key.encode())
    async with (
        Poster(allow_private=settings.allow_private_targets, vault=vault) as poster,
        PostalCourier(tokens, settings.base_url, smtp_url=settings.smtp_url, poster=poster) as courier,
        opened(settings.direct_url, stop=stop, assets=assets, courier=courier) as worker,
        child.beating(pulse),
    ):
        await asyncio.gather(
            _jobs(settings, worker),
            webhooks.run(settings.direct_url, stop=stop, allow_private=settings.allow_private_targets, vault=vault),
        )


async def _jobs(settings: Settings, worker: Worker) -> None:
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
    uvloop.run(work(orders.settings, pulse=orders.pulse))


if __name__ == "__main__":
    main()
