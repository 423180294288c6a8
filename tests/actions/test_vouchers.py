"""Races for one voucher, and what expires."""

import asyncio

from largesse.actions import campaigns, vouchers
from largesse.domain.errors import DuplicateFound
from largesse.domain.projects import Project
from largesse.domain.vouchers import Voucher
from largesse.jobs.worker import Worker
from largesse.store.connection import Pool
from largesse.wire.campaigns import CampaignChanges
from largesse.wire.parse import parse_value
from largesse.wire.vouchers import VoucherChanges, VoucherInput
from tests.actions.conftest import Scopes, assert_counters_are_exact, campaign_input, work_off

GIFT = parse_value({"gift": {"amount": 1}}, VoucherInput)


async def make(scopes: Scopes, code: str) -> Voucher:
    async with scopes() as scope:
        return await vouchers.create_voucher(scope, GIFT, code=code)


async def test_one_code_asked_for_many_times_at_once_is_made_once(scopes: Scopes, pool: Pool, project: Project) -> None:
    outcomes = await asyncio.gather(*(make(scopes, "A") for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, DuplicateFound) for outcome in outcomes) == 7
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 1
    await assert_counters_are_exact(pool, project)


async def test_a_switch_turned_by_many_at_once_is_counted_right(scopes: Scopes, pool: Pool, project: Project) -> None:
    await make(scopes, "A")

    async def turn(active: bool) -> None:
        async with scopes() as scope:
            await vouchers.switch_voucher(scope, "A", active=active)

    for _ in range(5):
        await asyncio.gather(*(turn(active) for active in (True, False) * 4))
        await assert_counters_are_exact(pool, project)


async def test_a_voucher_deleted_by_many_at_once_is_counted_once(scopes: Scopes, pool: Pool, project: Project) -> None:
    await make(scopes, "A")

    async def delete() -> None:
        async with scopes() as scope:
            await vouchers.delete_voucher(scope, "A", force=False)

    outcomes = await asyncio.gather(*(delete() for _ in range(6)), return_exceptions=True)
    assert outcomes.count(None) == 1
    await assert_counters_are_exact(pool, project)


async def expire(pool: Pool, *codes: str) -> None:
    moment = "now() - interval '1 second'"
    await pool.execute(f"UPDATE vouchers SET expiration_date = {moment} WHERE code = ANY ($1::text[])", codes)
    await Worker(pool, asyncio.Event()).sweep()


async def states(pool: Pool) -> dict[str, int]:
    return {row["code"]: row["state"] for row in await pool.fetch("SELECT code, state FROM vouchers")}


async def test_expired_vouchers_leave_the_pool_and_come_back_when_their_date_is_moved(
    scopes: Scopes, pool: Pool, project: Project
) -> None:
    for code in "ABCD":
        await make(scopes, code)
    async with scopes() as scope:
        await vouchers.switch_voucher(scope, "B", active=False)
    await pool.execute("UPDATE vouchers SET state = 3, holder_id = 'cust_1' WHERE code = 'C'")
    await pool.execute("UPDATE campaign_counters SET published = 1")
    await expire(pool, "A", "B", "C")
    assert await states(pool) == {"A": 4, "B": 4, "C": 3, "D": 0}
    await assert_counters_are_exact(pool, project)
    for code in "AB":
        async with scopes() as scope:
            later = parse_value({"expiration_date": "2999-01-01"}, VoucherChanges)
            await vouchers.update_voucher(scope, code, later)
    assert await states(pool) == {"A": 0, "B": 0, "C": 3, "D": 0}
    await assert_counters_are_exact(pool, project)


async def test_a_campaign_that_is_prolonged_gets_its_expired_vouchers_back(
    scopes: Scopes, pool: Pool, project: Project
) -> None:
    async with scopes() as scope:
        past = campaign_input(vouchers_count=5, expiration_date="2020-01-01")
        campaign = await campaigns.create_campaign(scope, past)
    await work_off(pool)
    await Worker(pool, asyncio.Event()).sweep()
    assert set((await states(pool)).values()) == {4}
    await assert_counters_are_exact(pool, project)
    async with scopes() as scope:
        later = parse_value({"expiration_date": "2999-01-01"}, CampaignChanges)
        await campaigns.update_campaign(scope, campaign.id, later)
    await work_off(pool)
    assert set((await states(pool)).values()) == {0}
    await assert_counters_are_exact(pool, project)
