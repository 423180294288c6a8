"""Explicit nulls in bodies of changes: they clear, but those of the Python client's `from_dict` that nobody meant."""

from typing import Any

import pytest

from largesse.wire import campaigns, customers, validation_rules, vouchers
from largesse.wire.customers import AddressInput
from largesse.wire.validation_rules import RuleChanges
from tests.actions.conftest import work_off
from tests.factories.campaigns import make_campaign

PYTHON = {"User-Agent": "OpenAPI-Python-SDK/1.0"}
ELSE = {"User-Agent": "axios/1.6"}
BULK = "/v1/customers/bulk/async"
ANN: dict[str, Any] = {
    "name": "Ann", "email": "ann@example.com", "phone": "+4912345", "address": {"city": "Bonn", "line_1": "Weg 1"},
    "metadata": {"a": 1},
}  # fmt: skip
NO_CUSTOMER: dict[str, None] = dict.fromkeys(
    ["name", "description", "email", "phone", "birthday", "birthdate", "address", "metadata"]
)
NO_ADDRESS: dict[str, None] = dict.fromkeys(AddressInput.__struct_fields__)


async def put(api: Any, pool: Any, body: dict[str, Any], headers: dict[str, str]) -> None:
    assert (await api.put("/v1/customers/ann", json=body, headers=headers)).status_code == 200


async def bulk(api: Any, pool: Any, body: dict[str, Any], headers: dict[str, str]) -> None:
    rows = [{"source_id": "ann", **body}]
    assert (await api.post(BULK, json=rows, headers=headers)).status_code == 202
    await work_off(pool)


@pytest.fixture
async def ann(api):
    await api.post("/v1/customers", json={"source_id": "ann", **ANN})

    async def read() -> dict[str, Any]:
        found = (await api.get("/v1/customers/ann")).json()
        return {name: found.get(name) for name in ANN}

    return read


@pytest.mark.parametrize("change", [put, bulk])
class TestCustomers:
    @pytest.mark.parametrize("headers", [PYTHON, ELSE])
    async def test_a_null_that_was_meant_clears(self, api, pool, ann, change, headers):
        await change(api, pool, {"phone": None, "address": {"line_1": None}, "name": "Anna"}, headers)
        address = {"city": "Bonn", "line_1": None}
        assert await ann() == {**ANN, "name": "Anna", "phone": None, "address": address}
        await change(api, pool, {"metadata": None, "address": None}, headers)
        found = await ann()
        assert (found["metadata"] or {}, found["address"]) == ({}, None)

    async def test_the_nulls_of_from_dict_change_nothing(self, api, pool, ann, change):
        await change(api, pool, {**NO_CUSTOMER, "name": "Anna", "address": {**NO_ADDRESS, "city": "Ulm"}}, PYTHON)
        assert await ann() == {**ANN, "name": "Anna", "address": {**ANN["address"], "city": "Ulm"}}

    async def test_all_nulls_of_others_clear_all(self, api, pool, ann, change):
        await change(api, pool, NO_CUSTOMER, ELSE)
        assert {name: value for name, value in (await ann()).items() if value} == {}

    async def test_a_constructed_customer_may_have_an_address_of_a_dict(self, api, pool, ann, change):
        await change(api, pool, {"email": None, "address": {**NO_ADDRESS, "city": "Ulm"}}, PYTHON)
        assert await ann() == {**ANN, "email": None, "address": {**ANN["address"], "city": "Ulm"}}


