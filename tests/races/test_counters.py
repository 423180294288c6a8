"""Counters are exact in every snapshot, while many publish and somebody folds; and nobody pays for what was folded."""

import asyncio
import contextlib
import json
from typing import Any

from largesse.domain.projects import Project
from largesse.store.connection import Connection, Pool
from largesse.store.counters import FOLD_AT, change_counters, fold_changes, settle_counters
from largesse.store.migrate import migrate
from largesse.store.sql import SHARED, load
from tests.factories.campaigns import make_campaign
from tests.factories.counters import counters
from tests.factories.publications import request
from tests.races.conftest import CONNECTIONS, Race, broken_promises

CODES = 1_500
BOTH = f"""
SELECT (SELECT sum(k.published) FROM ({load(SHARED)[SHARED]}) k WHERE k.campaign_id = $2)::int AS counted,
  (SELECT count(*) FROM vouchers WHERE project_id = $1 AND campaign_id = $2 AND state = 3)::int AS published
"""


async def test_counters_are_exact_at_every_moment_while_somebody_folds(
    pool: Pool, project: Project, race: Race
) -> None:
    campaign = await make_campaign(pool, project, vouchers_count=CODES)
    seen: set[int] = set()
    folds = 0
    ended = asyncio.Event()

    async def fold(connection: Connection) -> None:
        nonlocal folds
        while not ended.is_set():
            await fold_changes(connection, project.id, campaign)
            folds += 1

    async def look(connection: Connection) -> None:
        while not ended.is_set():
            row = await connection.fetchrow(BOTH, project.id, campaign)
            assert row is not None
            assert row["counted"] == row["published"]
            seen.add(row["published"])

    async with contextlib.AsyncExitStack() as stack:
        folders = [fold(await stack.enter_async_context(pool.acquire())) for _ in range(2)]
        lookers = [look(await stack.enter_async_context(pool.acquire())) for _ in range(2)]
        others = [asyncio.create_task(one) for one in (*folders, *lookers)]
        requests = [request(f"c{number}", campaign=campaign) for number in range(CODES)]
        verdicts = await race.run(requests, batch=3)
        ended.set()
        await asyncio.gather(*others)
    assert {verdict.outcome for verdict in verdicts} == {"published"}
    assert folds > CONNECTIONS
    assert len(seen) > 10, "nobody looked while it happened"
    assert (await counters(pool, project.id, campaign))["published"] == CODES
    assert await broken_promises(pool, project) == set()


async def test_a_change_that_is_committed_after_a_fold_is_not_forgotten(pool: Pool, project: Project) -> None:
    """Its transaction is older than the fold, which couldn't see it."""
    campaign = await make_campaign(pool, project, vouchers_count=0)
    async with pool.acquire() as slow, pool.acquire() as connection:
        transaction = slow.transaction()
        await transaction.start()
        await change_counters(slow, project.id, campaign, vouchers=1)
        for _ in range(3):
            await change_counters(connection, project.id, campaign, vouchers=10)
            await fold_changes(connection, project.id, campaign)
        assert (await counters(pool, project.id, campaign))["vouchers"] == 30
        await transaction.commit()
        assert (await counters(pool, project.id, campaign))["vouchers"] == 31
        await fold_changes(connection, project.id, campaign)
    assert (await counters(pool, project.id, campaign))["vouchers"] == 31
    assert await pool.fetchval("SELECT vouchers FROM campaign_counters WHERE campaign_id = $1", campaign) == 31


async def test_two_folds_at_once_add_everything_once(pool: Pool, project: Project) -> None:
    campaign = await make_campaign(pool, project, vouchers_count=0)
    async with pool.acquire() as first, pool.acquire() as second:
        await change_counters(first, project.id, campaign, vouchers=5)
        async with first.transaction():
            await fold_changes(first, project.id, campaign)
            await asyncio.wait_for(fold_changes(second, project.id, campaign), 5)  # it waits for nobody
        await fold_changes(second, project.id, campaign)
    assert await pool.fetchval("SELECT vouchers FROM campaign_counters WHERE campaign_id = $1", campaign) == 5


async def test_the_first_changes_without_a_campaign_are_all_counted(pool: Pool, project: Project) -> None:
    """Nobody made the row yet that they belong to."""

    async def change() -> None:
        async with pool.acquire() as connection:
            await change_counters(connection, project.id, None, vouchers=1)

    await asyncio.gather(*(change() for _ in range(8)))
    assert (await counters(pool, project.id))["vouchers"] == 8


async def test_whoever_changes_a_lot_folds_too(pool: Pool, project: Project) -> None:
    async with pool.acquire() as connection:
        for _ in range(3 * FOLD_AT):
            await change_counters(connection, project.id, None, vouchers=1)
    assert await pool.fetchval("SELECT count(*) FROM counter_changes") <= FOLD_AT + 1
    assert (await counters(pool, project.id))["vouchers"] == 3 * FOLD_AT


async def test_nobody_walks_over_what_was_folded(pool: Pool, project: Project) -> None:
    """Under an old snapshot all of it is still there."""
    campaign = await make_campaign(pool, project, vouchers_count=0)
    async with pool.acquire() as snapshot, snapshot.transaction(isolation="repeatable_read"):
        await snapshot.fetchval("SELECT count(*) FROM vouchers")
        async with pool.acquire() as connection:
            for _ in range(20 * FOLD_AT):
                await change_counters(connection, project.id, campaign, vouchers=1)
        text = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {load('counters')['free_vouchers']}"
        plan = json.loads(await pool.fetchval(text, project.id, campaign))[0]["Plan"]
        assert (await counters(pool, project.id, campaign))["vouchers"] == 20 * FOLD_AT
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 30


async def test_a_restored_database_takes_no_bound_from_the_one_that_it_was_dumped_from(
    pool: Pool, project: Project, database_url: str
) -> None:
    campaign = await make_campaign(pool, project, vouchers_count=0)
    async with pool.acquire() as connection:
        await change_counters(connection, project.id, campaign, vouchers=1)
        await fold_changes(connection, project.id, campaign)
        far = "UPDATE campaign_counters SET changes_from = (changes_from::text::bigint + $1::bigint)::text::xid8"
        await connection.execute(far, 1 << 40)
        await migrate(database_url)
        await change_counters(connection, project.id, campaign, vouchers=1)
        assert (await counters(pool, project.id, campaign))["vouchers"] == 2
        before: Any = await connection.fetchval("SELECT changes_from::text FROM campaign_counters")
        await settle_counters(connection, project.id)  # nothing more to do
        assert await connection.fetchval("SELECT changes_from::text FROM campaign_counters") == before
