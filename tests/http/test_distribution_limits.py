"""A distribution whose audience takes too long to look through says so, and isn't tried for ever."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from largesse.actions import distribution_triggers, distributions
from largesse.jobs.worker import Worker
from largesse.store.connection import JOB_SETTINGS, Connection, Pool, create_pool
from tests.events.log import readable
from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier, run_jobs
from tests.http.test_automatic_distributions import live
from tests.http.test_distribution_runs import people, sound, states, status_of
from tests.http.test_distributions import PATH, made

__all__ = ["sound"]


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[Pool]:
    settings = JOB_SETTINGS | {"statement_timeout": "300ms"}
    pool = await create_pool(database_url, size=4, settings=settings, application="largesse-test")
    yield pool
    await pool.close()


@pytest.fixture
async def blocker(database_url: str) -> AsyncIterator[Connection]:
    """Whoever has it can make the customers slow to look at."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_a_manual_one_pauses_and_goes_on_when_it_is_let(api, pool, project, impatient, blocker, sound):
    await make_campaign(pool, project, name="c", vouchers_count=3)
    await people(api, "ann")
    courier = FakeCourier()
    id_ = (await made(api))["id"]
    await api.post(f"{PATH}/{id_}/send", json={"now": True})
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE customers")
        await run_jobs(impatient, courier)
    found = (await api.get(f"{PATH}/{id_}")).json()
    assert found["status"] == "PAUSED"
    assert "audience takes too long" in found["reason"]
    assert await pool.fetchval("SELECT count(*) FROM jobs") == 0
    await api.post(f"{PATH}/{id_}/resume")
    await run_jobs(pool, courier)
    assert await status_of(api, id_) == "DONE"
    assert await states(pool) == {"accepted": 1}
    await sound()


async def test_of_automatic_ones_the_slow_one_pauses_and_the_log_goes_on(api, pool, impatient, blocker):
    id_ = await live(api)
    await people(api, "ann")
    await readable(pool)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE customers")
        worker = Worker(impatient, asyncio.Event(), courier=FakeCourier())
        await worker.read_log(distributions.READER, distribution_triggers.trigger_chunk)
    assert await status_of(api, id_) == "PAUSED"
    where = "SELECT (e.xid, e.seq) <= (c.xid, c.seq) FROM events e, event_cursors c WHERE c.reader = 'distributions'"
    assert await pool.fetchval(where)
