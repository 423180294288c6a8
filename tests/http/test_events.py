"""/v1/events: custom events, and the log with its cursor."""

from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.events.payloads import LOGGED
from largesse.store.connection import Pool
from tests.events.log import readable

DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
EVENT: dict[str, Any] = {
    "event": "visited",
    "customer": {"source_id": "c", "name": "C", "email": "c@c"},
    "metadata": {"page": "/sale"},
}


class TestCustomEvents:
    async def test_anonymous_is_turned_away(self, anonymous: httpx.AsyncClient) -> None:
        assert (await anonymous.post("/v1/events", json=EVENT)).status_code == 401

    async def test_it_makes_the_customer_and_stands_in_its_activity(
        self, api: httpx.AsyncClient, other_api: httpx.AsyncClient
    ) -> None:
        answer = await api.post("/v1/events", json=EVENT)
        assert answer.status_code == 200, answer.text
        customer = answer.json().pop("customer")
        assert {name: customer[name] for name in EVENT["customer"]} == EVENT["customer"]
        rest = {name: value for name, value in answer.json().items() if name != "customer"}
        assert rest == {
            "object": "event", "type": "visited", "metadata": {"page": "/sale"}, "referral": None, "loyalty": None,
        }  # fmt: skip
        await api.post("/v1/events", json=EVENT | {"customer": {"id": customer["id"], "name": "D"}, "metadata": None})
        data = (await api.get("/v1/customers/c/activity?order=created_at")).json()["data"]
        assert [one["type"] for one in data] == [
            "customer.created", "customer.custom_event", "customer.updated", "customer.custom_event",
        ]  # fmt: skip
        assert data[1]["data"]["data"]["event"]["type"] == "visited"
        assert data[1]["data"]["data"]["event"]["metadata"] == {"page": "/sale"}
        assert data[1]["data"]["data"]["customer"]["name"] == "C"
        assert data[1]["category"] == "ACTION"
        only = (await api.get("/v1/customers/c/activity?type=customer.custom_event")).json()["data"]
        assert len(only) == 2
        assert (await other_api.get("/v1/customers/c")).status_code == 404

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"event": None}, ".event"),
            ({"event": ""}, ".event"),
            ({"event": "x" * 301}, ".event"),
            ({"customer": None}, ".customer"),
            ({"customer": "c"}, ".customer"),
            ({"metadata": []}, ".metadata"),
        ],
    )
    async def test_what_cannot_be_is_refused_and_changes_nothing(
        self, api: httpx.AsyncClient, pool: Pool, change: dict[str, Any], place: str
    ) -> None:
        answer = await api.post("/v1/events", json=EVENT | change)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert f"Property {place}" in answer.json()["details"]
        assert await pool.fetchval("SELECT count(*) FROM events") == 0

    async def test_an_unknown_customer_is_not_found(self, api: httpx.AsyncClient, pool: Pool) -> None:
        answer = await api.post("/v1/events", json=EVENT | {"customer": {"id": "cust_nobody"}})
        assert (answer.status_code, answer.json()["key"]) == (404, "not_found")
        assert await pool.fetchval("SELECT count(*) FROM events") == 0

    @pytest.mark.parametrize("part", [{"referral": {"code": "A"}}, {"loyalty": {"code": "A"}}])
    async def test_what_nothing_follows_from_yet_is_said_so(
        self, api: httpx.AsyncClient, pool: Pool, part: dict[str, Any]
    ) -> None:
        answer = await api.post("/v1/events", json=EVENT | part)
        assert answer.status_code == 501
        assert await pool.fetchval("SELECT count(*) FROM customers") == 0
        assert (await api.post("/v1/events", json=EVENT | dict.fromkeys(part))).status_code == 200


