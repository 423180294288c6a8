"""Balances of gift and loyalty cards, and their transactions, as a client sees them."""

import pytest

from largesse.wire.discounts import AMOUNT_MAX
from tests.events.log import readable
from tests.factories.campaigns import add_vouchers
from tests.http.test_publications import assert_refused
from tests.http.test_segments import hold_cards

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 10000}}


@pytest.fixture
async def card(api) -> str:
    """A gift card of 100.00."""
    answer = await api.post("/v1/vouchers/GIFT-1", json=GIFT)
    assert answer.status_code == 200, answer.json()
    return "GIFT-1"


@pytest.fixture
async def loyalty_card(api) -> str:
    """A published card of 30 points."""
    campaign = {"name": "club", "campaign_type": "LOYALTY_PROGRAM", "voucher": {"type": "LOYALTY_CARD", "loyalty_card": {"points": 30}}}  # fmt: skip
    assert (await api.post("/v1/campaigns", json=campaign)).status_code == 200
    assert (await api.post("/v1/campaigns/club/vouchers/CARD-1", json={})).status_code == 200
    assert (await api.post("/v1/publications", json={"voucher": "CARD-1", "customer": "c"})).status_code == 200
    return "CARD-1"


async def change(api, code: str, amount: object, **more: object):
    return await api.post(f"/v1/vouchers/{code}/balance", json={"amount": amount, **more})


async def gift_of(api, code: str):
    return (await api.get(f"/v1/vouchers/{code}")).json()["gift"]


