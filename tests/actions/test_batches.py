"""Requests that share a statement: each gets its own outcome, and leaves its events."""

import asyncio
from typing import Any

from largesse.domain import errors
from largesse.store import publications as store
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.factories.publications import by_source_id, request


class TestBatches:
    async def test_requests_in_one_batch_get_each_their_own_outcome(self, pool, project, publisher):
        """Forty at once: replays, duplicates, and those that publish don't disturb each other."""
        campaign_id = await make_campaign(pool, project, vouchers_count=30)
        await add_vouchers(pool, project, None, ["V1"])
        once = await publisher.publish(project, request("known", campaign=campaign_id, source_id="s"))
        asked = [request(f"c{n}", campaign=campaign_id) for n in range(20)]
        asked += [request("known", campaign=campaign_id, source_id="s") for _ in range(5)]
        asked += [request("x", campaign=campaign_id, source_id="s"), request("x", campaign="nope")]
        asked += [request(f"v{n}", voucher="V1") for n in range(5)]
        results: list[Any] = await asyncio.gather(
            *(publisher.publish(project, r) for r in asked), return_exceptions=True
        )
        assert len({r.codes[0] for r in results[:20]}) == 20
        assert {r.id for r in results[20:25]} == {once.id}
        assert isinstance(results[25], errors.DuplicateSourceId)
        assert isinstance(results[26], errors.NotFound)
        named = results[27:32]
        assert sum(isinstance(r, errors.VoucherAlreadyPublished) for r in named) == 4
        assert publisher.statistics.batches < len(asked) / 2

    async def test_value_that_cannot_be_stored_fails_only_its_own_request(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=30)
        asked = [request(f"c{n}", campaign=campaign_id) for n in range(9)] + [request("bad\0", campaign=campaign_id)]
        results: list[Any] = await asyncio.gather(
            *(publisher.publish(project, r) for r in asked), return_exceptions=True
        )
        assert len({r.codes[0] for r in results[:9]}) == 9
        assert isinstance(results[9], errors.InvalidPayload)

    async def test_profiles_of_one_batch_are_merged_in_order(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=50)
        await publisher.publish(project, request("bob", campaign=campaign_id))
        asked = [
            request(by_source_id("bob", name=f"n{n}", metadata={f"k{n}": n, "last": n}), campaign=campaign_id)
            for n in range(20)
        ]
        async with pool.acquire() as connection:
            verdicts = await store.publish(connection, project, asked, cursors={})
        assert {verdict.outcome for verdict in verdicts} == {"published"}
        (row,) = await pool.fetch("SELECT * FROM customers")
        assert row["metadata"] == {f"k{n}": n for n in range(20)} | {"last": 19}
        assert row["name"] == "n19"

    async def test_withdrawn_request_is_not_sent(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=50)
        tasks = [
            asyncio.create_task(publisher.publish(project, request(f"c{n}", campaign=campaign_id))) for n in range(9)
        ]
        await asyncio.sleep(0)
        tasks[8].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await pool.fetchval("SELECT count(*) FROM publications") == 8

    async def test_every_publication_leaves_one_frozen_event(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        made = await publisher.publish(project, request(by_source_id("bob", name="B"), campaign=campaign_id, count=2))
        row = await pool.fetchrow("SELECT * FROM events WHERE type = 'publication.succeeded'")
        assert row["entity_id"] == made.id
        assert [v["code"] for v in row["data"]["vouchers"]] == made.codes
        assert row["data"]["customer"]["name"] == "B"
        assert row["data"]["campaign"]["id"] == campaign_id
        assert row["data"]["publication"]["result"] == "SUCCESS"

    async def test_events_say_which_request_and_key_they_come_from(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        for name in ("B", "C"):
            await publisher.publish(
                project, request(by_source_id("bob", name=name), campaign=campaign_id, request_id="v-1", actor="app")
            )
        rows = await pool.fetch("SELECT type, request_id, actor FROM events")
        assert {row["type"] for row in rows} == {"publication.succeeded", "customer.created", "customer.updated"}
        assert {(row["request_id"], row["actor"]) for row in rows} == {("v-1", "app")}