async def page(api: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await api.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


class TestLog:
    async def test_anonymous_is_turned_away_and_others_see_nothing(
        self, api: httpx.AsyncClient, anonymous: httpx.AsyncClient, other_api: httpx.AsyncClient, pool: Pool
    ) -> None:
        assert (await anonymous.get("/v1/events")).status_code == 401
        await api.post("/v1/vouchers/A", json=DISCOUNT)
        await readable(pool)
        assert (await page(other_api))["data"] == []

    async def test_page_after_page_everything_in_order(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        empty = await page(api)
        assert (empty["data"], empty["has_more"]) == ([], False)
        for code in "ABC":
            await api.post(f"/v1/vouchers/{code}", json=DISCOUNT)
        await api.post("/v1/publications", json={"voucher": "A", "customer": "c"})
        await api.post("/v1/publications", json={"voucher": "A", "customer": "d"})
        await readable(pool)
        found, after, more = [], empty["cursor"], True
        while more:
            one = await page(api, after=after, limit=2)
            assert len(one["data"]) <= 2
            found += one["data"]
            after, more = one["cursor"], one["has_more"]
        types = [one["type"] for one in found]
        assert types[:3] == ["voucher.created"] * 3
        assert {"publication.succeeded", "customer.created", "publication.failed"} <= set(types)
        assert [one["data"]["voucher"]["code"] for one in found[:3]] == ["A", "B", "C"]
        assert {one["project_id"] for one in found} == {project.public_id}
        failed = next(one for one in found if one["type"] == "publication.failed")
        assert failed["data"]["publication"]["failure_code"] == "voucher_already_published"
        # Every entry's own cursor goes on behind it, for ever.
        assert (await page(api, after=found[1]["cursor"], limit=100))["data"] == found[2:]
        end = await page(api, after=after)
        assert (end["data"], end["cursor"], end["has_more"]) == ([], after, False)

    async def test_by_type(self, api: httpx.AsyncClient, pool: Pool) -> None:
        for code in "ABC":
            await api.post(f"/v1/vouchers/{code}", json=DISCOUNT)
            await api.post("/v1/customers", json={"source_id": code})
        await readable(pool)
        first = await page(api, type="customer.created", limit=2)
        assert [one["data"]["customer"]["source_id"] for one in first["data"]] == ["A", "B"]
        assert first["has_more"]
        second = await page(api, type="customer.created", limit=2, after=first["cursor"])
        assert [one["data"]["customer"]["source_id"] for one in second["data"]] == ["C"]
        assert not second["has_more"]

    async def test_a_late_commit_is_never_skipped(self, api: httpx.AsyncClient, pool: Pool, project: Project) -> None:
        await readable(pool)
        async with pool.acquire() as late:
            transaction = late.transaction()
            await transaction.start()
            await late.execute(
                "INSERT INTO events (project_id, id, type, entity_id, data)"
                " VALUES ($1, 'ev_late', 'customer.custom_event', 'cust_a', '{}')",
                project.id,
            )
            await api.post("/v1/vouchers/A", json=DISCOUNT)
            before = await page(api)
            assert before["data"] == []
            await transaction.commit()
        await readable(pool)
        after = await page(api, after=before["cursor"])
        assert [one["type"] for one in after["data"]] == ["customer.custom_event", "voucher.created"]

    @pytest.mark.parametrize(
        "query",
        ["after=x", "after=1", "after=1.fffffffffffffffff", "after=1.ffffffffffffffff", "limit=0", "limit=101",
         "limit=x", "type=voucher.invented", "type=voucher.published"],
    )  # fmt: skip
    async def test_what_cannot_be_asked(self, api: httpx.AsyncClient, query: str) -> None:
        answer = await api.get(f"/v1/events?{query}")
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")

    async def test_a_cursor_of_a_database_that_was_restored_from_a_dump_is_refused(
        self, api: httpx.AsyncClient
    ) -> None:
        answer = await api.get("/v1/events?after=ffffffffffffffff.7fffffffffffffff")
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
        assert "restored from a dump" in answer.json()["details"]

    def test_what_the_log_holds_is_documented(self) -> None:
        assert "publication.failed" in LOGGED
        assert "voucher.published" not in LOGGED
