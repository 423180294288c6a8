"""Whose requests the publisher sends while a statement is in flight."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from largesse.actions.ids import IdSource
from largesse.actions.publishing import Limits, Publisher
from largesse.domain.projects import Project
from largesse.store.connection import PUBLISH_SETTINGS, Pool, create_pool
from largesse.store.counters import FOLD_AT
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.factories.counters import all_counters
from tests.factories.publications import request

SAME_CUSTOMER = "INSERT INTO customers (project_id, id, source_id) VALUES ($1, 'cust_held_' || $2, $2)"


@pytest.fixture
async def publish_pool(database_url: str) -> AsyncIterator[Pool]:
    # Patient: here a statement waits until the test lets it go, however slow the machine.
    settings = {**PUBLISH_SETTINGS, "lock_timeout": "30s", "statement_timeout": "30s"}
    pool = await create_pool(database_url, size=3, settings=settings, application="largesse-test-publish")
    yield pool
    await pool.close()


@pytest.mark.parametrize(("crowd", "statements"), [(64, 1), (3, 2)])
async def test_a_project_has_a_second_statement_in_flight_only_for_a_crowd(
    pool: Pool, publish_pool: Pool, project: Project, crowd: int, statements: int
) -> None:
    other = Project(
        **dict(
            await pool.fetchrow(
                "INSERT INTO projects (public_id, name) VALUES ('proj_Other0000000', 'Other') RETURNING id, public_id, name"
            )
            or {}
        )
    )
    busy, free = await make_campaign(pool, project, vouchers_count=5), await make_campaign(pool, other)
    publisher = Publisher(publish_pool, IdSource(), limits=Limits(in_flight_max=2, crowd=crowd))
    async with pool.acquire() as holder, holder.transaction():
        for name in ("c0", "c1"):
            await holder.execute(SAME_CUSTOMER, project.id, name)
        first = asyncio.create_task(publisher.publish(project, request("c0", campaign=busy)))
        while not publisher.statistics.batches:  # it is in flight, and waits for what becomes of its customer
            await asyncio.sleep(0)
        more = [asyncio.create_task(publisher.publish(project, request(f"c{n}", campaign=busy))) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        while publisher.statistics.batches < statements:
            await asyncio.sleep(0)
        await publisher.publish(other, request("somebody", campaign=free))  # the neighbour waits for nobody
        assert publisher.statistics.batches == statements + 1
        assert not any(task.done() for task in (first, *more))
    codes = [(await task).codes for task in (first, *more)]
    assert len({code for (code,) in codes}) == 4


async def test_campaigns_of_a_project_are_served_in_turn(pool: Pool, publish_pool: Pool, project: Project) -> None:
    storm, quiet = await make_campaign(pool, project, vouchers_count=20), await make_campaign(pool, project)
    publisher = Publisher(publish_pool, IdSource(), limits=Limits(in_flight_max=1, batch_max=2))
    served: list[str] = []

    async def ask(campaign: str, customer: str) -> None:
        await publisher.publish(project, request(customer, campaign=campaign))
        served.append(campaign)

    async with pool.acquire() as holder, holder.transaction():
        await holder.execute(SAME_CUSTOMER, project.id, "c0")
        asked = [asyncio.create_task(ask(storm, "c0"))]
        while not publisher.statistics.batches:
            await asyncio.sleep(0)
        asked += [asyncio.create_task(ask(storm, f"c{number}")) for number in range(1, 12)]
        asked += [asyncio.create_task(ask(quiet, "somebody"))]
        await asyncio.sleep(0)
    await asyncio.gather(*asked)
    assert quiet in served[:3]  # in the batch after the one in flight, although eleven came before
    assert served.count(storm) == 12


async def test_a_crowd_for_one_campaign_shares_no_batch_with_those_who_want_another(
    pool: Pool, publish_pool: Pool, project: Project
) -> None:
    """A small batch is soon back, and it comes next."""
    storm, quiet = await make_campaign(pool, project, vouchers_count=20), await make_campaign(pool, project)
    publisher = Publisher(publish_pool, IdSource(), limits=Limits(in_flight_max=1, batch_max=8, crowd=4))
    served: list[str] = []

    async def ask(campaign: str, customer: str) -> None:
        await publisher.publish(project, request(customer, campaign=campaign))
        served.append(customer)

    async with pool.acquire() as holder, holder.transaction():
        await holder.execute(SAME_CUSTOMER, project.id, "c0")
        asked = [asyncio.create_task(ask(storm, "c0"))]
        while not publisher.statistics.batches:
            await asyncio.sleep(0)
        asked += [asyncio.create_task(ask(storm, f"c{number}")) for number in range(1, 12)]
        asked += [asyncio.create_task(ask(quiet, name)) for name in ("somebody", "somebody else")]
        await asyncio.sleep(0)
    await asyncio.gather(*asked)
    served.remove("c0")
    assert set(served[:2]) == {"somebody", "somebody else"}
    assert len(served) == 13


async def test_counters_are_folded_while_it_publishes(pool: Pool, publish_pool: Pool, project: Project) -> None:
    """Of a campaign's pool, and of vouchers that are named."""
    campaign = await make_campaign(pool, project, vouchers_count=FOLD_AT + 30)
    names = [f"V{number}" for number in range(FOLD_AT + 30)]
    await add_vouchers(pool, project, None, names)
    publisher = Publisher(publish_pool, IdSource(), limits=Limits(in_flight_max=2, batch_max=1, patience_s=60))
    asked = [request(f"c{number}", campaign=campaign) for number in range(len(names))]
    asked += [request("somebody", voucher=name) for name in names]
    await asyncio.gather(*(publisher.publish(project, one) for one in asked))
    folded = await pool.fetch("SELECT published FROM campaign_counters WHERE project_id = $1", project.id)
    assert [row["published"] >= FOLD_AT for row in folded] == [True, True]
    found = await all_counters(pool, project.id)
    assert {row["published"] for row in found.values()} == {len(names)}
