"""Codes in bulk: exactly as many as asked, whatever happens in between."""

import asyncio
import dataclasses
import itertools
from typing import Any

import pytest
from msgspec.structs import replace

from largesse.actions import campaigns, generation
from largesse.actions.generation import generate_chunk
from largesse.domain.async_actions import AsyncAction
from largesse.domain.errors import InvalidCampaign, InvalidCampaignParams, InvalidCodeConfig
from largesse.domain.projects import Project
from largesse.store.async_actions import get_async_action
from largesse.store.connection import Pool
from largesse.wire.campaigns import CampaignChanges
from largesse.wire.parse import parse_value
from largesse.wire.vouchers import VoucherInput
from tests.actions.conftest import Scopes, assert_counters_are_exact, campaign_input, work_off


async def start(scopes: Scopes, count: int, **fields: Any) -> str:
    async with scopes() as scope:
        return (await campaigns.create_campaign(scope, campaign_input(vouchers_count=count, **fields))).id


async def only_action(pool: Pool, project: Project) -> AsyncAction:
    id_ = await pool.fetchval("SELECT id FROM async_actions WHERE project_id = $1", project.id)
    action = await get_async_action(pool, project.id, id_)  # type: ignore[arg-type]  # a pool executes as well
    assert action is not None
    return action


async def test_a_generation_makes_exactly_as_many_codes_as_asked(scopes: Scopes, pool: Pool, project: Project) -> None:
    campaign_id = await start(scopes, 25_000)
    await work_off(pool)
    assert (
        await pool.fetchval("SELECT count(DISTINCT code) FROM vouchers WHERE campaign_id = $1", campaign_id) == 25_000
    )
    action = await only_action(pool, project)
    assert (action.status, action.progress, action.result) == (
        "DONE",
        100,
        {"message": "Generated 25000 vouchers.", "done_count": 25_000},
    )
    assert await pool.fetchval("SELECT generation_status FROM campaigns") == "DONE"
    assert await pool.fetchval("SELECT count(*) FROM jobs") == 0
    await assert_counters_are_exact(pool, project)


async def test_what_a_large_pool_hands_out_in_turn_lies_side_by_side(scopes: Scopes, pool: Pool) -> None:
    await start(scopes, generation.CHUNK)
    await work_off(pool)
    query = "SELECT (ctid::text::point)[0]::int AS page FROM vouchers ORDER BY pick_key"
    pages = [row["page"] for row in await pool.fetch(query)]
    # A hundred claims write to a few pages. Scattered, they would to a third of the 260 that these vouchers take.
    assert all(len(set(pages[start : start + 100])) <= 8 for start in range(0, len(pages), 100))


@pytest.mark.parametrize("count", [1_000, generation.CHUNK])
async def test_a_list_does_not_tell_which_code_is_next(scopes: Scopes, pool: Pool, count: int) -> None:
    await start(scopes, count)
    await work_off(pool)
    listed = [row["pick_key"] for row in await pool.fetch("SELECT pick_key FROM vouchers ORDER BY created_at, id")]
    ascending = sum(before < after for before, after in itertools.pairwise(listed))
    assert 0.4 * count < ascending < 0.6 * count
    if count < generation.CHUNK:  # nor where it stands
        first = sorted(range(count), key=listed.__getitem__)[:50]
        assert min(first) < count / 4
        assert max(first) > count * 3 / 4


async def test_two_that_fill_a_narrow_space_at_once_do_not_wait_for_each_other_in_a_circle(
    scopes: Scopes, pool: Pool
) -> None:
    await start(scopes, 5_000, voucher={"code_config": {"charset": "0123456789", "length": 6}})
    await work_off(pool)
    codes = [row["code"] for row in await pool.fetch("SELECT code FROM vouchers ORDER BY ctid")]
    assert codes[:4_900] == sorted(codes[:4_900])  # the others: in a second draw, where the first drew some twice


async def test_one_code_is_there_before_the_answer(scopes: Scopes, pool: Pool, project: Project) -> None:
    async with scopes() as scope:
        campaign = await campaigns.create_campaign(scope, campaign_input(vouchers_count=1))
    assert (campaign.vouchers_count, campaign.generation_status) == (1, "DONE")
    await assert_counters_are_exact(pool, project)


