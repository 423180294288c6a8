"""/v1/validation-rules and their assignments."""

from typing import Any

import httpx
import pytest

from largesse.store.connection import Pool
from tests.actions.conftest import work_off

RULES = {"1": {"name": "order.amount", "conditions": {"$more_than": [1000]}}, "logic": "1"}
DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


async def make_rule(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post("/v1/validation-rules", json={"name": "Large orders", "rules": RULES, **fields})
    assert answer.status_code == 200, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


async def make_voucher(api: httpx.AsyncClient, code: str, **fields: Any) -> dict[str, Any]:
    answer = await api.post(f"/v1/vouchers/{code}", json={**DISCOUNT, **fields})
    assert answer.status_code == 200, answer.text
    voucher: dict[str, Any] = answer.json()
    return voucher


async def assigned(api: httpx.AsyncClient, path: str) -> list[str]:
    """The rules of an object."""
    listed = (await api.get(path)).json()["validation_rules_assignments"]
    assert listed["total"] == len(listed["data"])
    return [assignment["rule_id"] for assignment in listed["data"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/validation-rules"),
        ("GET", "/v1/validation-rules"),
        ("GET", "/v1/validation-rules/val_1"),
        ("PUT", "/v1/validation-rules/val_1"),
        ("DELETE", "/v1/validation-rules/val_1"),
        ("POST", "/v1/validation-rules/val_1/assignments"),
        ("GET", "/v1/validation-rules-assignments"),
    ],
)
async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await anonymous.request(method, path, json={})).status_code == 401


class TestRules:
    async def test_a_rule_comes_back_as_it_was_sent(self, api: httpx.AsyncClient, pool: Pool) -> None:
        sent = {
            "error": {"message": "Too small"},
            "applicable_to": {
                "included": [{"object": "product", "id": "prod_1", "effect": "APPLY_TO_EVERY", "strict": False}]
            },
            "type": "basic",
            "context_type": "campaign.discount_coupons",
        }
        rule = await make_rule(api, **sent)
        assert rule["id"].startswith("val_")
        assert len(rule["id"]) == 4 + 12
        assert rule["applicable_to"] == {**sent["applicable_to"], "excluded": [], "included_all": False}  # type: ignore[dict-item]
        expected = {
            **sent,
            "rules": RULES,
            "name": "Large orders",
            "assignments_count": 0,
            "object": "validation_rules",
        }
        assert {name: rule[name] for name in expected if name != "applicable_to"} == {
            name: value for name, value in expected.items() if name != "applicable_to"
        }
        assert (await api.get(f"/v1/validation-rules/{rule['id']}")).json() == rule
        assert [row["type"] for row in await pool.fetch("SELECT type FROM events")] == [
            "business_validation_rule.created"
        ]

    async def test_what_is_not_said_has_its_default(self, api: httpx.AsyncClient) -> None:
        rule = (await api.post("/v1/validation-rules", json={"name": "Empty"})).json()
        assert (rule["rules"], rule["type"], rule["context_type"]) == ({}, "expression", "global")
        assert rule["applicable_to"] == {"included": [], "excluded": [], "included_all": False}

    @pytest.mark.parametrize(
        ("body", "key"),
        [
            ({}, "invalid_payload"),
            ({"name": ""}, "invalid_payload"),
            ({"name": "x", "type": "odd"}, "invalid_payload"),
            ({"name": "x", "context_type": "campaign.elsewhere"}, "invalid_payload"),
            ({"name": "x", "applicable_to": {"included": [{"effect": "APPLY_NOW"}]}}, "invalid_payload"),
            ({"name": "x", "applicable_to": {"excluded": [{"effect": "APPLY_TO_EVERY", "quantity_limit": "1"}]}}, "invalid_payload"),
            ({"name": "x", "rules": {"1": {"name": "custom_event.metadata", "conditions": {"$is": [1]}}}}, "invalid_validation_rules"),
            ({"name": "x", "bundle_rules": {"a": {}}}, "invalid_validation_rules"),
            ({"name": "x", "applicable_to": {"included": [{"id": "prod_1", "strict": 1}]}}, "invalid_payload"),
        ],
    )  # fmt: skip
    async def test_what_makes_no_rule_is_refused(self, api: httpx.AsyncClient, body: Any, key: str) -> None:
        answer = await api.post("/v1/validation-rules", json=body)
        assert (answer.status_code, answer.json()["key"]) == (400, key)
        assert (await api.get("/v1/validation-rules")).json()["total"] == 0

    async def test_a_rule_has_a_largest_size_whatever_it_is_made_of(self, api: httpx.AsyncClient) -> None:
        half = {"1": {"name": "order.amount", "conditions": {"$is": ["x" * 40_000]}}}
        rule = await make_rule(api, rules=half)
        for answer in (
            await api.post("/v1/validation-rules", json={"name": "x", "rules": half, "bundle_rules": half}),
            await api.put(f"/v1/validation-rules/{rule['id']}", json={"bundle_rules": half}),
        ):
            assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
            assert "longer than 65536 bytes" in answer.json()["details"]
        assert (await api.get(f"/v1/validation-rules/{rule['id']}")).json()["bundle_rules"] == {}

    async def test_a_change_replaces_what_it_names(self, api: httpx.AsyncClient) -> None:
        rule = await make_rule(api, error={"message": "Too small"}, bundle_rules=RULES)
        path = f"/v1/validation-rules/{rule['id']}"
        changed = (await api.put(path, json={"name": "New", "bundle_rules": None, "error": None})).json()
        assert (changed["name"], changed["rules"], changed["bundle_rules"]) == ("New", RULES, {})
        assert "error" not in changed
        assert changed["updated_at"] >= rule["created_at"]
        assert (await api.put(path, json={"rules": {"x": {}}})).json()["key"] == "invalid_validation_rules"
        assert (await api.get(path)).json() == changed

    async def test_deleting_takes_the_assignments_along(self, api: httpx.AsyncClient, pool: Pool) -> None:
        rule = await make_rule(api)
        await make_voucher(api, "a", validation_rules=[rule["id"]])
        assert (await api.delete(f"/v1/validation-rules/{rule['id']}")).status_code == 204
        assert await assigned(api, "/v1/vouchers/a") == []
        assert (await api.delete(f"/v1/validation-rules/{rule['id']}")).json()["resource_type"] == "validation_rules"

    async def test_the_list_has_orders_pages_and_dates(self, api: httpx.AsyncClient) -> None:
        made = [await make_rule(api, name=name) for name in ("b", "a", "c")]
        listed = (await api.get("/v1/validation-rules", params={"order": "name", "limit": 2})).json()
        assert ([rule["name"] for rule in listed["data"]], listed["total"]) == (["a", "b"], 3)
        newest = (await api.get("/v1/validation-rules")).json()["data"]
        assert [rule["id"] for rule in newest] == [rule["id"] for rule in reversed(made)]
        assert (await api.get("/v1/validation-rules", params={"start_date": "2999-01-01"})).json()["total"] == 0
        assert (await api.get("/v1/validation-rules", params={"end_date": "2999-01-01"})).json()["total"] == 3
        assert (await api.get("/v1/validation-rules", params={"page": 101})).status_code == 400


