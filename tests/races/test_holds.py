"""A distribution holds codes while many connections publish from the same pool to the same customers."""

import asyncio

import pytest

from largesse.actions import distributions, holds
from largesse.actions.distributions import Judged
from largesse.domain.publications import PUBLISHED
from largesse.wire.distributions import DistributionInput
from largesse.wire.parse import parse_value
from tests.actions.conftest import assert_counters_are_exact, scopes
from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import manual
from tests.factories.publications import by_id, request
from tests.factories.vault import VAULT
from tests.races.conftest import broken_promises

__all__ = ["scopes"]

PEOPLE = 300


@pytest.mark.parametrize("join_once", [True, False])
async def test_a_pool_shared_with_a_distribution_gives_every_code_once(
    scopes, pool, project, race, monkeypatch, join_once
):
    monkeypatch.setattr(holds, "CHUNK", 40)
    campaign = await make_campaign(pool, project, name="c", vouchers_count=PEOPLE * 2, join_once=join_once)
    await pool.execute(
        "INSERT INTO customers (project_id, id, source_id, name, email) SELECT $1, 'cust_' || lpad(n::text, 6, '0'),"
        " 's' || n, 'N' || n, 'n' || n || '@example.com' FROM generate_series(1, $2::int) n",
        project.id,
        PEOPLE,
    )
    async with scopes() as scope:
        made = await distributions.create_distribution(scope, Judged(parse_value(manual(), DistributionInput)), VAULT)
        await distributions.schedule_distribution(scope, made.id, now=True)
    asked = [request(by_id(f"cust_{n:06}"), campaign=campaign) for n in range(PEOPLE, 0, -1)]
    courier = FakeCourier()
    verdicts, _ = await asyncio.gather(race.run(asked), run_jobs(pool, courier))
    published = sum(verdict.outcome == PUBLISHED for verdict in verdicts)
    assert published > 0
    assert len(courier.mails) > 0
    total = published + len(courier.mails)
    assert total == (PEOPLE if join_once else 2 * PEOPLE)
    assert await pool.fetchval("SELECT count(DISTINCT code) FROM publication_vouchers") == total
    assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE state = 3") == total
    await assert_counters_are_exact(pool, project)
    assert await broken_promises(pool, project) == set()
