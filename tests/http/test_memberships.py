"""Who enters and leaves segments is told once for each change."""

import asyncio
from typing import Any

import httpx
import pytest

from largesse.actions import memberships
from largesse.jobs.worker import Worker
from largesse.store.connection import Pool
from tests.actions.conftest import work_off
from tests.events.log import readable
from tests.http.test_segments import PATH, customer, made, members, of_filter

GOLD = {"metadata.tier": {"conditions": {"$is": "gold"}}}


async def followed(pool: Pool) -> None:
    """Everything that a worker would do by now."""
    await work_off(pool)
    await readable(pool)
    worker = Worker(pool, asyncio.Event())
    while await worker.read_log(memberships.READER, memberships.read_chunk):
        pass


async def told(pool: Pool) -> list[tuple[str, str, str]]:
    """Source id, what he did, and the segment's name; in order."""
    rows = await pool.fetch(
        "SELECT type, data FROM events WHERE type LIKE 'customer.segment.%' ORDER BY xid, seq",
    )
    return [
        (row["data"]["customer"]["source_id"], row["type"].rpartition(".")[2], row["data"]["segment"]["name"])
        for row in rows
    ]


async def gold(api: httpx.AsyncClient, pool: Pool, **fields: Any) -> dict[str, Any]:
    segment = await made(api, type="auto-update", filter=GOLD, **fields)
    await followed(pool)
    return segment


async def test_a_new_one_is_synced_in_the_background_and_tells_nobody_who_was_there(
    api: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "CHUNK", 2)
    for n in range(5):
        await customer(api, f"c{n}", metadata={"tier": "gold" if n else "tin"})
    segment = await made(api, type="auto-update", filter=GOLD)
    assert segment["initial_sync_status"] == "IN_PROGRESS"
    await followed(pool)
    assert (await api.get(f"{PATH}/{segment['id']}")).json()["initial_sync_status"] == "DONE"
    assert (await api.get(PATH)).json()["data"][0]["initial_sync_status"] == "DONE"
    assert await pool.fetchval("SELECT count(*) FROM segment_members") == 4
    assert await told(pool) == []
    assert await members(api, segment) == ["c1", "c2", "c3", "c4"]
    assert await pool.fetchval("SELECT count(*) FROM jobs") == 0


async def test_who_changed_before_he_was_looked_at_is_told(api: httpx.AsyncClient, pool: Pool) -> None:
    await customer(api, "old", metadata={"tier": "gold"})
    await customer(api, "changed")
    await asyncio.sleep(0.01)
    await made(api, type="auto-update", filter=GOLD)
    await customer(api, "changed", metadata={"tier": "gold"})
    await customer(api, "new", metadata={"tier": "gold"})
    await followed(pool)
    assert sorted(await told(pool)) == [("changed", "entered", "S"), ("new", "entered", "S")]


async def test_every_change_is_told_once(api: httpx.AsyncClient, pool: Pool) -> None:
    await gold(api, pool)
    await customer(api, "a", metadata={"tier": "gold"})
    await followed(pool)
    await customer(api, "a", metadata={"more": 1})
    await followed(pool)
    await customer(api, "a", metadata={"tier": "tin"})
    await followed(pool)
    await followed(pool)
    await customer(api, "a", metadata={"tier": "gold"})
    await followed(pool)
    assert [what for _, what, _ in await told(pool)] == ["entered", "left", "entered"]
    types = [one["type"] for one in (await api.get("/v1/customers/a/activity")).json()["data"]]
    assert [name for name in types if "segment" in name] == [
        *("customer.segment.entered", "customer.segment.left", "customer.segment.entered")
    ]
    [last, *_] = (await api.get("/v1/customers/a/activity?type=customer.segment.entered")).json()["data"]
    assert last["data"]["data"]["segment"]["name"] == "S"
    assert last["data"]["data"]["customer"]["metadata"]["tier"] == "gold"