async def test_a_space_of_codes_can_be_filled_to_the_last(scopes: Scopes, pool: Pool, project: Project) -> None:
    campaign_id = await start(scopes, 1_000, voucher={"code_config": {"charset": "0123456789", "length": 3}})
    await work_off(pool)
    await assert_counters_are_exact(pool, project)
    codes = {r["code"] for r in await pool.fetch("SELECT code FROM vouchers WHERE campaign_id = $1", campaign_id)}
    assert codes == {f"{number:03}" for number in range(1_000)}


async def test_a_space_larger_than_a_step_is_filled_to_the_last_too(
    scopes: Scopes, pool: Pool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "CHUNK", 300)
    monkeypatch.setattr(generation, "WALK_STEP", 70)
    await start(scopes, 1_000, voucher={"code_config": {"charset": "0123456789", "length": 3}})
    await work_off(pool)
    assert await pool.fetchval("SELECT count(DISTINCT code) FROM vouchers") == 1_000
    assert await pool.fetchval("SELECT status FROM async_actions") == "DONE"
    await assert_counters_are_exact(pool, project)


async def test_codes_of_other_campaigns_take_room_too(scopes: Scopes, pool: Pool) -> None:
    small = {"code_config": {"charset": "0123456789", "length": 2}}
    await start(scopes, 60, voucher=small)
    await work_off(pool)
    with pytest.raises(InvalidCodeConfig, match="60 of them are taken"):
        await start(scopes, 41, name="Second", voucher=small)
    await start(scopes, 40, name="Second", voucher=small)
    await work_off(pool)
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 100


async def test_two_generations_that_fight_for_the_last_codes_end_both(scopes: Scopes, pool: Pool) -> None:
    # Both were allowed when they were asked for; one of them has to find that nothing is left, and say so.
    small = {"code_config": {"charset": "01", "length": 4}}
    await start(scopes, 16, voucher=small)
    await start(scopes, 16, name="Second", voucher=small)
    await work_off(pool)
    rows = await pool.fetch("SELECT status, (result->>'done_count')::int AS done FROM async_actions")
    assert sorted(row["status"] for row in rows) == ["DONE", "FAILED"]
    assert sum(row["done"] for row in rows) == 16
    statuses = await pool.fetch("SELECT generation_status FROM campaigns ORDER BY 1")
    assert [row[0] for row in statuses] == ["DONE", "FAILED"]


async def test_a_case_insensitive_project_never_has_two_codes_that_differ_by_case(
    scopes: Scopes, pool: Pool, project: Project
) -> None:
    async with scopes() as sensitive:
        scope = dataclasses.replace(sensitive, project=replace(project, case_sensitive_codes=False))
        recipe = {"code_config": {"charset": "abAB", "length": 2}}
        with pytest.raises(InvalidCodeConfig, match="allows 4 codes"):
            await campaigns.create_campaign(scope, campaign_input(vouchers_count=5, voucher=recipe))
        await campaigns.create_campaign(scope, campaign_input(vouchers_count=4, voucher=recipe))
    await pool.execute("UPDATE projects SET case_sensitive_codes = false")
    await work_off(pool)
    rows = await pool.fetch("SELECT code, code_key FROM vouchers")
    assert {row["code_key"] for row in rows} == {"aa", "ab", "ba", "bb"}
    assert all(row["code"].lower() == row["code_key"] for row in rows)


async def test_the_same_chunk_twice_at_once_has_one_effect(
    scopes: Scopes, pool: Pool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "CHUNK", 100)
    await start(scopes, 1_000)
    action = await only_action(pool, project)

    async def chunk() -> bool:
        async with scopes() as scope:
            return await generate_chunk(scope, action.id)

    for _ in range(4):
        await asyncio.gather(*(chunk() for _ in range(5)))
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 1_000
    assert await chunk()
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 1_000
    await assert_counters_are_exact(pool, project)


async def test_a_chunk_that_is_rolled_back_leaves_nothing(
    scopes: Scopes, pool: Pool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "CHUNK", 100)
    await start(scopes, 300)
    action = await only_action(pool, project)
    with pytest.raises(ZeroDivisionError):  # the failure has to come out of the unit of work
        async with scopes() as scope:
            await generate_chunk(scope, action.id)
            raise ZeroDivisionError
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 0
    await work_off(pool)
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 300
    await assert_counters_are_exact(pool, project)


