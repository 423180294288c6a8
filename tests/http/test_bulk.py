"""Bulk requests: what is refused at once, what the async action says, and that no row is lost or done twice."""

from typing import Any

import httpx
import pytest

from largesse.actions import bulk
from largesse.store.connection import Pool
from tests.actions.conftest import work_off

PATHS = [
    "/v1/customers/bulk/async",
    "/v1/customers/metadata/async",
    "/v1/vouchers/bulk/async",
    "/v1/vouchers/metadata/async",
]
PERCENT = {"discount": {"type": "PERCENT", "percent_off": 10}}


async def result(api: httpx.AsyncClient, pool: Pool, path: str, body: Any) -> dict[str, Any]:
    """The async action of a request, worked off."""
    answer = await api.post(path, json=body)
    assert answer.status_code == 202, answer.text
    assert list(answer.json()) == ["async_action_id"]
    await work_off(pool)
    action: dict[str, Any] = (await api.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
    assert action["status"] == "DONE", action
    assert action["progress"] == 100
    assert await pool.fetchval("SELECT count(*) FROM payloads") == 0
    return action


@pytest.mark.parametrize("path", PATHS)
async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient, path: str) -> None:
    assert (await anonymous.post(path, json=[])).status_code == 401


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [[], {}, [1], {"source_ids": [], "codes": [], "metadata": {}}, [{"metadata": 1}]])
async def test_what_is_no_list_of_rows_is_refused_at_once(api: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await api.post(path, json=body)
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")


async def test_a_number_without_bounds_in_a_field_nobody_asked_for_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATHS[0], content='[{"source_id": "a", "what": 1e999}]')
    assert answer.status_code == 400


