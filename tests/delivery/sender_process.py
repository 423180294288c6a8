"""A real sender in a process of its own, for tests that kill it: python -m tests.delivery.sender_process URL LAPSE_S."""

import asyncio
import sys

from largesse.delivery.posting import Poster
from largesse.delivery.webhooks import Sender
from largesse.store.connection import JOB_SETTINGS, create_pool
from tests.factories.vault import VAULT


async def main(database_url: str, lapse_s: float) -> None:
    pool = await create_pool(database_url, size=4, settings=JOB_SETTINGS, application="largesse-delivery")
    async with Poster(allow_private=True, vault=VAULT) as poster:
        await Sender(pool, poster, asyncio.Event(), heartbeat_s=lapse_s / 4, lapse_s=lapse_s, poll_s=0.02).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