async def test_bulk_updates_publications_cards_and_deletion_move_customers(api: httpx.AsyncClient, pool: Pool) -> None:
    await gold(api, pool)
    await of_filter(api, "publications.created_at", "$has_value", "", type="auto-update", name="given")
    await of_filter(api, "summary.redemptions.gift.amount_to_go", "$more_than", 100, type="auto-update", name="rich")
    await followed(pool)
    await api.post("/v1/customers/bulk/async", json=[{"source_id": "b", "metadata": {"tier": "gold"}}])
    await followed(pool)
    assert await told(pool) == [("b", "entered", "S")]
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 200}}
    await api.post("/v1/vouchers/V", json=gift)
    await api.post("/v1/publications", json={"voucher": "V", "customer": "b"})
    await followed(pool)
    assert sorted(await told(pool)) == [("b", "entered", name) for name in ("S", "given", "rich")]
    await api.post("/v1/vouchers/V/balance", json={"amount": -150})
    await followed(pool)
    assert (await told(pool))[-1] == ("b", "left", "rich")
    await api.delete("/v1/customers/b")
    await followed(pool)
    assert sorted((await told(pool))[-2:]) == [("b", "left", "S"), ("b", "left", "given")]
    assert await pool.fetchval("SELECT count(*) FROM segment_members") == 0


async def test_time_moves_customers(api: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await of_filter(api, "created_at", "$more_than_ago", 1, type="auto-update", name="long here")
    await gold(api, pool)
    await customer(api, "a")
    await followed(pool)
    assert await told(pool) == []
    await pool.execute("UPDATE customers SET created_at = now() - interval '2 days'")
    worker = Worker(pool, asyncio.Event())
    await worker.sweep()
    await followed(pool)
    assert await told(pool) == []  # it isn't time yet
    monkeypatch.setattr(memberships, "CLOCK_S", 0.0)
    await worker.sweep()
    assert await pool.fetchval("SELECT count(*) FROM jobs") == 1
    await followed(pool)
    assert await told(pool) == [("a", "entered", "long here")]


async def test_one_from_before_they_were_followed_is_taken_up(api: httpx.AsyncClient, pool: Pool) -> None:
    await made(api, type="auto-update", filter=GOLD)
    await pool.execute("UPDATE segments SET checked_at = '-infinity'")
    await pool.execute("DELETE FROM jobs")
    await pool.execute("DELETE FROM event_cursors")
    await Worker(pool, asyncio.Event()).sweep()
    await followed(pool)
    await customer(api, "a", metadata={"tier": "gold"})
    await followed(pool)
    assert await told(pool) == [("a", "entered", "S")]


async def test_static_ones_tell_too(api: httpx.AsyncClient, pool: Pool) -> None:
    await customer(api, "a")
    segment = await made(api, type="static", customers=["a"])
    assert segment["initial_sync_status"] == "DONE"
    assert await told(pool) == [("a", "entered", "S")]
    await api.delete("/v1/customers/a")
    assert await told(pool) == [("a", "entered", "S"), ("a", "left", "S")]


async def test_a_passive_one_tells_nobody(api: httpx.AsyncClient, pool: Pool) -> None:
    await made(api, filter=GOLD)
    await customer(api, "a", metadata={"tier": "gold"})
    await followed(pool)
    assert await told(pool) == []


async def test_a_deleted_one_leaves_without_a_word(
    api: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "CHUNK", 2)
    for n in range(5):
        await customer(api, f"c{n}", metadata={"tier": "gold"})
    segment = await gold(api, pool)
    assert (await api.delete(f"{PATH}/{segment['id']}")).status_code == 204
    assert await members(api, segment) == []
    await followed(pool)
    assert await pool.fetchval("SELECT count(*) FROM segment_members") == 0
    assert await told(pool) == []


async def test_a_filter_that_is_no_longer_understood_stops_nobody_else(api: httpx.AsyncClient, pool: Pool) -> None:
    await made(api, type="auto-update", filter=GOLD, name="broken")
    await gold(api, pool, name="whole")
    await pool.execute("UPDATE segments SET filter = '{\"nope\": {}}' WHERE name = 'broken'")
    await customer(api, "a", metadata={"tier": "gold"})
    await followed(pool)
    assert await told(pool) == [("a", "entered", "whole")]


async def test_another_projects_customers_never_move_it(
    api: httpx.AsyncClient, other_api: httpx.AsyncClient, pool: Pool
) -> None:
    await gold(api, pool)
    await customer(other_api, "a", metadata={"tier": "gold"})
    await followed(pool)
    assert await told(pool) == []