async def test_a_campaign_cannot_grow_past_the_ceiling_though_both_ask_at_once(
    scopes: Scopes, pool: Pool, project: Project
) -> None:
    campaign_id = await start(scopes, 0)

    async def ask() -> str:
        async with scopes() as scope:
            narrow = dataclasses.replace(scope, project=replace(project, codes_per_campaign_max=100))
            return await campaigns.add_vouchers(narrow, campaign_id, VoucherInput(), 60)

    outcomes = await asyncio.gather(ask(), ask(), ask(), return_exceptions=True)
    assert sum(isinstance(outcome, InvalidCampaignParams) for outcome in outcomes) == 2


async def test_a_standalone_campaign_generates_nothing(scopes: Scopes) -> None:
    campaign_id = await start(scopes, 1, type="STANDALONE")
    async with scopes() as scope:
        with pytest.raises(InvalidCampaign):
            await campaigns.add_vouchers(scope, campaign_id, VoucherInput(), 2)


async def test_a_change_waits_for_the_generation_and_reaches_every_code(
    scopes: Scopes, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "CHUNK", 100)
    campaign_id = await start(scopes, 500)
    async with scopes() as scope:
        changes = parse_value({"expiration_date": "2031-01-01"}, CampaignChanges)
        await campaigns.update_campaign(scope, campaign_id, changes)
    while await pool.fetchval("SELECT count(*) FROM jobs"):
        await work_off(pool)
        await asyncio.sleep(0.1)
    assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE expiration_date IS NULL") == 0
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 500


async def test_a_change_leaves_published_and_redeemed_vouchers_alone(
    scopes: Scopes, pool: Pool, project: Project
) -> None:
    campaign_id = await start(scopes, 10)
    await work_off(pool)
    codes = [row["code"] for row in await pool.fetch("SELECT code FROM vouchers ORDER BY id")]
    await pool.execute("UPDATE vouchers SET state = 3, holder_id = 'cust_1' WHERE code = $1", codes[0])
    await pool.execute("UPDATE vouchers SET redeemed_quantity = 1 WHERE code = $1", codes[1])
    async with scopes() as scope:
        body = {"voucher": {"discount": {"type": "PERCENT", "percent_off": 20}}}
        await campaigns.update_campaign(scope, campaign_id, parse_value(body, CampaignChanges))
    await work_off(pool)
    rows = await pool.fetch("SELECT code FROM vouchers WHERE discount->>'percent_off' = '10' ORDER BY id")
    assert [row["code"] for row in rows] == codes[:2]
    result = await pool.fetchval("SELECT result FROM async_actions WHERE type = 'CAMPAIGN.VOUCHERS_UPDATE'")
    assert result == {"message": "Updated 8 vouchers.", "done_count": 8}


@pytest.mark.parametrize("force", [True, False])
async def test_deleting_a_campaign_takes_its_vouchers_and_keeps_the_counters_exact(
    scopes: Scopes, pool: Pool, project: Project, force: bool
) -> None:
    campaign_id = await start(scopes, 20)
    await work_off(pool)
    codes = [row["code"] for row in await pool.fetch("SELECT code FROM vouchers ORDER BY id")]
    await pool.execute("UPDATE vouchers SET state = 3, holder_id = 'cust_1' WHERE code = $1", codes[0])
    await pool.execute("UPDATE vouchers SET state = 0, active = false WHERE code = $1", codes[1])
    await pool.execute("UPDATE campaign_counters SET published = 1, disabled = 1 WHERE campaign_id = $1", campaign_id)
    async with scopes() as scope:
        await campaigns.delete_campaign(scope, "Spring", force=force)
    await work_off(pool)
    left = await pool.fetchval("SELECT count(*) FROM vouchers")
    assert left == (0 if force else 20)
    assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE deleted_at IS NULL OR state <> 4") == 0
    await assert_counters_are_exact(pool, project)
    assert await pool.fetchval("SELECT count(*) FROM campaigns") == (0 if force else 1)


async def test_a_generation_whose_campaign_is_deleted_ends_and_leaves_no_codes(scopes: Scopes, pool: Pool) -> None:
    campaign_id = await start(scopes, 500)
    async with scopes() as scope:
        await campaigns.delete_campaign(scope, campaign_id, force=True)
    while await pool.fetchval("SELECT count(*) FROM jobs"):
        await work_off(pool)
        await asyncio.sleep(0.1)
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 0
    statuses = {row["type"]: row["status"] for row in await pool.fetch("SELECT type, status FROM async_actions")}
    assert statuses == {"CAMPAIGN.VOUCHERS_GENERATE": "FAILED", "CAMPAIGN.VOUCHERS_DELETE": "DONE"}
