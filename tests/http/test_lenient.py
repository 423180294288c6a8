"""What unmodified clients send and expect where the contract alone would be stricter."""

import asyncio

import pytest

from largesse.http.routes import all_routes
from largesse.jobs.worker import Worker
from tests.actions.conftest import work_off
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.http.test_publications import assert_refused

RULES = "/v1/validation-rules"
DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


class TestValidationRules:
    async def test_what_a_product_leaves_out_is_filled_in(self, api):
        body = {
            "name": "R",
            "applicable_to": {
                "included": [{"object": "product", "id": "prod_1"}, {"object": "sku", "id": "sku_1", "strict": True}],
                "excluded": [{"object": "product", "id": "prod_2", "effect": "APPLY_TO_CHEAPEST"}],
            },
        }
        made = (await api.post(RULES, json=body)).json()
        assert made["applicable_to"] == {
            "included": [
                {"object": "product", "id": "prod_1", "effect": "APPLY_TO_EVERY", "strict": False},
                {"object": "sku", "id": "sku_1", "effect": "APPLY_TO_EVERY", "strict": True},
            ],
            "excluded": [{"object": "product", "id": "prod_2", "effect": "APPLY_TO_CHEAPEST", "strict": False}],
            "included_all": False,
        }
        path = f"{RULES}/{made['id']}"
        assert (await api.get(path)).json()["applicable_to"] == made["applicable_to"]
        changed = (await api.put(path, json={"applicable_to": {"included": [{"id": "prod_3"}]}})).json()
        assert changed["applicable_to"]["included"] == [{"id": "prod_3", "effect": "APPLY_TO_EVERY", "strict": False}]

    async def test_an_effect_that_is_none_is_refused(self, api):
        body = {"name": "R", "applicable_to": {"included": [{"effect": "APPLY_TO_SOME"}]}}
        assert_refused(await api.post(RULES, json=body), 400, "invalid_payload", "effect")

    @pytest.mark.parametrize(
        "part", ["quantity", "aggregated_quantity", "price", "aggregated_amount", "amount", "subtotal"]
    )
    @pytest.mark.parametrize("prefix", ["", "order.items."])
    async def test_rules_about_items_have_a_short_and_a_long_name(self, api, prefix, part):
        inner = {"1": {"name": prefix + part, "conditions": {"$more_than": [1]}}}
        rules = {"1": {"name": "order.items.any", "conditions": {"$is": [{"id": "prod_1"}]}, "rules": inner}}
        made = await api.post(RULES, json={"name": "R", "rules": rules})
        assert made.json()["rules"]["1"]["rules"]["1"]["name"] == prefix + part

    @pytest.mark.parametrize("name", ["customer_segment", "customer.segment"])
    async def test_segments_have_two_names(self, api, name):
        rules = {"1": {"name": name, "conditions": {"$is": ["seg_1"]}}}
        assert (await api.post(RULES, json={"name": "R", "rules": rules})).json()["rules"]["1"]["name"] == name

    @pytest.mark.parametrize(
        ("numbers", "logic", "answered"),
        [([1], None, "1"), ([7], None, "7"), ([1], "1", "1"), ([1], "", ""), ([1, 2], None, None), ([], None, None)],
    )
    async def test_a_single_rule_is_answered_with_its_logic(self, api, numbers, logic, answered):
        rules = {str(number): {"name": "order.amount", "conditions": {"$more_than": [1]}} for number in numbers}
        rules |= {} if logic is None else {"logic": logic}
        made = (await api.post(RULES, json={"name": "R", "rules": rules, "bundle_rules": rules})).json()
        assert made["rules"].get("logic") == made["bundle_rules"].get("logic") == answered
        listed = (await api.get(RULES)).json()["data"][0]
        assert listed["rules"].get("logic") == answered
        again = await api.put(f"{RULES}/{made['id']}", json={"rules": made["rules"]})  # an answer can be sent back
        assert again.json()["rules"] == made["rules"]


class TestAsyncActions:
    async def test_they_are_in_progress_from_the_start(self, api, pool):
        made = (await api.post("/v1/customers/bulk/async", json=[{"source_id": "a"}])).json()["async_action_id"]
        path = f"/v1/async-actions/{made}"
        for seen in ((await api.get(path)).json(), (await api.get("/v1/async-actions")).json()["async_actions"][0]):
            assert (seen["id"], seen["status"], seen["progress"]) == (made, "IN_PROGRESS", 0)
        await Worker(pool, asyncio.Event()).sweep()
        assert (await api.get(path)).json()["status"] == "IN_PROGRESS"
        await work_off(pool)
        assert (await api.get(path)).json()["status"] == "DONE"


