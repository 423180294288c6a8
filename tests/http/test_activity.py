"""What happened to a customer: GET /v1/customers/{id}/activity."""

from typing import Any

import httpx
import pytest

from tests.http.test_publications import assert_refused
from tests.http.test_segments import hold_cards

DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


async def activity(api: httpx.AsyncClient, name: str, **query: Any) -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/customers/{name}/activity", params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["object"], body["data_ref"]) == ("list", "data")
    data: list[dict[str, Any]] = body["data"]
    return data


async def types(api: httpx.AsyncClient, name: str, **query: Any) -> list[str]:
    return [one["type"].removeprefix("customer.") for one in await activity(api, name, **query)]


@pytest.fixture
async def lived(api: httpx.AsyncClient) -> str:
    """A customer with one of everything."""

    async def call(method: str, path: str, body: Any = None, status: int = 200) -> None:
        answer = await api.request(method, path, json=body)
        assert answer.status_code == status, answer.text

    await call("POST", "/v1/customers", {"source_id": "a", "name": "A"})
    await call("PUT", "/v1/customers/a", {"name": "B"})
    await hold_cards(api, "a")
    await call("POST", "/v1/vouchers/GIFT/balance", {"amount": 700})
    await call("POST", "/v1/vouchers/CARD/balance", {"amount": 5})
    await call("POST", "/v1/vouchers/CARD/balance", {"amount": -5})
    await call("POST", "/v1/vouchers/GONE", DISCOUNT)
    await call("POST", "/v1/publications", {"voucher": "GONE", "customer": "a"})
    await call("POST", "/v1/publications", {"voucher": "GONE", "customer": "a"}, 400)
    await call("DELETE", "/v1/vouchers/GONE", None, 204)
    await call("POST", "/v1/publications", {"campaign": "club", "customer": "another"}, 400)
    return "a"


ALL = [
    "voucher.deleted", "publication.failed", "publication.succeeded", "voucher.loyalty_card.points_added",
    "voucher.gift.balance_added", "publication.succeeded", "publication.succeeded", "updated", "created",
]  # fmt: skip


@pytest.mark.parametrize("name", ["activity", "activities"])
async def test_anonymous_and_others_see_nothing(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient, other_api: httpx.AsyncClient, name: str
) -> None:
    await api.post("/v1/customers", json={"source_id": "a"})
    assert (await anonymous.get(f"/v1/customers/a/{name}")).status_code == 401
    assert_refused(await other_api.get(f"/v1/customers/a/{name}"), 404, "not_found", "Cannot find customer with id a")
    assert (await api.get(f"/v1/customers/a/{name}")).json()["data"][0]["type"] == "customer.created"


async def test_everything_that_happened_stands_there_once_newest_first(api: httpx.AsyncClient, lived: str) -> None:
    assert await types(api, lived, limit=100) == ALL
    assert await types(api, lived, limit=100, order="created_at") == ALL[::-1]
    found = await activity(api, lived, limit=100)
    assert len({one["id"] for one in found}) == len(ALL)
    assert all(one["id"].startswith("ev_") for one in found)
    assert await types(api, "another") == ["publication.failed", "created"]


