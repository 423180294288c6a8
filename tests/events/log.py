"""The end of the log is where the oldest transaction of the whole PostgreSQL began, those of other tests included."""

import asyncio

from largesse.store.connection import Pool


async def readable(pool: Pool) -> None:
    """Wait until all that is committed can be read."""
    async with asyncio.timeout(30):
        while not await pool.fetchval(
            "SELECT coalesce(max(xid), '0') < pg_snapshot_xmin(pg_current_snapshot()) FROM events"
        ):
            await asyncio.sleep(0.01)
