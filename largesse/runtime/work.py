"""The job process: of `serve`, or alone as `largesse work`."""

import asyncio

import uvloop

from largesse.delivery import webhooks
from largesse.delivery.couriers import PostalCourier
from largesse.delivery.posting import Poster
from largesse.jobs.worker import run
from largesse.runtime import child
from largesse.runtime.logs import configure_logs
from largesse.runtime.settings import Settings
from largesse.wire.assets import AssetTokens, project_assets


async def work(settings: Settings) -> None:
    """Do jobs and tell webhooks until SIGTERM or SIGINT; what is in hand is finished, or left to whoever takes over."""
    assert settings.secret_key is not None
    assets = project_assets(settings.secret_key, settings.base_url)
    stop = child.stop_event()
    tokens = AssetTokens(settings.secret_key.encode())
    async with (
        Poster(allow_private=settings.allow_private_targets) as poster,
        PostalCourier(tokens, settings.base_url, smtp_url=settings.smtp_url, poster=poster) as courier,
    ):
        await asyncio.gather(
            run(settings.direct_url, stop=stop, assets=assets, courier=courier),
            webhooks.run(settings.direct_url, stop=stop, allow_private=settings.allow_private_targets),
        )


def main() -> None:
    orders = child.orders()
    configure_logs(orders.settings.log_format, quiet=orders.settings.quiet)
    uvloop.run(work(orders.settings))


if __name__ == "__main__":
    main()
