"""A real worker in a process of its own, for tests that kill it: python -m tests.jobs.worker_process URL LAPSE_S [SMTP]."""

import asyncio
import sys

from largesse.delivery.couriers import PostalCourier
from largesse.delivery.posting import Poster
from largesse.jobs.worker import Worker
from largesse.store.connection import JOB_SETTINGS, create_pool
from largesse.wire.assets import AssetTokens
from tests.factories.vault import VAULT


async def main(database_url: str, lapse_s: float, smtp_url: str | None = None) -> None:
    pool = await create_pool(database_url, size=4, settings=JOB_SETTINGS, application="largesse-jobs")
    tokens = AssetTokens(b"test")
    async with (
        Poster(allow_private=True, vault=VAULT) as poster,
        PostalCourier(tokens, "http://127.0.0.1:8000", smtp_url=smtp_url, poster=poster) as courier,
    ):
        await Worker(pool, asyncio.Event(), heartbeat_s=lapse_s / 4, lapse_s=lapse_s, courier=courier).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:]))