async def test_too_many_rows_are_refused(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_MAX", 2)
    answer = await api.post(PATHS[0], json=[{"source_id": "a"}] * 3)
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")


async def test_another_projects_action_and_customers_stay_out_of_sight(
    api: httpx.AsyncClient, other_api: httpx.AsyncClient, pool: Pool
) -> None:
    await other_api.post("/v1/customers", json={"source_id": "a", "name": "theirs"})
    action = await result(api, pool, PATHS[0], [{"source_id": "a", "name": "ours"}])
    assert (await other_api.get(f"/v1/async-actions/{action['id']}")).status_code == 404
    assert (await other_api.get("/v1/customers/a")).json()["name"] == "theirs"


class TestCustomers:
    async def test_known_ones_are_updated_and_unknown_ones_created(self, api: httpx.AsyncClient, pool: Pool) -> None:
        first = (
            await api.post(
                "/v1/customers",
                json={"source_id": "a", "name": "A", "address": {"city": "X"}, "metadata": {"k": 1, "l": 1}},
            )
        ).json()
        rows = [
            {"source_id": "a", "email": "a@x", "address": {"state": "Y"}, "metadata": {"k": 2}},
            {"source_id": "b", "birthdate": "2001-02-03"},
        ]
        action = await result(api, pool, PATHS[0], rows)
        assert action["type"] == "CUSTOMERS.BULK_UPDATE"
        assert action["operation_status"] == "SUCCESS"
        assert action["result"] == {
            "done_count": 2, "failed_count": 0, "reports": [], "reports_available_till": None, "errors": [],
        }  # fmt: skip
        a = (await api.get("/v1/customers/a")).json()
        assert (a["id"], a["name"], a["email"]) == (first["id"], "A", "a@x")
        assert a["address"] == {"city": "X", "state": "Y"}
        assert a["metadata"] == {"k": 2, "l": 1}
        assert (await api.get("/v1/customers/b")).json()["birthdate"] == "2001-02-03"
        types = [row[0] for row in await pool.fetch("SELECT type FROM events ORDER BY seq")]
        assert types == ["customer.created", "customer.created", "customer.updated"]

    async def test_bad_rows_are_reported_and_good_ones_done(self, api: httpx.AsyncClient, pool: Pool) -> None:
        rows = [{"source_id": "a"}, {"source_id": "cust_x"}, {"name": "nobody"}, {"source_id": "s" * 300}]
        done = (await result(api, pool, PATHS[0], rows))["result"]
        assert (done["done_count"], done["failed_count"]) == (1, 3)
        assert sorted(error["key"] for error in done["errors"]) == ["invalid_payload", "invalid_payload", "not_found"]
        assert (await api.get("/v1/customers")).json()["total"] == 1

    async def test_rows_about_one_customer_count_one_after_the_other(self, api: httpx.AsyncClient, pool: Pool) -> None:
        rows = [{"source_id": "a", "name": str(n), "metadata": {str(n): n}} for n in range(3)]
        assert (await result(api, pool, PATHS[0], rows))["result"]["done_count"] == 3
        a = (await api.get("/v1/customers/a")).json()
        assert (a["name"], a["metadata"]) == ("2", {"0": 0, "1": 1, "2": 2})

    async def test_an_id_of_ours_as_source_id_means_that_customer(self, api: httpx.AsyncClient, pool: Pool) -> None:
        known = (await api.post("/v1/customers", json={"source_id": "a"})).json()
        await result(api, pool, PATHS[0], [{"source_id": known["id"], "name": "N"}])
        assert (await api.get("/v1/customers/a")).json()["name"] == "N"

    async def test_what_changes_nothing_makes_no_event(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await result(api, pool, PATHS[0], [{"source_id": "a", "name": "A"}])
        await result(api, pool, PATHS[0], [{"source_id": "a", "name": "A"}])
        assert await pool.fetchval("SELECT count(*) FROM events") == 1
        assert (await api.get("/v1/customers/a")).json().get("updated_at") is None

    async def test_metadata_too_large_after_merging_is_a_failed_row(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await api.post("/v1/customers", json={"source_id": "a", "metadata": {"k": "x" * 40_000}})
        rows = [{"source_id": "a", "metadata": {"l": "x" * 40_000}}]
        done = (await result(api, pool, PATHS[0], rows))["result"]
        assert (done["done_count"], done["failed_count"]) == (0, 1)
        assert done["errors"][0]["key"] == "invalid_payload"

    async def test_the_same_metadata_goes_to_all_and_makes_the_unknown(
        self, api: httpx.AsyncClient, pool: Pool
    ) -> None:
        await api.post("/v1/customers", json={"source_id": "a", "metadata": {"k": 1, "l": None}})
        action = await result(api, pool, PATHS[1], {"source_ids": ["a", "b"], "metadata": {"k": 2}})
        assert action["type"] == "CUSTOMERS.METADATA_UPDATE"
        assert action["result"]["done_count"] == 2
        assert (await api.get("/v1/customers/a")).json()["metadata"] == {"k": 2, "l": None}
        assert (await api.get("/v1/customers/b")).json()["metadata"] == {"k": 2}

    async def test_many_rows_go_piece_by_piece(
        self, api: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "PIECE", 7)
        rows = [{"source_id": f"c{n}"} if n % 10 else {"source_id": f"cust_{n}"} for n in range(50)]
        done = (await result(api, pool, PATHS[0], rows))["result"]
        assert (done["done_count"], done["failed_count"]) == (45, 5)
        assert [error["details"].split(":")[0] for error in done["errors"]] == [f"cust_{n}" for n in range(0, 50, 10)]
        assert (await api.get("/v1/customers")).json()["total"] == 45


class TestVouchers:
    async def test_metadata_merges_and_nothing_else_changes(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await api.post("/v1/vouchers/A", json={**PERCENT, "metadata": {"k": 1, "l": 1}})
        before = (await api.get("/v1/vouchers/A")).json()
        rows = [{"code": "A", "metadata": {"k": 2}, "active": False}, {"code": "A", "metadata": {"m": 3}}]
        action = await result(api, pool, PATHS[2], rows)
        assert action["type"] == "VOUCHERS.BULK_UPDATE"
        assert action["result"]["done_count"] == 2
        after = (await api.get("/v1/vouchers/A")).json()
        assert after["metadata"] == {"k": 2, "l": 1, "m": 3}
        assert after["updated_at"] is not None
        assert after | {"metadata": 0, "updated_at": 0} == before | {"metadata": 0, "updated_at": 0}
        assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'voucher.updated'") == 1

    async def test_unknown_codes_and_the_bin_are_reported_and_not_made(
        self, api: httpx.AsyncClient, pool: Pool
    ) -> None:
        for code in "AB":
            await api.post(f"/v1/vouchers/{code}", json=PERCENT)
        await api.delete("/v1/vouchers/B")
        rows = [{"code": code, "metadata": {"k": 1}} for code in "ABC"]
        done = (await result(api, pool, PATHS[2], rows))["result"]
        assert (done["done_count"], done["failed_count"]) == (1, 2)
        assert [(error["key"], error["details"][0]) for error in done["errors"]] == [
            ("not_found", "B"), ("not_found", "C"),
        ]  # fmt: skip
        assert (await api.get("/v1/vouchers/C")).status_code == 404

    async def test_the_same_metadata_goes_to_all_codes(self, api: httpx.AsyncClient, pool: Pool) -> None:
        for code in "AB":
            await api.post(f"/v1/vouchers/{code}", json={**PERCENT, "metadata": {"own": code}})
        action = await result(api, pool, PATHS[3], {"codes": ["A", "B"], "metadata": {"k": 1}})
        assert action["type"] == "VOUCHERS.METADATA_UPDATE"
        for code in "AB":
            assert (await api.get(f"/v1/vouchers/{code}")).json()["metadata"] == {"own": code, "k": 1}