class TestBalance:
    async def test_anonymous_is_401(self, anonymous, card):
        assert_refused(await change(anonymous, card, 1), 401, "unauthorized")

    async def test_other_project_does_not_see_the_card(self, other_api, card):
        assert_refused(await change(other_api, card, 1), 404, "not_found")

    async def test_a_removal_lowers_the_balance_and_adds_to_what_was_subtracted(self, api, card):
        """A076"""
        assert await gift_of(api, card) == {
            "amount": 10000, "subtracted_amount": 0, "balance": 10000, "effect": "APPLY_TO_ORDER",
        }  # fmt: skip
        voucher_id = (await api.get(f"/v1/vouchers/{card}")).json()["id"]
        answer = await change(api, card, -500, source_id="till-7", reason="returned")
        assert answer.status_code == 200, answer.json()
        assert answer.json() == {
            "amount": -500, "total": 10000, "balance": 9500, "type": "gift_voucher", "operation_type": "MANUAL",
            "object": "balance", "related_object": {"type": "voucher", "id": voucher_id},
        }  # fmt: skip
        assert await gift_of(api, card) == {
            "amount": 10000, "subtracted_amount": 500, "balance": 9500, "effect": "APPLY_TO_ORDER",
        }  # fmt: skip

    async def test_an_addition_raises_the_amount(self, api, card):
        answer = await change(api, card, 300)
        assert (answer.json()["total"], answer.json()["balance"]) == (10300, 10300)
        gift = await gift_of(api, card)
        assert (gift["amount"], gift["subtracted_amount"], gift["balance"]) == (10300, 0, 10300)

    async def test_points_are_added_to_a_published_card(self, api, loyalty_card):
        """A078"""
        answer = await change(api, loyalty_card, 12)
        assert (answer.json()["type"], answer.json()["balance"]) == ("loyalty_card", 42)
        assert (await change(api, loyalty_card, -2)).json()["balance"] == 40
        card = (await api.get(f"/v1/vouchers/{loyalty_card}")).json()["loyalty_card"]
        assert (card["points"], card["subtracted_points"], card["balance"]) == (42, 2, 40)
        assert card["balance"] == card["points"] - card["expired_points"] - card["subtracted_points"]

    async def test_a_card_without_a_holder_has_no_points_to_change(self, api, loyalty_card):
        assert (await api.post("/v1/campaigns/club/vouchers/CARD-2", json={})).status_code == 200
        assert_refused(await change(api, "CARD-2", 1), 400, "invalid_voucher", "holder")

    async def test_a_discount_has_no_balance(self, api, pool, project):
        await add_vouchers(pool, project, None, ["V-1"])
        assert_refused(await change(api, "V-1", 1), 400, "invalid_voucher")

    async def test_a_balance_never_falls_below_0(self, api, card):
        assert_refused(await change(api, card, -10001), 400, "invalid_add_balance_params", "10000")
        assert (await change(api, card, -10000)).json()["balance"] == 0
        assert_refused(await change(api, card, -1), 400, "invalid_add_balance_params")
        assert (await api.get(f"/v1/vouchers/{card}/transactions")).json()["data"][1:] == []

    async def test_a_total_has_a_limit(self, api, card):
        assert_refused(await change(api, card, AMOUNT_MAX), 400, "invalid_add_balance_params", str(AMOUNT_MAX))

    @pytest.mark.parametrize("amount", [0, 1.5, "5", None, True, 10**16, -(10**16), 10**30])
    async def test_what_is_no_amount_is_refused(self, api, card, amount):
        assert_refused(await change(api, card, amount), 400, "invalid_payload", "Property .amount")
        assert (await gift_of(api, card))["balance"] == 10000

    async def test_an_amount_is_needed(self, api, card):
        answer = await api.post(f"/v1/vouchers/{card}/balance", json={"reason": "none"})
        assert_refused(answer, 400, "invalid_payload", "must have required property 'amount'")

    async def test_the_same_source_id_changes_the_balance_once(self, api, pool, card):
        first = await change(api, card, -100, source_id="same", reason="first")
        assert (await change(api, card, -50, source_id="other")).json()["balance"] == 9850
        for _ in range(2):
            again = await change(api, card, -100, source_id="same", reason="asked again")
            assert (again.status_code, again.json()) == (200, first.json())
        assert (await gift_of(api, card))["balance"] == 9850
        listed = (await api.get(f"/v1/vouchers/{card}/transactions")).json()["data"]
        assert [one["source_id"] for one in listed] == ["other", "same"]
        events = await pool.fetchval("SELECT count(*) FROM events WHERE type LIKE 'voucher.%transaction%'")
        assert events == 2

    async def test_all_that_a_card_has_can_be_removed_twice_with_one_source_id(self, api, card):
        first = await change(api, card, -10000, source_id="all")
        again = await change(api, card, -10000, source_id="all")
        assert (again.status_code, again.json()) == (200, first.json())
        assert_refused(await change(api, card, -10000, source_id="more"), 400, "invalid_add_balance_params")

    async def test_points_are_added_once_for_a_source_id(self, api, loyalty_card):
        for _ in range(2):
            assert (await change(api, loyalty_card, 7, source_id="visit-1")).json()["balance"] == 37

    async def test_another_change_with_a_known_source_id_is_refused(self, api, card):
        await change(api, card, -100, source_id="same")
        assert_refused(
            await change(api, card, 300, source_id="same"), 400, "invalid_add_balance_params", "another source_id"
        )
        assert (await gift_of(api, card))["balance"] == 9900

    async def test_a_source_id_belongs_to_one_card(self, api, card, loyalty_card):
        assert (await change(api, card, 5, source_id="order-1")).json()["balance"] == 10005
        assert (await change(api, loyalty_card, 5, source_id="order-1")).json()["balance"] == 35

    async def test_without_a_source_id_twice_is_twice(self, api, card):
        for balance in (9900, 9800):
            assert (await change(api, card, -100)).json()["balance"] == balance

    async def test_a_binned_card_is_not_found(self, api, card):
        await api.delete(f"/v1/vouchers/{card}")
        assert_refused(await change(api, card, 1), 404, "not_found")

    async def test_each_change_leaves_one_event_with_both_records(self, api, pool, card):
        await change(api, card, -500)
        await change(api, card, -999_999)
        rows = await pool.fetch("SELECT type, data::text FROM events WHERE type LIKE 'voucher.%transaction%'")
        assert [row["type"] for row in rows] == ["voucher.gift.transaction.created"]
        assert '"balance": 9500' in rows[0]["data"]
        assert '"subtracted": 500' in rows[0]["data"]

    async def test_it_is_told_with_its_campaign(self, api, pool, project):
        await hold_cards(api, "a")
        await change(api, "CARD", 5)
        await readable(pool)
        found = (await api.get("/v1/events?type=voucher.loyalty_card.transaction.created")).json()["data"]
        assert [one["data"]["campaign"]["name"] for one in found] == ["club"]
        assert found[0]["data"]["voucher"]["campaign"] == "club"