async def test_an_entry_shows_what_it_is_about(api: httpx.AsyncClient, lived: str) -> None:
    found = {one["type"]: one for one in await activity(api, lived, limit=100)}
    created = found["customer.created"]
    assert list(created) == ["id", "type", "data", "customer", "created_at", "category", "event_source", "group_id"]
    assert created["data"]["data"]["customer"]["name"] == "A"
    assert found["customer.updated"]["data"]["data"]["customer"]["name"] == "B"
    assert created["customer"]["name"] == "B"
    assert created["group_id"].startswith("v-")
    assert created["event_source"] == created["data"]["event_source"]
    assert created["event_source"]["api_key"]["app_id"] == "test-app-id"
    failed = found["customer.publication.failed"]["data"]["data"]["publication"]
    assert (failed["result"], failed["failure_code"]) == ("FAILURE", "voucher_already_published")
    points = found["customer.voucher.loyalty_card.points_added"]
    assert points["campaign"] | {"id": ""} == {
        "id": "",
        "name": "club",
        "campaign_type": "LOYALTY_PROGRAM",
        "object": "campaign",
    }
    assert points["data"]["data"]["voucher"]["code"] == "CARD"
    assert points["data"]["data"]["balance"]["balance"] == 35
    assert found["customer.voucher.gift.balance_added"]["data"]["data"]["balance"]["amount"] == 700
    assert found["customer.voucher.deleted"]["data"]["data"]["voucher"]["code"] == "GONE"
    published = await activity(api, lived, type="customer.publication.succeeded", campaign_type="LOYALTY_PROGRAM")
    assert [one["data"]["data"]["publication"]["voucher"]["code"] for one in published] == ["CARD"]


async def test_who_is_made_by_a_publication_is_made_first(api: httpx.AsyncClient) -> None:
    await api.post("/v1/vouchers/V", json=DISCOUNT)
    assert (await api.post("/v1/publications", json={"voucher": "V", "customer": "new"})).status_code == 200
    assert await types(api, "new") == ["publication.succeeded", "created"]


@pytest.mark.parametrize("order", ["created_at", "-created_at"])
@pytest.mark.parametrize("limit", [1, 2])  # 1: every kind of entry is the last of a page
async def test_pages_show_everything_once(api: httpx.AsyncClient, lived: str, order: str, limit: int) -> None:
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        body = (
            await api.get(f"/v1/customers/{lived}/activity", params={"limit": limit, "order": order, **after})
        ).json()
        seen += [one["type"].removeprefix("customer.") for one in body["data"]]
        if not body["has_more"]:
            break
        after = {"starting_after_id": body["more_starting_after"]}
    assert "more_starting_after" not in body
    assert seen == (ALL[::-1] if order == "created_at" else ALL)
    assert await types(api, lived, starting_after_id="ev_unknown") == []


async def test_narrows_by_what_and_when(api: httpx.AsyncClient, lived: str) -> None:
    campaign_id = (await api.get("/v1/campaigns/club")).json()["id"]
    assert await types(api, lived, campaign_id=campaign_id) == [
        "voucher.loyalty_card.points_added",
        "publication.succeeded",
    ]
    assert await types(api, lived, campaign_id="camp_none") == []
    assert len(await types(api, lived, campaign_type="LOYALTY_PROGRAM")) == 2
    assert await types(api, lived, campaign_type="GIFT_VOUCHERS") == []
    assert await types(api, lived, category="EFFECT") == [ALL[0], ALL[3], ALL[4]]
    assert await types(api, lived, category="EFFECT", type="customer.created") == []
    assert await types(api, lived, type="customer.redemption.succeeded") == []
    moment = (await activity(api, lived, type="customer.updated"))[0]["created_at"]
    assert await types(api, lived, end_date=moment) == ["updated", "created"]
    assert (await types(api, lived, start_date=moment))[-1] == "updated"
    assert await types(api, lived, end_date="2023-01-01") == []


@pytest.mark.parametrize(
    ("query", "word"),
    [({"limit": 0}, ".limit"), ({"limit": 101}, ".limit"), ({"order": "id"}, ".order"), ({"start_date": "x"}, ".start_date"),
     ({"end_date": "x"}, ".end_date"), ({"campaign_type": "x"}, ".campaign_type"), ({"category": "x"}, ".category"), ({"type": "voucher.created"}, ".type")],
)  # fmt: skip
async def test_what_cannot_be_understood_is_named(api: httpx.AsyncClient, query: dict[str, Any], word: str) -> None:
    await api.post("/v1/customers", json={"source_id": "a"})
    answer = await api.get("/v1/customers/a/activity", params=query)
    assert_refused(answer, 400, "invalid_query_params")
    assert word in answer.json()["details"]
