import asyncio
from typing import Any

import httpx
import pytest

from largesse.store.connection import Pool

PATH = "/v1/customers"


async def made(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


class TestEverybody:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", ""),
            ("GET", ""),
            ("GET", "/x"),
            ("PUT", "/x"),
            ("DELETE", "/x"),
            ("POST", "/x/permanent-deletion"),
        ],
    )
    async def test_anonymous_is_unauthorized(self, anonymous: httpx.AsyncClient, method: str, path: str) -> None:
        assert (await anonymous.request(method, PATH + path)).status_code == 401

    async def test_another_project_sees_nothing(self, api: httpx.AsyncClient, other_api: httpx.AsyncClient) -> None:
        customer = await made(api, source_id="crm-1")
        for name in (customer["id"], "crm-1"):
            assert (await other_api.get(f"{PATH}/{name}")).status_code == 404
            assert (await other_api.put(f"{PATH}/{name}", json={"name": "x"})).status_code == 404
            assert (await other_api.delete(f"{PATH}/{name}")).status_code == 404
            assert (await other_api.post(f"{PATH}/{name}/permanent-deletion")).status_code == 404
        assert (await other_api.get(PATH)).json()["total"] == 0
        assert (await made(other_api, source_id="crm-1"))["id"] != customer["id"]


class TestCreate:
    async def test_shows_what_was_sent_and_zeros_for_the_rest(self, api: httpx.AsyncClient) -> None:
        customer = await made(api, source_id="source_123", name="Bob", birthdate="2022-01-01", metadata={"lang": "en"})
        assert list(customer) == [
            "id", "source_id", "name", "birthdate", "address", "summary", "loyalty", "referrals", "metadata", "system_metadata",
            "created_at", "object",
        ]  # fmt: skip
        assert customer["id"].startswith("cust_")
        assert customer["summary"]["orders"]["total_count"] == 0

    async def test_an_empty_body_makes_an_anonymous_customer_each_time(self, api: httpx.AsyncClient) -> None:
        assert (await made(api))["id"] != (await made(api))["id"]

    async def test_a_known_source_id_updates_and_merges(self, api: httpx.AsyncClient) -> None:
        first = await made(api, source_id="s", name="A", address={"city": "X"}, metadata={"a": 1})
        again = await made(api, source_id="s", email="e", address={"state": "Y"}, metadata={"b": None})
        assert again["id"] == first["id"]
        assert (again["name"], again["email"]) == ("A", "e")
        assert again["address"] == {"city": "X", "state": "Y"}
        assert again["metadata"] == {"a": 1, "b": None}
        assert "updated_at" in again

    async def test_null_is_as_good_as_absent(self, api: httpx.AsyncClient) -> None:
        first = await made(api, source_id="s", name="A", metadata={"a": 1})
        again = await made(api, source_id="s", name=None, metadata=None, address=None, id=None)
        assert again == first

    async def test_an_id_decides_and_the_source_id_beside_it_is_ignored(self, api: httpx.AsyncClient) -> None:
        first = await made(api, source_id="s")
        await made(api, source_id="other")
        again = await made(api, id=first["id"], source_id="other", name="N")
        assert (again["id"], again["source_id"], again["name"]) == (first["id"], "s", "N")

    async def test_an_unknown_id_is_not_found(self, api: httpx.AsyncClient) -> None:
        await made(api, source_id="s")
        for unknown in ("cust_unknown", "s"):
            answer = await api.post(PATH, json={"id": unknown})
            assert (answer.status_code, answer.json()["resource_type"]) == (404, "customer")

    async def test_a_source_id_that_looks_like_an_unknown_id_is_not_found(self, api: httpx.AsyncClient) -> None:
        assert (await api.post(PATH, json={"source_id": "cust_unknown"})).status_code == 404

    @pytest.mark.parametrize("source_id", ["", "x" * 256])
    async def test_a_source_id_of_impossible_length_is_refused(self, api: httpx.AsyncClient, source_id: str) -> None:
        answer = await api.post(PATH, json={"source_id": source_id})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")

    async def test_every_fault_is_named(self, api: httpx.AsyncClient) -> None:
        body = {"name": 3, "birthdate": "2022-02-30", "address": {"city": 1}, "metadata": []}
        answer = await api.post(PATH, json=body)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        for path in (".name", ".birthdate", ".address.city", ".metadata"):
            assert path in answer.json()["details"]

    async def test_metadata_that_grows_too_large_by_merging_is_refused_and_changes_nothing(
        self, api: httpx.AsyncClient
    ) -> None:
        before = await made(api, source_id="s", metadata={"a": "x" * 40_000})
        answer = await api.post(PATH, json={"source_id": "s", "name": "N", "metadata": {"b": "x" * 40_000}})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert (await api.get(f"{PATH}/s")).json() == before


class TestUpdate:
    async def test_null_clears_and_what_is_absent_stays(self, api: httpx.AsyncClient) -> None:
        await made(api, source_id="s", name="A", email="e", address={"city": "X"}, metadata={"a": 1})
        answer = await api.put(f"{PATH}/s", json={"name": None, "address": None, "metadata": {"a": None}})
        customer = answer.json()
        assert "name" not in customer
        assert customer["address"] is None
        assert (customer["email"], customer["metadata"]) == ("e", {"a": None})

    async def test_the_source_id_never_changes(self, api: httpx.AsyncClient) -> None:
        await made(api, source_id="s")
        answer = await api.put(f"{PATH}/s", json={"source_id": "t", "name": "N"})
        assert (answer.json()["source_id"], answer.json()["name"]) == ("s", "N")

    async def test_an_unknown_customer_is_not_made(self, api: httpx.AsyncClient) -> None:
        answer = await api.put(f"{PATH}/nobody", json={"name": "N"})
        assert answer.status_code == 404
        assert answer.json()["details"] == "Cannot find customer with id nobody"

    async def test_a_source_id_full_of_signs_is_found(self, api: httpx.AsyncClient) -> None:
        await made(api, source_id="a/b+c@d e%f")
        answer = await api.get(f"{PATH}/a%2Fb%2Bc%40d%20e%25f")
        assert answer.json()["source_id"] == "a/b+c@d e%f"