class TestTransactions:
    async def test_anonymous_is_401(self, anonymous, card):
        assert_refused(await anonymous.get(f"/v1/vouchers/{card}/transactions"), 401, "unauthorized")

    async def test_other_project_does_not_see_the_card(self, other_api, card):
        assert_refused(await other_api.get(f"/v1/vouchers/{card}/transactions"), 404, "not_found")

    async def test_a_transaction_has_every_documented_key(self, api, card):
        changed = (await change(api, card, -500, source_id="till-7", reason="returned")).json()
        body = (await api.get(f"/v1/vouchers/{card}/transactions")).json()
        [transaction] = body.pop("data")
        assert body == {"object": "list", "data_ref": "data", "has_more": False}
        assert transaction.pop("id").startswith("vtx_")
        assert transaction.pop("created_at").endswith("Z")
        assert transaction == {
            "source_id": "till-7", "voucher_id": changed["related_object"]["id"], "campaign_id": None, "source": "API",
            "reason": "returned", "type": "CREDITS_REMOVAL", "details": {"balance": changed},
            "related_transaction_id": None,
        }  # fmt: skip

    async def test_types_say_what_was_changed(self, api, loyalty_card):
        await change(api, loyalty_card, 5)
        await change(api, loyalty_card, -1)
        data = (await api.get(f"/v1/vouchers/{loyalty_card}/transactions")).json()["data"]
        assert [row["type"] for row in data] == ["POINTS_REMOVAL", "POINTS_ADDITION"]
        assert {row["campaign_id"][:5] for row in data} == {"camp_"}

    @pytest.mark.parametrize("order", ["id", "-id", None])
    async def test_pages_follow_each_other_without_gap_or_repetition(self, api, card, order):
        for amount in range(1, 8):
            await change(api, card, amount)
        query = {"limit": "3"} | ({"order": order} if order else {})
        seen: list[int] = []
        after: dict[str, str] = {}
        for length, more in ((3, True), (3, True), (1, False)):
            body = (await api.get(f"/v1/vouchers/{card}/transactions", params=query | after)).json()
            assert (len(body["data"]), body["has_more"]) == (length, more)
            seen += [row["details"]["balance"]["amount"] for row in body["data"]]
            assert ("more_starting_after" in body) is more
            after = {"starting_after_id": body.get("more_starting_after", "")}
        assert seen == (list(range(1, 8)) if order == "id" else list(range(7, 0, -1)))

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "order=created_at"])
    async def test_what_cannot_be_listed_is_refused(self, api, card, query):
        assert_refused(await api.get(f"/v1/vouchers/{card}/transactions?{query}"), 400, "invalid_query_params")

    async def test_another_cards_transactions_are_not_shown(self, api, card):
        await api.post("/v1/vouchers/GIFT-2", json=GIFT)
        await change(api, "GIFT-2", 1)
        assert (await api.get(f"/v1/vouchers/{card}/transactions")).json()["data"] == []


class TestCampaignTransactions:
    PATH = "/v1/campaigns/club/transactions"

    async def test_anonymous_is_401(self, anonymous):
        assert_refused(await anonymous.get(self.PATH), 401, "unauthorized")

    async def test_other_project_does_not_see_the_campaign(self, other_api, loyalty_card):
        assert_refused(await other_api.get(self.PATH), 404, "not_found")

    @pytest.mark.parametrize("order", ["id", "-id"])
    async def test_all_cards_of_the_campaign_are_listed_and_no_others(self, api, card, loyalty_card, order):
        await api.post("/v1/campaigns/club/vouchers/CARD-2", json={})
        await api.post("/v1/publications", json={"voucher": "CARD-2", "customer": "d"})
        for code, amount in ((loyalty_card, 1), ("CARD-2", 2), (card, 3), (loyalty_card, 4)):
            assert (await change(api, code, amount)).status_code == 200
        first = (await api.get(self.PATH, params={"limit": "2", "order": order})).json()
        rest = (
            await api.get(self.PATH, params={"order": order, "starting_after_id": first["more_starting_after"]})
        ).json()
        amounts = [row["details"]["balance"]["amount"] for row in first["data"] + rest["data"]]
        assert amounts == ([1, 2, 4] if order == "id" else [4, 2, 1])
        assert (first["has_more"], rest["has_more"], rest.get("more_starting_after")) == (True, False, None)

    async def test_filters_narrow_by_transaction_and_card(self, api, loyalty_card):
        await api.post("/v1/campaigns/club/vouchers/CARD-2", json={})
        await api.post("/v1/publications", json={"voucher": "CARD-2", "customer": "d"})
        changed = (await change(api, "CARD-2", 2)).json()
        await change(api, loyalty_card, 1)
        await change(api, loyalty_card, 3)

        async def amounts(**query: str) -> list[int]:
            answer = await api.get(self.PATH, params=query)
            assert answer.status_code == 200, answer.text
            return [row["details"]["balance"]["amount"] for row in answer.json()["data"]]

        card = {"filters[voucher_id][conditions][$is]": changed["related_object"]["id"]}
        assert await amounts(**card) == [2]
        assert await amounts(**{"filters[voucher_id][conditions][$is_not]": changed["related_object"]["id"]}) == [3, 1]
        newest = (await api.get(self.PATH)).json()["data"][0]["id"]
        one = {"filters[id][conditions][$in][0]": newest}
        assert await amounts(**card, **one) == []
        assert await amounts(**card, **one, **{"filters[junction]": "or"}) == [3, 2]

    async def test_unknown_fields_are_named(self, api, loyalty_card):
        answer = await api.get(self.PATH + "?filters[reason][conditions][$is]=x")
        assert_refused(answer, 400, "invalid_query_params")
        assert ".filters.reason is not a field" in answer.json()["details"]

    async def test_one_card_has_none_and_says_so(self, api, card):
        answer = await api.get(f"/v1/vouchers/{card}/transactions?filters[id][conditions][$is]=x")
        assert_refused(answer, 400, "invalid_query_params", "Property .filters is not supported here")
