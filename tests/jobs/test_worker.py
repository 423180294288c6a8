"""Who has which job, for how long, and what happens when one fails."""

import asyncio
import contextlib

import asyncpg
import pytest

from largesse.actions import campaigns, distributions, generation
from largesse.actions.scope import Scope
from largesse.domain.async_actions import VOUCHERS_GENERATE
from largesse.domain.errors import Unavailable
from largesse.domain.projects import Project
from largesse.jobs import worker as worker_module
from largesse.jobs.handlers import Handler
from largesse.jobs.worker import Worker
from largesse.runtime.listen import listen_for_jobs
from largesse.store import jobs
from largesse.store.connection import JOB_SETTINGS, Pool, create_pool
from tests.actions.conftest import Scopes, assert_counters_are_exact, campaign_input, scopes
from tests.events.log import readable

__all__ = ["scopes"]


@pytest.fixture
async def worker(pool: Pool) -> Worker:
    return Worker(pool, asyncio.Event())


async def start(scopes: Scopes, name: str, count: int) -> None:
    async with scopes() as scope:
        await campaigns.create_campaign(scope, campaign_input(name=name, vouchers_count=count))


async def statuses(pool: Pool) -> list[str]:
    return [row[0] for row in await pool.fetch("SELECT generation_status FROM campaigns ORDER BY name")]


async def test_a_small_job_does_not_wait_for_a_big_one(
    scopes: Scopes, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "CHUNK", 10)
    await start(scopes, "a big one", 100)
    await start(scopes, "b small one", 5)
    impatient = Worker(pool, asyncio.Event(), slice_s=0)
    for _ in range(2):
        await impatient.step()
    assert await statuses(pool) == ["IN_PROGRESS", "DONE"]


async def test_a_worker_that_is_there_for_one_action_takes_no_other_job(scopes: Scopes, pool: Pool) -> None:
    """`largesse generate` met a distribution that was due and had nothing to send it with."""
    async with scopes() as scope:
        await jobs.enqueue_job(scope.connection, scope.project.id, distributions.JOB, "distr_due", subject="distr_due")
    await start(scopes, "a", 5)
    await start(scopes, "b", 5)
    wanted = await pool.fetchval(
        "SELECT action_id FROM jobs WHERE kind = $1 ORDER BY id DESC LIMIT 1", VOUCHERS_GENERATE
    )
    worker = Worker(pool, asyncio.Event(), only=wanted)
    assert await worker.step()
    assert not await worker.step()
    assert await statuses(pool) == ["IN_PROGRESS", "DONE"]
    assert await pool.fetchval("SELECT count(*) FROM jobs WHERE worker IS NULL AND tries = 0") == 2


async def test_a_job_that_somebody_has_is_left_alone_until_its_heartbeat_lapses(scopes: Scopes, pool: Pool) -> None:
    await start(scopes, "a", 5)
    async with pool.acquire() as connection:
        assert await jobs.claim_job(connection, "dead", [VOUCHERS_GENERATE], lapse_s=10) is not None
        assert await jobs.claim_job(connection, "other", [VOUCHERS_GENERATE], lapse_s=10) is None
        await connection.execute("UPDATE jobs SET heartbeat_at = now() - interval '11 seconds'")
        taken = await jobs.claim_job(connection, "other", [VOUCHERS_GENERATE], lapse_s=10)
    assert taken is not None


async def test_a_worker_that_slept_over_a_job_does_not_take_it_from_itself(scopes: Scopes, worker: Worker) -> None:
    await start(scopes, "a", 5)
    async with worker.pool.acquire() as connection:
        job = await jobs.claim_job(connection, worker.name, [VOUCHERS_GENERATE], lapse_s=10)
        assert job is not None
        worker.held.add(job.id)
        await connection.execute("UPDATE jobs SET heartbeat_at = now() - interval '11 seconds'")
    assert not await worker.step()
    assert await Worker(worker.pool, asyncio.Event()).step()