class TestDelete:
    async def test_frees_the_source_id_and_keeps_the_row(self, api: httpx.AsyncClient, pool: Pool) -> None:
        first = await made(api, source_id="s")
        assert (await api.delete(f"{PATH}/s")).status_code == 204
        assert (await api.get(f"{PATH}/{first['id']}")).status_code == 404
        assert (await api.delete(f"{PATH}/s")).status_code == 404
        assert (await made(api, source_id="s"))["id"] != first["id"]
        assert await pool.fetchval("SELECT count(*) FROM customers") == 2

    async def test_permanent_deletion_leaves_nothing_personal(self, api: httpx.AsyncClient, pool: Pool) -> None:
        first = await made(
            api, source_id="s", name="A", email="e", phone="1", metadata={"a": 1}, birthdate="2000-01-01"
        )
        await api.delete(f"{PATH}/s")
        answer = await api.post(f"{PATH}/{first['id']}/permanent-deletion")
        receipt = answer.json()
        assert (receipt["object"], receipt["status"]) == ("pernament_deletion", "DONE")
        assert receipt["related_object_id"] == first["id"]
        assert receipt["data_json"]["customer"] == 1
        row = await pool.fetchrow("SELECT source_id, name, email, phone, birthdate, address, metadata FROM customers")
        assert row is not None
        assert tuple(row) == (None, None, None, None, None, None, {})


class TestList:
    async def test_is_newest_first_and_says_whether_there_is_more(self, api: httpx.AsyncClient) -> None:
        for name in "abc":
            await made(api, source_id=name)
            await asyncio.sleep(0.002)
        page = (await api.get(PATH, params={"limit": 2})).json()
        assert [customer["source_id"] for customer in page["customers"]] == ["c", "b"]
        assert (page["total"], page["has_more"], page["data_ref"]) == (3, True, "customers")
        page = (await api.get(PATH, params={"limit": 2, "page": 2})).json()
        assert [customer["source_id"] for customer in page["customers"]] == ["a"]
        assert page["has_more"] is False

    async def test_the_cursor_goes_on_after_a_moment(self, api: httpx.AsyncClient) -> None:
        for name in "abc":
            moment = (await made(api, source_id=name))["created_at"]
            await asyncio.sleep(0.002)
        page = (await api.get(PATH, params={"starting_after": moment, "page": 9})).json()
        assert [customer["source_id"] for customer in page["customers"]] == ["b", "a"]
        assert page["total"] == 3

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"email": "a@x"}, ["a"]),
            ({"name": "B"}, ["b"]),
            ({"email": "A@x"}, []),
            ({"email": "a@"}, []),
            ({"name": "b"}, []),
            ({"city": "x"}, []),
            ({"name": "A", "city": "X", "email": "a@x"}, ["a"]),
            ({"name": "A", "email": "b@x"}, []),
            ({"updated_at[after]": "2020-01-01", "order": "source_id"}, ["b"]),
            ({"[updated_at][after]": "2020-01-01", "updated_at[before]": "2999-01-01"}, ["b"]),
            ({"updated_at[before]": "2020-01-01"}, []),
            ({"created_at[after]": "2020-01-01", "created_at[before]": "2999-01-01", "name": "B"}, ["b"]),
            ({"city": "X", "order": "source_id"}, ["a", "b"]),
            ({"order": "-source_id"}, ["c", "b", "a"]),
            ({"created_at[after]": "2999-01-01"}, []),
            ({"[created_at][before]": "2999-01-01", "order": "source_id"}, ["a", "b", "c"]),
        ],
    )
    async def test_filters_and_orders(self, api: httpx.AsyncClient, query: dict[str, str], found: list[str]) -> None:
        await made(api, source_id="a", email="a@x", name="A", address={"city": "X"})
        await made(api, source_id="b", email="b@x", name="B", address={"city": "X"})
        await made(api, source_id="c")
        await api.put(f"{PATH}/b", json={"phone": "1"})
        page = (await api.get(PATH, params=query)).json()
        assert [customer["source_id"] for customer in page["customers"]] == found
        assert page["total"] == len(found)

    @pytest.mark.parametrize(("order", "found"), [("source_id", ["a", "b", "c"]), ("-source_id", ["c", "b", "a"])])
    async def test_who_has_no_source_id_comes_last_in_their_order(
        self, api: httpx.AsyncClient, order: str, found: list[str]
    ) -> None:
        without = [(await made(api))["id"] for _ in range(3)]
        for name in "bacd":
            await made(api, source_id=name)
        await api.delete(f"{PATH}/d")
        seen = []
        for page in (1, 2, 3, 4):
            answer = (await api.get(PATH, params={"order": order, "limit": 2, "page": page})).json()
            assert answer["total"] == 6
            seen += [customer["source_id"] or customer["id"] for customer in answer["customers"]]
        assert seen == found + (without if order == "source_id" else without[::-1])

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "101"},
            {"page": "100"},
            {"order": "name"},
            {"starting_after": "x"},
            {"updated_at[after]": "x"},
        ],
    )
    async def test_impossible_parameters_are_refused(self, api: httpx.AsyncClient, query: dict[str, str]) -> None:
        answer = await api.get(PATH, params=query)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
