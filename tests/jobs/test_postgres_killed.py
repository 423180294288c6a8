"""PostgreSQL itself is killed, kill -9, while a worker makes codes: both come back by themselves."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from largesse.actions.campaigns import create_campaign
from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.jobs.worker import Worker
from largesse.runtime.directory import DataDirectory
from largesse.runtime.postgres import EmbeddedPostgres
from largesse.store.connection import JOB_SETTINGS, Pool, create_pool
from largesse.store.migrate import migrate
from largesse.store.projects import create_project
from tests.actions.conftest import assert_counters_are_exact, campaign_input

WANTED = 100_000
KILLS = 2


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedPostgres]:
    """A supervised PostgreSQL of this test's own."""
    with tempfile.TemporaryDirectory(prefix="largesse-tests-") as folder:
        Path(folder).chmod(0o711)
        directory = DataDirectory(Path(folder))
        directory.create()
        server = EmbeddedPostgres(directory)
        await server.start()
        supervisor = asyncio.create_task(server.supervise())
        yield server
        supervisor.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await supervisor
        await server.stop()


async def patiently(pool: Pool, query: str) -> int:
    """A number from a database that may be away."""
    while True:
        with contextlib.suppress(Exception):
            return int(await pool.fetchval(query))
        await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_codes_are_exact_though_postgresql_is_killed_in_between(server: EmbeddedPostgres) -> None:
    await migrate(server.url)
    pool = await create_pool(server.url, size=6, settings=JOB_SETTINGS, application="test")
    async with pool.acquire() as connection, connection.transaction():
        project = await create_project(connection, "proj_1", "Test")
        scope = Scope(connection=connection, project=project, ids=IdSource(), request_id="v-1", actor="test")
        await create_campaign(scope, campaign_input(vouchers_count=WANTED))
    stop = asyncio.Event()
    task = asyncio.create_task(Worker(pool, stop, heartbeat_s=0.3, lapse_s=1.0).run())
    done, kills = 0, 0
    while kills < KILLS:
        while (now := await patiently(pool, "SELECT count(*) FROM vouchers")) <= done:
            await asyncio.sleep(0.02)
        assert now < WANTED
        done = now
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        kills += 1
        while server.pid == pid:
            await asyncio.sleep(0.05)
    print(f"killed {kills} times, the last time at {done} of {WANTED}")
    while await patiently(pool, "SELECT count(*) FROM jobs"):
        await asyncio.sleep(0.1)
    stop.set()
    await task
    assert await patiently(pool, "SELECT count(DISTINCT code) FROM vouchers") == WANTED
    await assert_counters_are_exact(pool, project)
    await pool.close()