async def test_a_statement_that_takes_too_long_is_not_tried_for_ever(
    scopes: Scopes, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(scopes, "a", 5)
    monkeypatch.setattr(worker_module, "TRIES_MAX", 2)
    pool = await create_pool(
        database_url, size=3, settings=JOB_SETTINGS | {"statement_timeout": "200ms"}, application="largesse-test"
    )
    blocker = await asyncpg.connect(database_url)
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE vouchers")
            for _ in range(2):
                assert await Worker(pool, asyncio.Event()).step()
                await pool.execute("UPDATE jobs SET run_at = now()")
        assert await pool.fetchval("SELECT parked_at FROM jobs") is not None
        assert await statuses(pool) == ["FAILED"]
    finally:
        await blocker.close()
        await pool.close()


async def test_a_held_job_is_kept_alive_while_a_chunk_is_long(
    scopes: Scopes, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(scopes, "a", 5)
    ran = 0

    async def long_chunk(scope: Scope, action_id: str) -> bool:
        nonlocal ran
        ran += 1
        await asyncio.sleep(1.0)
        return True

    monkeypatch.setattr(worker_module, "HANDLERS", {VOUCHERS_GENERATE: Handler(long_chunk, generation.fail_generation)})
    stop = asyncio.Event()
    crew = [Worker(pool, stop, heartbeat_s=0.1, lapse_s=0.4) for _ in range(2)]
    tasks = [asyncio.create_task(one.run()) for one in crew]
    while await pool.fetchval("SELECT count(*) FROM jobs"):
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*tasks)
    assert ran == 1


async def test_a_resting_worker_hears_of_a_new_job(
    scopes: Scopes, pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "POLL_S", 600.0)
    stop = asyncio.Event()
    worker = Worker(pool, stop)
    ear = asyncio.create_task(listen_for_jobs(database_url, worker.wake))
    task = asyncio.create_task(worker.run())
    while not await pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # until it has looked and found nothing
    await start(scopes, "a", 5)
    async with asyncio.timeout(10):
        while await statuses(pool) != ["DONE"]:
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(task, 10)  # it doesn't rest when it has to stop
    ear.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ear


async def test_a_worker_that_stops_gives_its_job_back_unharmed(
    scopes: Scopes, pool: Pool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "CHUNK", 10)
    await start(scopes, "a", 1_000)
    stop = asyncio.Event()
    task = asyncio.create_task(Worker(pool, stop).run())
    while not await pool.fetchval("SELECT count(*) FROM vouchers"):
        await asyncio.sleep(0.01)
    stop.set()
    await task
    made = await pool.fetchval("SELECT count(*) FROM vouchers")
    row = await pool.fetchrow("SELECT worker, heartbeat_at, tries FROM jobs")
    assert row is not None
    assert tuple(row) == (None, None, 0)
    assert 0 < made < 1_000
    await Worker(pool, asyncio.Event(), slice_s=60).step()
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 1_000
    await assert_counters_are_exact(pool, project)


async def test_a_job_that_fails_is_tried_again_and_in_the_end_parked_but_never_lost(
    scopes: Scopes, pool: Pool, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(scopes, "a", 5)

    async def broken(scope: Scope, action_id: str) -> bool:
        raise ZeroDivisionError("no luck")

    monkeypatch.setattr(worker_module, "HANDLERS", {VOUCHERS_GENERATE: Handler(broken, generation.fail_generation)})
    for tries in range(1, worker_module.TRIES_MAX):
        assert await worker.step()
        row = await pool.fetchrow("SELECT tries, failure, run_at > now() AS later, parked_at FROM jobs")
        assert row is not None
        assert tuple(row) == (tries, "ZeroDivisionError: no luck", True, None)
        assert not await worker.step(), "not before its time"
        await pool.execute("UPDATE jobs SET run_at = now() - interval '1 second'")
    assert await worker.step()
    assert await pool.fetchval("SELECT parked_at IS NOT NULL FROM jobs")
    assert await pool.fetchval("SELECT status FROM async_actions") == "FAILED"
    assert await statuses(pool) == ["FAILED"]
    assert not await worker.step()


async def test_a_job_is_due_the_moment_it_is_made(pool: Pool, project: Project) -> None:
    """Times are rounded to milliseconds: half of them to a moment that hasn't come yet."""
    async with pool.acquire() as connection:
        for number in range(40):
            async with connection.transaction():
                await jobs.enqueue_job(connection, project.id, "kind", f"a{number}")
                assert await jobs.claim_job(connection, "worker", ["kind"], lapse_s=10)


async def test_a_project_whose_log_cannot_be_read_stops_no_other(pool: Pool, project: Project) -> None:
    other = await pool.fetchval(
        "INSERT INTO projects (public_id, name) VALUES ('proj_Other0000000', 'Other') RETURNING id"
    )
    for number in (project.id, other):
        await pool.execute(
            "INSERT INTO event_cursors (project_id, reader, xid, seq) VALUES ($1, 'somebody', '0', 0)", number
        )
        await pool.execute(
            "INSERT INTO events (project_id, id, type, entity_id, data) VALUES ($1, 'ev_a', 'a', 'a', '{}')", number
        )
    await readable(pool)
    read: list[int] = []

    async def chunk(scope: Scope) -> bool:
        read.append(scope.project.id)
        if scope.project.id == project.id:
            raise Unavailable
        return False

    worker = Worker(pool, asyncio.Event())
    await worker.read_log("somebody", chunk)
    assert sorted(read) == [project.id, other]
    await worker.read_log("somebody", chunk)
    assert sorted(read) == [project.id, other, other]  # it isn't asked again at once
