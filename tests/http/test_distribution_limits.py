"""What a distribution can't do: an audience that takes too long to look through, a pool that can't serve everybody."""

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
from tests.factories.distributions import automatic
from tests.http.test_automatic_distributions import live
from tests.http.test_distribution_runs import courier, listed, people, sent, sound, states, status_of
from tests.http.test_distributions import PATH, made
from tests.http.test_publications import assert_refused

__all__ = ["courier", "sound"]


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


class TestPool:
    @pytest.fixture(autouse=True)
    async def _three_want_two(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=2)
        await people(api, "ann", "bob", "cid")

    async def test_nobody_gets_anything_when_that_is_refused(self, api, pool, sound):
        courier = FakeCourier()
        id_ = await sent(api, pool, courier, when_exhausted="refuse")
        found = (await api.get(f"{PATH}/{id_}")).json()
        assert (found["status"], found["reason"]) == ("PAUSED", "not_enough_codes: 3 needed, 2 free")
        assert (courier.mails, await states(pool)) == ([], {})
        await api.post("/v1/campaigns/c/vouchers?vouchers_count=1", json={})
        await run_jobs(pool, courier)
        await api.post(f"{PATH}/{id_}/resume")
        assert (await api.post(f"{PATH}/{id_}/send", json={"now": True})).status_code == 200
        await run_jobs(pool, courier)
        assert await status_of(api, id_) == "DONE"
        assert len(courier.mails) == 3
        await sound()

    async def test_otherwise_its_log_warns(self, api, pool):
        id_ = await sent(api, pool, FakeCourier())
        lines = (await api.get(f"{PATH}/{id_}/activity")).json()["data"]
        [warning] = [line for line in lines if line["type"] == "distribution.pool_short"]
        assert warning["data"] == {"reason": "not_enough_codes: 3 needed, 2 free"}

    async def test_a_paused_one_goes_on_by_itself_when_there_are_codes(self, api, pool, sound):
        courier = FakeCourier()
        id_ = await sent(api, pool, courier, when_exhausted="pause")
        assert (await api.get(f"{PATH}/{id_}")).json()["reason"] == "no_codes_left"
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
        assert await status_of(api, id_) == "PAUSED"
        await api.post("/v1/campaigns/c/vouchers?vouchers_count=1", json={})
        await run_jobs(pool, courier)
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
        await run_jobs(pool, courier)
        assert await status_of(api, id_) == "DONE"
        assert courier.recipients == ["ann@example.com", "bob@example.com", "cid@example.com"]
        await sound()

    async def test_one_that_somebody_paused_stays_so(self, api, pool):
        id_ = (await made(api, when_exhausted="pause"))["id"]
        await api.post(f"{PATH}/{id_}/send", json={"now": True})
        await api.post(f"{PATH}/{id_}/pause")
        await Worker(pool, asyncio.Event(), courier=FakeCourier()).sweep()
        assert await status_of(api, id_) == "PAUSED"

    async def test_only_a_manual_one_can_refuse(self, api):
        trigger = {"event": "customer.custom_event"}
        body = automatic(trigger=trigger, action={"type": "publish", "campaign": "c"}, when_exhausted="refuse")
        assert_refused(await api.post(PATH, json=body), 400, "invalid_payload")


class TestExpired:
    @pytest.fixture(autouse=True)
    async def _three_want_one(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=1)
        await people(api, "ann", "bob", "cid")

    async def test_an_expired_campaign_is_the_reason_until_that_is_changed(self, api, pool, courier):
        await pool.execute("UPDATE campaigns SET expiration_date = now() - interval '1 day'")
        id_ = await sent(api, pool, courier, when_exhausted="pause")
        found = (await api.get(f"{PATH}/{id_}")).json()
        assert (found["status"], found["reason"]) == ("PAUSED", "campaign_expired")
        await pool.execute("UPDATE campaigns SET expiration_date = now() + interval '1 day'")
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
        assert await status_of(api, id_) == "IN_PROGRESS"

    async def test_failures_of_an_expired_campaign_say_so(self, api, pool, courier, sound):
        await pool.execute("UPDATE campaigns SET expiration_date = now() - interval '1 day'")
        await sent(api, pool, courier)
        assert {one["failure_message"] for one in await listed(api)} == {"Campaign is expired"}
        await sound()
