"""What metadata must be like: defined by the management API, held to by every write."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.http.app import App
from largesse.store.connection import Pool
from tests.http.conftest import client_of, make_key

PATH = "/v1/metadata-schemas"
TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
NUMBER = {"type": "number", "optional": False}


@pytest.fixture
async def manager(app: App, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    await make_key(pool, None, app_id="manager", token="m", kind="management")
    async with client_of(app, {"X-Management-Id": "manager", "X-Management-Token": "m"}) as client:
        yield client


@pytest.fixture
def managed(project: Project) -> str:
    return f"/management/v1/projects/{project.public_id}/metadata-schemas"


async def define(manager: httpx.AsyncClient, managed: str, resource: str, **properties: Any) -> dict[str, Any]:
    answer = await manager.post(managed, json={"related_object": resource, "properties": properties})
    assert answer.status_code == 200, answer.text
    schema: dict[str, Any] = answer.json()
    return schema


def refused(answer: httpx.Response, *details: str) -> bool:
    body = answer.json()
    assert (answer.status_code, body["key"]) == (400, "metadata_validation_failed"), answer.text
    assert body["message"] == "Metadata validation failed"
    return all(text in body["details"] for text in details)


class TestDefinitions:
    async def test_a_schema_is_made_read_changed_and_deleted(
        self, api: httpx.AsyncClient, manager: httpx.AsyncClient, managed: str
    ) -> None:
        made = await define(manager, managed, "publication", size={**NUMBER, "gte": 1, "lt": 9.5})
        assert made["id"].startswith("ms_")
        assert made["properties"] == {
            "size": {"type": "number", "array": False, "optional": False, "object_type": None, "gte": 1, "lt": 9.5}
        }
        assert (made["allow_defined_only"], made["updated_at"], made["object"]) == (False, None, "metadata_schema")
        body = {"properties": {"name": {"type": "string", "max_length": 5}}, "allow_defined_only": True}
        changed = (await manager.put(f"{managed}/{made['id']}", json=body)).json()
        assert sorted(changed["properties"]) == ["name", "size"]  # what wasn't sent stays
        assert changed["updated_at"] is not None
        assert (await manager.get(f"{managed}/{made['id']}")).json() == changed
        listed = (await manager.get(managed)).json()
        assert listed == {"object": "list", "data_ref": "data", "data": [changed], "total": 1}
        seen = (await api.get(f"{PATH}/publication")).json()
        assert seen["properties"]["name"] == {
            "type": "string", "array": False, "optional": False, "objectType": None, "maxLength": 5
        }  # fmt: skip
        assert (await api.get(PATH)).json() == {
            "object": "list", "data_ref": "schemas", "schemas": [seen], "data": [seen], "total": 1
        }  # fmt: skip
        assert (await manager.delete(f"{managed}/{made['id']}")).status_code == 204
        for answer in (await api.get(f"{PATH}/publication"), await manager.get(f"{managed}/{made['id']}")):
            assert (answer.status_code, answer.json()["resource_type"]) == (404, "metadata schema")

    async def test_another_project_sees_nothing(
        self, other_api: httpx.AsyncClient, manager: httpx.AsyncClient, managed: str
    ) -> None:
        made = await define(manager, managed, "customer", a={"type": "string"})
        assert (await other_api.get(PATH)).json()["total"] == 0
        assert (await other_api.get(f"{PATH}/customer")).status_code == 404
        foreign = "/management/v1/projects/proj_Other0000000/metadata-schemas"
        for method in ("GET", "DELETE"):
            assert (await manager.request(method, f"{foreign}/{made['id']}")).status_code == 404
        assert (await manager.put(f"{foreign}/{made['id']}", json={})).status_code == 404

    @pytest.mark.parametrize(
        ("definition", "fault"),
        [
            ({}, "must have required property 'type'"),
            ({"type": "text"}, "must be equal to one of the allowed values"),
            ({"type": "number", "min_length": 1}, "min_length is available only for the type string"),
            ({"type": "string", "lt": 1}, "lt is available only for the type number"),
            ({"type": "boolean", "eq": ["a"]}, "eq is available only for the type string and number"),
            ({"type": "number", "eq": ["a"]}, "eq must hold values of the type number"),
            ({"type": "object"}, "object_type must be the related_object of a nested object's schema"),
            ({"type": "object", "object_type": "customer"}, "object_type must be"),
            ({"type": "string", "object_type": "X"}, "object_type is available only for the type object"),
            ({"type": "string", "min_length": -1}, "must be >= 0"),
        ],
    )
    async def test_a_definition_that_cannot_be_is_refused(
        self, manager: httpx.AsyncClient, managed: str, definition: dict[str, Any], fault: str
    ) -> None:
        body = {"related_object": "voucher", "properties": {"k": definition, "x": {"type": "object"}}}
        answer = await manager.post(managed, json=body)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert fault in answer.json()["details"]
        assert (await manager.get(managed)).json()["total"] == 0

    async def test_the_type_never_changes_and_a_resource_has_one_schema(
        self, manager: httpx.AsyncClient, managed: str
    ) -> None:
        made = await define(manager, managed, "voucher", k={"type": "string"})
        answer = await manager.put(f"{managed}/{made['id']}", json={"properties": {"k": {"type": "number"}}})
        assert answer.json()["details"] == "Property .properties.k.type cannot be changed"
        again = await manager.post(managed, json={"related_object": "voucher", "properties": {}})
        assert (again.status_code, again.json()["key"]) == (409, "duplicate_found")

    async def test_a_hundred_definitions_and_no_more(self, manager: httpx.AsyncClient, managed: str) -> None:
        made = await define(manager, managed, "voucher", **{f"k{n}": {"type": "string"} for n in range(100)})
        body = {"properties": {"k1": {"type": "string", "deleted": True}, "more": {"type": "string"}}}
        answer = await manager.put(f"{managed}/{made['id']}", json=body)
        assert "must not have more than 100 definitions" in answer.json()["details"]  # deleted ones count

    async def test_an_object_is_nested_once_and_stays_while_it_is_used(
        self, api: httpx.AsyncClient, manager: httpx.AsyncClient, managed: str
    ) -> None:
        place = await define(manager, managed, "Place", city={"type": "string", "optional": False})
        answer = await manager.post(
            managed, json={"related_object": "World", "properties": {"p": {"type": "object", "object_type": "Place"}}}
        )
        assert "must not be an object within a nested object" in answer.json()["details"]
        await define(manager, managed, "customer", home={"type": "object", "object_type": "Place", "optional": True})
        used = await manager.delete(f"{managed}/{place['id']}")
        assert (used.status_code, used.json()["key"]) == (400, "resource_in_use")
        assert (await api.post("/v1/customers", json={"metadata": {"home": {"city": "Warsaw"}}})).status_code == 200
        wrong: list[Any] = [{}, {"city": 7}, "Warsaw", []]
        for home in wrong:
            assert refused(await api.post("/v1/customers", json={"metadata": {"home": home}}), "home")


class TestWrites:
    async def test_customers_are_held_to_their_schema(
        self, api: httpx.AsyncClient, manager: httpx.AsyncClient, managed: str
    ) -> None:
        old = (await api.post("/v1/customers", json={"source_id": "old", "metadata": {"age": "ten"}})).json()
        await define(manager, managed, "customer", age=NUMBER, name={"type": "string", "optional": True})
        answer = await api.post("/v1/customers", json={"source_id": "a", "metadata": {"age": "7"}})
        assert refused(answer, "age: must be a number, property is required (actual value is '7')")
        assert refused(await api.post("/v1/customers", json={"source_id": "a"}), "age: must be a number")
        assert (await api.get("/v1/customers/a")).status_code == 404
        made = await api.post("/v1/customers", json={"source_id": "a", "metadata": {"age": 7, "other": "x"}})
        assert made.status_code == 200
        # What is stored already counts; only what is sent is judged.
        path = f"/v1/customers/{made.json()['id']}"
        assert (await api.put(path, json={"metadata": {"name": "A"}})).status_code == 200
        assert refused(await api.put(path, json={"metadata": {"age": None}}), "age")
        assert refused(await api.put(path, json={"metadata": None}), "age")
        assert (await api.get(path)).json()["metadata"] == {"age": 7, "other": "x", "name": "A"}
        old_path = f"/v1/customers/{old['id']}"
        assert (await api.put(old_path, json={"metadata": {"name": "B"}})).status_code == 200
        assert (await api.put(old_path, json={"name": "B"})).status_code == 200
        assert refused(await api.put(old_path, json={"metadata": {"age": "eleven"}}), "eleven")

    async def test_vouchers_are_held_to_their_schema(
        self, api: httpx.AsyncClient, manager: httpx.AsyncClient, managed: str
    ) -> None:
        await define(manager, managed, "voucher", season={"type": "string", "eq": ["spring", "fall"]})
        answer = await api.post("/v1/vouchers/A", json=TEN_PERCENT | {"metadata": {"season": "winter"}})
        assert refused(answer, "season: must be a string, property is required, must be equal to one of spring,fall")
        assert refused(await api.post("/v1/vouchers/A", json=TEN_PERCENT), "season")
        assert (await api.get("/v1/vouchers/A")).status_code == 404
        good = TEN_PERCENT | {"metadata": {"season": "fall"}}
        assert (await api.post("/v1/vouchers/A", json=good)).status_code == 200
        assert refused(await api.put("/v1/vouchers/A", json={"metadata": {"season": 1}}), "'1'")
        assert (await api.put("/v1/vouchers/A", json={"metadata": {"x": 1}})).status_code == 200

    @pytest.mark.parametrize("of_vouchers", [True, False])
    async def test_a_campaign_follows_its_own_schema_or_that_of_its_vouchers(
        self, api: httpx.AsyncClient, manager: httpx.AsyncClient, managed: str, of_vouchers: bool
    ) -> None:
        await define(manager, managed, "voucher", v=NUMBER)
        await define(manager, managed, "campaign", c=NUMBER)
        body = {"name": "A", "voucher": TEN_PERCENT, "vouchers_count": 1, "use_voucher_metadata_schema": of_vouchers}
        right, wrong = ("v", "c") if of_vouchers else ("c", "v")
        assert refused(await api.post("/v1/campaigns", json=body | {"metadata": {wrong: 1}}), f"{right}: must")
        made = await api.post("/v1/campaigns", json=body | {"metadata": {right: 1}})
        assert made.status_code == 200
        (voucher,) = (await api.get("/v1/vouchers", params={"campaign": "A"})).json()["vouchers"]
        assert voucher["metadata"] == ({"v": 1} if of_vouchers else {})
        path = f"/v1/campaigns/{made.json()['id']}"
        assert refused(await api.put(path, json={"metadata": {right: "x"}}), f"{right}: must")
        assert refused(await api.put(path, json={"unset_metadata_fields": [right]}), f"{right}: must")
        assert refused(await api.post(f"{path}/vouchers", json={"metadata": {"v": "x"}}), "v: must")
        many = await api.post(f"{path}/vouchers?vouchers_count=2", json={"metadata": {"v": "x"}})
        assert refused(many, "v: must")
        assert (await api.post(f"{path}/vouchers", json={"metadata": {"v": 2}})).status_code == 200

    async def test_only_defined_keys_where_the_schema_says_so(
        self, api: httpx.AsyncClient, manager: httpx.AsyncClient, managed: str
    ) -> None:
        made = await define(manager, managed, "customer", a={"type": "string", "optional": True})
        assert (await api.post("/v1/customers", json={"metadata": {"b": 1}})).status_code == 200
        await manager.put(f"{managed}/{made['id']}", json={"allow_defined_only": True})
        assert refused(await api.post("/v1/customers", json={"metadata": {"a": "x", "b": 1}}), "b: is not defined")
        body = {"properties": {"a": {"type": "string", "deleted": True}}}
        await manager.put(f"{managed}/{made['id']}", json=body)
        assert refused(await api.post("/v1/customers", json={"metadata": {"a": "x"}}), "a: is not defined")