class TestAssignments:
    @pytest.mark.row("A192", "A096")
    async def test_a_voucher_and_a_campaign_show_what_they_have(self, api: httpx.AsyncClient) -> None:
        own, campaigns = await make_rule(api), await make_rule(api, name="campaign's")
        await api.post("/v1/campaigns", json={"name": "c", "voucher": DISCOUNT})
        code = (await api.post("/v1/campaigns/c/vouchers")).json()["code"]
        for rule, type_, name in ((own, "voucher", code), (campaigns, "campaign", "c")):
            path = f"/v1/validation-rules/{rule['id']}/assignments"
            answer = await api.post(path, json={"related_object_type": type_, "related_object_id": name})
            assert answer.status_code == 200, answer.text
            assignment = answer.json()
            assert assignment["id"].startswith("asgm_")
            assert (assignment["rule_id"], assignment["related_object_type"]) == (rule["id"], type_)
            assert assignment["object"] == "validation_rules_assignment"
            assert (assignment["validation_status"], assignment["validation_omitted_rules"]) == ("VALID", [])
            assert {"related_object_id", "created_at", "updated_at"} <= assignment.keys()
        assert await assigned(api, f"/v1/vouchers/{code}") == [own["id"], campaigns["id"]]
        assert await assigned(api, "/v1/campaigns/c") == [campaigns["id"]]
        published = (await api.post("/v1/publications", json={"voucher": code, "customer": "a"})).json()["voucher"]
        shown = published["validation_rules_assignments"]["data"]
        assert [assignment["rule_id"] for assignment in shown] == [own["id"], campaigns["id"]]
        wallet = (await api.get("/v1/customers/a/redeemables")).json()["data"]
        assert wallet[0]["redeemable"]["voucher"]["validation_rules_assignments"]["total"] == 2
        (listed,) = (await api.get("/v1/vouchers")).json()["vouchers"]
        assert listed["validation_rules_assignments"]["total"] == 2
        assert (await api.get(f"/v1/validation-rules/{own['id']}")).json()["assignments_count"] == 1

    async def test_they_are_made_with_the_object(self, api: httpx.AsyncClient) -> None:
        rule = await make_rule(api)
        voucher = await make_voucher(api, "a", validation_rules=[rule["id"]])
        assert voucher["validation_rules_assignments"]["data"][0]["rule_id"] == rule["id"]
        body = {"name": "c", "voucher": DISCOUNT, "validation_rules": [rule["id"]], "vouchers_count": 1}
        assert (await api.post("/v1/campaigns", json=body)).json()["validation_rules_assignments"]["total"] == 1
        added = await api.post("/v1/campaigns/c/vouchers/x", json={"validation_rules": [rule["id"]]})
        assert added.json()["validation_rules_assignments"]["total"] == 2

    async def test_an_unknown_rule_makes_no_object(self, api: httpx.AsyncClient) -> None:
        answer = await api.post("/v1/vouchers/a", json={**DISCOUNT, "validation_rules": ["val_none"]})
        assert (answer.status_code, answer.json()["resource_id"]) == (404, "val_none")
        assert (await api.get("/v1/vouchers/a")).status_code == 404
        two = {"name": "c", "voucher": DISCOUNT, "validation_rules": ["val_1", "val_2"]}
        assert (await api.post("/v1/campaigns", json=two)).json()["key"] == "invalid_campaign"

    async def test_the_same_again_is_a_conflict(self, api: httpx.AsyncClient) -> None:
        rule, voucher = await make_rule(api), await make_voucher(api, "a")
        path = f"/v1/validation-rules/{rule['id']}/assignments"
        first = (await api.post(path, json={"related_object_id": "a"})).json()
        again = await api.post(path, json={"related_object_id": voucher["id"]})
        assert (again.status_code, again.json()["key"]) == (409, "duplicate_found")
        assert again.json()["resource_id"] == first["id"]

    @pytest.mark.parametrize("type_", ["voucher", "campaign"])
    async def test_an_unknown_object_is_not_found(self, api: httpx.AsyncClient, type_: str) -> None:
        path = f"/v1/validation-rules/{(await make_rule(api))['id']}/assignments"
        answer = await api.post(path, json={"related_object_type": type_, "related_object_id": "x"})
        assert (answer.status_code, answer.json()["resource_type"]) == (404, type_)

    async def test_removing_removes_the_assignment_only(self, api: httpx.AsyncClient) -> None:
        rule, other = await make_rule(api), await make_rule(api)
        voucher = await make_voucher(api, "a", validation_rules=[rule["id"], other["id"]])
        id_ = next(
            entry["id"] for entry in voucher["validation_rules_assignments"]["data"] if entry["rule_id"] == rule["id"]
        )
        assert (await api.delete(f"/v1/validation-rules/{other['id']}/assignments/{id_}")).status_code == 404
        assert (await api.delete(f"/v1/validation-rules/{rule['id']}/assignments/{id_}")).status_code == 204
        assert await assigned(api, "/v1/vouchers/a") == [other["id"]]
        assert (await api.get(f"/v1/validation-rules/{rule['id']}")).status_code == 200

    async def test_lists_by_rule_and_by_object(self, api: httpx.AsyncClient) -> None:
        rule, other = await make_rule(api), await make_rule(api)
        voucher = await make_voucher(api, "a", validation_rules=[rule["id"], other["id"]])
        await make_voucher(api, "b", validation_rules=[rule["id"]])

        async def total(path: str, **params: str) -> int:
            found: int = (await api.get(path, params=params)).json()["total"]
            return found

        everything = "/v1/validation-rules-assignments"
        assert await total(f"/v1/validation-rules/{rule['id']}/assignments") == 2
        assert await total(everything) == 3
        assert await total(everything, rule=other["id"]) == 1
        assert await total(everything, related_object_id=voucher["id"]) == 2
        assert (await api.get("/v1/validation-rules/val_none/assignments")).status_code == 404

    async def test_they_go_with_what_is_deleted_for_good(self, api: httpx.AsyncClient, pool: Pool) -> None:
        rule = await make_rule(api)
        await make_voucher(api, "a", validation_rules=[rule["id"]])
        await api.post("/v1/campaigns", json={"name": "c", "voucher": DISCOUNT, "validation_rules": [rule["id"]]})
        await api.post("/v1/campaigns/c/vouchers/x", json={"validation_rules": [rule["id"]]})
        await api.delete("/v1/vouchers/a")
        assert (await api.get(f"/v1/validation-rules/{rule['id']}")).json()["assignments_count"] == 3
        await api.delete("/v1/vouchers/a", params={"force": True})
        await api.delete("/v1/campaigns/c", params={"force": True})
        await work_off(pool)
        assert (await api.get(f"/v1/validation-rules/{rule['id']}")).json()["assignments_count"] == 0

    async def test_they_go_with_what_is_removed_from_the_bin(self, api: httpx.AsyncClient, pool: Pool) -> None:
        rule = await make_rule(api)
        await make_voucher(api, "a", validation_rules=[rule["id"]])
        await api.delete("/v1/vouchers/a")
        (entry,) = (await api.get("/v1/trash-bin")).json()["data"]
        assert (await api.delete(f"/v1/trash-bin/{entry['id']}")).status_code == 204
        assert (await api.get(f"/v1/validation-rules/{rule['id']}")).json()["assignments_count"] == 0
        assert await pool.fetchval("SELECT count(*) FROM validation_rules_assignments") == 0
