"""Workers die; the number of codes is exact all the same. Real processes, kill -9."""

import asyncio
import random
import signal
import sys
from asyncio.subprocess import Process

import pytest

from largesse.actions import campaigns
from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.actions.conftest import Scopes, assert_counters_are_exact, campaign_input, scopes
from tests.conftest import ROOT

__all__ = ["scopes"]

WANTED = 100_000
LAPSE_S = 1.0


async def worker(database_url: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.worker_process", database_url, str(LAPSE_S), cwd=ROOT
    )


async def done_count(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT coalesce((cursor->>'done')::int, 0) FROM async_actions"))


async def wait_for_progress(pool: Pool, beyond: int) -> int:
    while (done := await done_count(pool)) <= beyond:
        await asyncio.sleep(0.02)
    return done


async def assert_exact(pool: Pool, project: Project) -> None:
    row = await pool.fetchrow("SELECT count(*) AS vouchers, count(DISTINCT code_key) AS codes FROM vouchers")
    assert row is not None
    assert tuple(row) == (WANTED, WANTED)
    action = await pool.fetchrow("SELECT status, progress, result->>'done_count' AS done FROM async_actions")
    assert action is not None
    assert tuple(action) == ("DONE", 100, str(WANTED))
    await assert_counters_are_exact(pool, project)


async def wait_until_done(pool: Pool) -> None:
    while await pool.fetchval("SELECT count(*) FROM jobs"):
        await asyncio.sleep(0.1)


async def start(scopes: Scopes) -> None:
    async with scopes() as scope:
        await campaigns.create_campaign(scope, campaign_input(vouchers_count=WANTED))


@pytest.mark.slow
async def test_a_worker_killed_again_and_again_still_makes_exactly_as_many_codes_as_asked(
    scopes: Scopes, pool: Pool, project: Project, database_url: str
) -> None:
    await start(scopes)
    kills, done = 0, 0
    chance = random.Random(7)
    while kills < 4:
        process = await worker(database_url)
        try:
            done = await wait_for_progress(pool, done)
            await asyncio.sleep(chance.uniform(0, 0.08))  # anywhere within a chunk
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        if await done_count(pool) < WANTED:
            kills += 1
    print(f"killed {kills} times, the last time at {done} of {WANTED}")
    assert done < WANTED
    process = await worker(database_url)
    try:
        await wait_until_done(pool)
    finally:
        process.kill()
        await process.wait()
    await assert_exact(pool, project)


@pytest.mark.slow
async def test_several_workers_side_by_side_make_exactly_as_many_codes_as_asked(
    scopes: Scopes, pool: Pool, project: Project, database_url: str
) -> None:
    await start(scopes)
    processes = [await worker(database_url) for _ in range(3)]
    try:
        await wait_for_progress(pool, 0)
        processes[0].kill()
        await wait_until_done(pool)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
    await assert_exact(pool, project)


@pytest.mark.slow
async def test_a_worker_goes_on_by_itself_when_its_connections_break(
    scopes: Scopes, pool: Pool, project: Project, database_url: str
) -> None:
    """What a restart of PostgreSQL looks like from inside: every session of the worker is terminated, several times."""
    await start(scopes)
    process = await worker(database_url)
    broken = 0
    try:
        done = 0
        for _ in range(3):
            done = await wait_for_progress(pool, done)
            broken += await pool.fetchval(
                "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'largesse-jobs') AS gone"
            )
        await wait_until_done(pool)
        assert process.returncode is None
    finally:
        process.kill()
        await process.wait()
    assert broken >= 3
    await assert_exact(pool, project)
