"""What an answer shows where nothing was said: as the official clients expect it."""

import pytest

from largesse.store import categories
from tests.actions.conftest import work_off
from tests.factories.campaigns import add_vouchers, make_campaign

DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


class TestMetadata:
    async def test_a_customer_without_any_has_no_such_key(self, api):
        made = (await api.post("/v1/customers", json={"source_id": "ann", "name": "Ann"})).json()
        got, listed = (await api.get("/v1/customers/ann")).json(), (await api.get("/v1/customers")).json()["customers"]
        changed = (await api.put("/v1/customers/ann", json={"name": "Anna"})).json()
        for customer in (made, got, *listed, changed):
            assert "metadata" not in customer
            assert customer["system_metadata"] == {}
        some = (await api.put("/v1/customers/ann", json={"metadata": {"a": 1}})).json()
        assert some["metadata"] == {"a": 1}

    async def test_a_campaign_without_any_has_no_such_key(self, api):
        made = (await api.post("/v1/campaigns", json={"name": "C", "voucher": DISCOUNT})).json()
        got, listed = (await api.get("/v1/campaigns/C")).json(), (await api.get("/v1/campaigns")).json()["campaigns"]
        summary = (await api.get("/v1/campaigns/C/summary")).json()["campaign"]
        assert not any("metadata" in campaign for campaign in (made, got, *listed, summary))
        assert (await api.put("/v1/campaigns/C", json={"metadata": {"a": 1}})).json()["metadata"] == {"a": 1}

    async def test_a_publications_customer_and_a_voucher_always_have_it(self, api, pool, project):
        await add_vouchers(pool, project, None, ["V-1"])
        made = (await api.post("/v1/publications", json={"voucher": "V-1", "customer": "c"})).json()
        assert made["metadata"] == made["customer"]["metadata"] == made["voucher"]["metadata"] == {}


async def test_an_address_is_null(api):
    assert (await api.post("/v1/customers", json={"source_id": "ann"})).json()["address"] is None
    body = {"address": {"city": "Ulm"}}
    assert (await api.put("/v1/customers/ann", json=body)).json()["address"] == {"city": "Ulm"}
    assert (await api.put("/v1/customers/ann", json={"address": None})).json()["address"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/c/activity",
        "/v1/customers/c/redeemables",
        "/v1/referrals/members/R-1/holders",
        "/v1/vouchers/G-1/transactions",
        "/v1/campaigns/Cards/transactions",
        "/v1/trash-bin",
    ],
)
async def test_only_a_page_with_another_behind_it_says_where_that_begins(api, pool, project, path):
    cards = {"name": "Cards", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}}
    assert (await api.post("/v1/campaigns", json=cards)).status_code == 200
    referral = await make_campaign(pool, project, name="Friends", vouchers_count=0, campaign_type="REFERRAL_PROGRAM")
    await api.post(f"/v1/campaigns/{referral}/vouchers/R-1")
    for code in ("G-1", "G-2"):
        await api.post(f"/v1/campaigns/Cards/vouchers/{code}")
        await api.post("/v1/publications", json={"voucher": code, "customer": "c"})
    for amount in (5, 6):
        await api.post("/v1/vouchers/G-1/balance", json={"amount": amount})
    await api.post("/v1/publications", json={"voucher": "R-1", "customer": "c"})
    await api.post("/v1/referrals/members/R-1/holders", json={"holders": [{"source_id": "d"}, {"source_id": "e"}]})
    await add_vouchers(pool, project, None, ["X-1", "X-2"])
    for code in ("X-1", "X-2"):
        await api.delete(f"/v1/vouchers/{code}")
    first = (await api.get(path, params={"limit": 1})).json()
    assert (first["has_more"], bool(first["more_starting_after"])) == (True, True)
    whole = (await api.get(path, params={"limit": 100})).json()
    assert (whole["has_more"], "more_starting_after" in whole) == (False, False)


async def test_categories_say_whether_there_are_more(api, monkeypatch):
    for name in ("A", "B"):
        await api.post("/v1/categories", json={"name": name, "hierarchy": 0})
    assert (await api.get("/v1/categories")).json()["has_more"] is False
    monkeypatch.setattr(categories, "LIST_MAX", 1)
    listed = (await api.get("/v1/categories")).json()
    assert (listed["has_more"], [each["name"] for each in listed["data"]]) == (True, ["B"])


async def test_numbers_are_zero(api, pool):
    programme = {"name": "L", "campaign_type": "LOYALTY_PROGRAM"}
    card = {"type": "LOYALTY_CARD", "loyalty_card": {"points": 5}}
    await api.post("/v1/campaigns", json={**programme, "voucher": card})
    voucher = (await api.post("/v1/campaigns/L/vouchers/L-1")).json()
    numbers = {name: voucher["loyalty_card"][name] for name in voucher["loyalty_card"] if "date" not in name}
    assert numbers == {
        "points": 5, "balance": 5, "next_expiration_points": 0, "pending_points": 0, "expired_points": 0,
        "subtracted_points": 0,
    }  # fmt: skip
    made = (await api.post("/v1/customers/bulk/async", json=[{"source_id": "a"}])).json()["async_action_id"]
    action = (await api.get(f"/v1/async-actions/{made}")).json()
    assert (action["progress"], action["processing_time"]) == (0, 0)
    await work_off(pool)
    assert (await api.get(f"/v1/async-actions/{made}")).json()["processing_time"] >= 0
