"""Workers die in the middle of an import; every row counts once all the same. Real processes, kill -9."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from largesse.actions import campaigns, imports
from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.actions.conftest import Scopes, assert_counters_are_exact, campaign_input, scopes
from tests.jobs.test_kill import wait_until_done, worker

__all__ = ["scopes"]

ROWS = 40_000
BAD = 400


async def pieces_done(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT coalesce((cursor->>'pieces')::int, 0) FROM async_actions"))


@pytest.mark.slow
async def test_an_import_whose_worker_is_killed_again_and_again_counts_every_row_once(
    scopes: Scopes, pool: Pool, project: Project, database_url: str, tmp_path: Path
) -> None:
    async with scopes() as scope:
        campaign = await campaigns.create_campaign(scope, campaign_input())
        rows = [{"code": f"IMP{n:06}" if n % (ROWS // BAD) else f" bad {n}"} for n in range(ROWS)]
        await imports.start_import(scope, rows, campaign.id)
    kills, done = 0, 0
    chance = random.Random(11)
    while kills < 3:
        process = await worker(database_url)
        try:
            while (now := await pieces_done(pool)) <= done:
                await asyncio.sleep(0.01)
            done = now
            await asyncio.sleep(chance.uniform(0, 0.04))  # anywhere within a piece
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        kills += 1
    assert await pool.fetchval("SELECT status FROM async_actions") == "IN_PROGRESS"
    process = await worker(database_url)
    try:
        await wait_until_done(pool)
    finally:
        process.kill()
        await process.wait()
    action = await pool.fetchrow("SELECT status, result FROM async_actions")
    assert action is not None
    assert action["status"] == "DONE"
    assert (action["result"]["done_count"], action["result"]["failed_count"]) == (ROWS - BAD, BAD)
    assert len({report["code"] for report in action["result"]["failed"]}) == BAD
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == ROWS - BAD
    await assert_counters_are_exact(pool, project)