class TestBulk:
    async def test_rows_about_one_customer_count_one_after_the_other(self, api, pool, ann):
        rows: list[dict[str, Any]] = [
            {"source_id": "ann", "metadata": {"b": 2}, "email": "b@example.com"},
            {"source_id": "ann", "metadata": None, "email": None},
            {"source_id": "ann", "metadata": {"c": 3}, "address": None, "phone": "+1"},
            {"source_id": "ann", "address": {"city": "Ulm"}},
        ]
        await api.post(BULK, json=rows)
        await work_off(pool)
        assert await ann() == {
            "name": "Ann", "email": None, "phone": "+1", "address": {"city": "Ulm"}, "metadata": {"c": 3},
        }  # fmt: skip

    async def test_a_new_customer_has_nothing_to_clear(self, api, pool):
        await api.post(
            BULK, json=[{"source_id": "new", "name": "N", "email": None}, {"source_id": "new", "name": None}]
        )
        await work_off(pool)
        found = (await api.get("/v1/customers/new")).json()
        assert (found["source_id"], found.get("name")) == ("new", None)

    async def test_clearing_metadata_that_is_required_is_refused(self, api, pool, project, ann):
        await pool.execute(
            "INSERT INTO metadata_schemas (project_id, id, related_object, properties) VALUES ($1, 'ms_1', 'customer', $2)",
            project.id,
            {"a": {"type": "number", "optional": False}},
        )
        made = (await api.post(BULK, json=[{"source_id": "ann", "metadata": None}])).json()["async_action_id"]
        await work_off(pool)
        result = (await api.get(f"/v1/async-actions/{made}")).json()["result"]
        assert (result["failed_count"], (await ann())["metadata"]) == (1, {"a": 1})


class TestOtherChanges:
    async def test_vouchers(self, api, pool):
        body = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}, "additional_info": "x"}
        await api.post("/v1/vouchers/V-1", json={**body, "expiration_date": "2030-01-01T00:00:00Z"})
        everything = dict.fromkeys(vouchers.NULLABLE)
        kept = (await api.put("/v1/vouchers/V-1", json={**everything, "metadata": {"a": 1}}, headers=PYTHON)).json()
        assert (kept["additional_info"], kept["expiration_date"]) == ("x", "2030-01-01T00:00:00.000Z")
        cleared = (await api.put("/v1/vouchers/V-1", json={"expiration_date": None}, headers=PYTHON)).json()
        assert (cleared["additional_info"], cleared["expiration_date"], cleared["metadata"]) == ("x", None, {"a": 1})

    async def test_campaigns(self, api, pool, project):
        await make_campaign(pool, project, name="Camp", vouchers_count=0)
        await api.put("/v1/campaigns/Camp", json={"description": "x", "metadata": {"a": 1}})
        everything = dict.fromkeys(campaigns.NULLABLE)
        kept = (await api.put("/v1/campaigns/Camp", json={**everything, "join_once": True}, headers=PYTHON)).json()
        assert (kept["description"], kept["metadata"], kept["join_once"]) == ("x", {"a": 1}, True)
        cleared = (await api.put("/v1/campaigns/Camp", json={"description": None}, headers=PYTHON)).json()
        assert (cleared["description"], cleared["metadata"]) == (None, {"a": 1})

    async def test_validation_rules(self, api):
        rules = {"1": {"name": "order.amount", "conditions": {"$more_than": [1]}}, "logic": "1"}
        rule = (
            await api.post("/v1/validation-rules", json={"name": "R", "rules": rules, "error": {"message": "m"}})
        ).json()
        path = f"/v1/validation-rules/{rule['id']}"
        everything = dict.fromkeys(RuleChanges.__struct_fields__)
        everything = {name: None for name in everything if name not in {"rules", "bundle_rules"}}
        kept = (await api.put(path, json={**everything, "name": "S"}, headers=PYTHON)).json()
        assert (kept["name"], kept["error"]) == ("S", {"message": "m"})
        kept = (await api.put(path, json={**everything, "context_type": "global"}, headers=PYTHON)).json()
        assert (kept["name"], kept["error"]) == ("S", {"message": "m"})
        assert "error" not in (await api.put(path, json={"error": None}, headers=PYTHON)).json()


def test_the_lists_are_of_fields_that_are_there():
    for struct, names in (
        (vouchers.VoucherChanges, vouchers.NULLABLE),
        (campaigns.CampaignChanges, campaigns.NULLABLE),
        (customers.CustomerInput, tuple(NO_CUSTOMER)),
        (validation_rules.RuleChanges, validation_rules.NULLABLE),
    ):
        assert set(names) <= set(struct.__struct_fields__)
