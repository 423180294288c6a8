"""The job process: of `serve`, or alone as `largesse work`."""

import uvloop

from largesse.delivery.couriers import PostalCourier
from largesse.jobs.worker import run
from largesse.runtime import child
from largesse.runtime.logs import configure_logs
from largesse.runtime.settings import Settings
from largesse.wire.assets import AssetTokens, project_assets


async def work(settings: Settings) -> None:
    """Do jobs until SIGTERM or SIGINT; the one in hand is finished or left to whoever takes it over."""
    assert settings.secret_key is not None
    assets = project_assets(settings.secret_key, settings.base_url)
    tokens = AssetTokens(settings.secret_key.encode())
    async with PostalCourier(tokens, settings.base_url, smtp_url=settings.smtp_url) as courier:
        await run(settings.direct_url, stop=child.stop_event(), assets=assets, courier=courier)


def main() -> None:
    orders = child.orders()
    configure_logs(orders.settings.log_format, quiet=orders.settings.quiet)
    uvloop.run(work(orders.settings))


if __name__ == "__main__":
    main()