def listings() -> list[tuple[str, str]]:
    """Every GET, with a parameter of its query."""
    return [
        (route.path, name)
        for route in all_routes()
        if "GET" in (route.methods or ()) and "create" not in route.path and "{token}" not in route.path
        for name in getattr(route, "query", {})
        if name != "token"
    ]


class TestEmptyQueryValues:
    @pytest.fixture
    async def world(self, api, pool, project):
        campaign = await make_campaign(pool, project, name="Camp", vouchers_count=0)
        await api.post("/v1/campaigns/Camp/vouchers/V-1")
        await api.post("/v1/publications", json={"voucher": "V-1", "customer": "c"})
        rule = (await api.post(RULES, json={"name": "R"})).json()["id"]
        segment = (await api.post("/v1/segments", json={"name": "S", "customers": ["c"]})).json()["id"]
        return {"campaign_id": campaign, "code": "V-1", "customer_id": "c", "validation_rule_id": rule,
                "segment_id": segment, "member_id": "V-1"}  # fmt: skip

    async def test_they_mean_absent_on_every_list_and_summary(self, api, world):
        asked = 0
        for path, name in listings():
            parameters = [part.split("}")[0] for part in path.split("{")[1:]]
            if path.startswith("/management/") or not set(parameters) <= set(world):
                continue
            address = path.format(**world)
            plain, empty = await api.get(address), await api.get(address, params={name: ""})
            assert plain.status_code in {200, 404}, (address, plain.text)
            assert empty.status_code == plain.status_code, (address, name, empty.text)
            if plain.status_code == 200:
                assert empty.json() == plain.json(), (address, name)
            asked += 1
        assert asked > 100

    async def test_several_at_once(self, api, world):
        summary = "/v1/campaigns/Camp/summary"
        empty = await api.get(f"{summary}?start_date=&end_date=")
        assert empty.json() == (await api.get(summary)).json()
        listed = await api.get(
            "/v1/vouchers?limit=&page=&order=&campaign=&code=&ids=&ids[]=&filters=&filters[junction]="
        )
        assert listed.json()["total"] == 1


class TestVouchersOfACampaign:
    @pytest.fixture
    async def campaign(self, pool, project) -> str:
        return await make_campaign(pool, project, name="Camp", vouchers_count=0)

    @pytest.mark.parametrize("path", ["/v1/campaigns/Camp/vouchers", "/v1/campaigns/Camp/vouchers/V-1"])
    @pytest.mark.parametrize("body", ["5", " 1 \n", "2.5", "-1"])
    async def test_a_bare_number_is_an_empty_body(self, api, pool, campaign, path, body):
        headers = {"Content-Type": "application/json"}
        answer = await api.post(path, content=body, headers=headers)
        assert (answer.status_code, answer.json()["campaign"]) == (200, "Camp")
        assert await pool.fetchval("SELECT count(*) FROM vouchers") == 1

    @pytest.mark.parametrize("body", ['"5"', "[5]", "true", "1e5x", "9" * 50])
    async def test_nothing_else_is(self, api, pool, campaign, body):
        headers = {"Content-Type": "application/json"}
        answer = await api.post("/v1/campaigns/Camp/vouchers", content=body, headers=headers)
        assert answer.status_code == 400, answer.text
        assert await pool.fetchval("SELECT count(*) FROM vouchers") == 0


class TestVoucherMetadataSchema:
    @pytest.mark.parametrize(("sent", "used"), [({}, True), ({"use_voucher_metadata_schema": None}, True),
                                                ({"use_voucher_metadata_schema": False}, False)])  # fmt: skip
    async def test_a_campaign_uses_it_unless_it_says_no(self, api, pool, project, sent, used):
        body = {"name": "C", "voucher": DISCOUNT, "metadata": {"a": 1}, **sent}
        made = (await api.post("/v1/campaigns", json=body)).json()
        assert made["use_voucher_metadata_schema"] is used
        voucher = (await api.post("/v1/campaigns/C/vouchers", json={})).json()
        assert voucher["metadata"] == ({"a": 1} if used else {})
        await add_vouchers(pool, project, None, ["V-1"])
