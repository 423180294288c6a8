"""The bin: what is deleted without force lies there, blocks its name, and is removed for good from it."""

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.actions.conftest import assert_counters_are_exact, work_off

PATH = "/v1/trash-bin"
TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


async def entries(api: httpx.AsyncClient, **query: str) -> list[str]:
    answer = await api.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [entry["resource_name"] for entry in answer.json()["data"]]


async def bin_vouchers(api: httpx.AsyncClient, *codes: str) -> None:
    for code in codes:
        assert (await api.post(f"/v1/vouchers/{code}", json=TEN_PERCENT)).status_code == 200
        assert (await api.delete(f"/v1/vouchers/{code}")).status_code == 204


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", "/tbe_1")])
async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await anonymous.request(method, PATH + path)).status_code == 401


async def test_another_project_sees_nothing(api: httpx.AsyncClient, other_api: httpx.AsyncClient) -> None:
    await bin_vouchers(api, "A")
    (entry,) = (await api.get(PATH)).json()["data"]
    assert (await other_api.get(PATH)).json()["total"] == 0
    assert (await other_api.delete(f"{PATH}/{entry['id']}")).status_code == 404
    assert await entries(api) == ["A"]


async def test_a_voucher_lies_there_until_it_is_removed_for_good(
    api: httpx.AsyncClient, pool: Pool, project: Project
) -> None:
    made = (await api.post("/v1/vouchers/A", json=TEN_PERCENT)).json()
    await api.delete("/v1/vouchers/A")
    (entry,) = (await api.get(PATH)).json()["data"]
    assert entry["id"].startswith("tbe_")
    assert len(entry["id"]) == 22
    assert entry == {
        "id": entry["id"], "created_at": entry["created_at"], "deleted_by_user_id": None, "resource_id": made["id"],
        "resource_type": "voucher", "resource_name": "A", "resource_parent_id": None, "object": "voucher",
    }  # fmt: skip
    assert (await api.post("/v1/vouchers/A", json=TEN_PERCENT)).status_code == 409
    assert (await api.delete(f"{PATH}/{entry['id']}")).status_code == 204
    assert await entries(api) == []
    again = await api.delete(f"{PATH}/{entry['id']}")
    assert (again.status_code, again.json()["resource_type"]) == (404, "bin_entry")
    assert (await api.post("/v1/vouchers/A", json=TEN_PERCENT)).status_code == 200
    await assert_counters_are_exact(pool, project)


async def test_what_is_deleted_with_force_leaves_the_bin_or_never_gets_there(api: httpx.AsyncClient) -> None:
    await bin_vouchers(api, "A")
    await api.post("/v1/vouchers/B", json=TEN_PERCENT)
    for code in ("A", "B"):
        assert (await api.delete(f"/v1/vouchers/{code}", params={"force": "true"})).status_code == 204
    assert await entries(api) == []


async def test_a_campaign_goes_with_its_codes_and_its_own_binned_vouchers(
    api: httpx.AsyncClient, pool: Pool, project: Project
) -> None:
    body = {"name": "Spring", "voucher": TEN_PERCENT}
    campaign = (await api.post("/v1/campaigns", json=body)).json()
    for code in ("A", "B"):
        await api.post(f"/v1/campaigns/{campaign['id']}/vouchers/{code}", json={})
    await api.delete("/v1/vouchers/A")
    assert (await api.get(PATH)).json()["data"][0]["resource_parent_id"] == campaign["id"]
    assert (await api.delete("/v1/campaigns/Spring")).status_code == 202
    await work_off(pool)
    assert await entries(api) == ["Spring", "A"]
    assert (await api.post("/v1/campaigns", json=body)).status_code == 409
    entry = (await api.get(PATH)).json()["data"][0]
    assert (entry["resource_type"], entry["resource_id"]) == ("campaign", campaign["id"])
    assert (await api.delete(f"{PATH}/{entry['id']}")).status_code == 204
    assert await entries(api) == []
    assert (await api.post("/v1/campaigns", json=body)).status_code == 200  # the name at once
    await work_off(pool)
    for code in ("A", "B"):
        assert (await api.post(f"/v1/vouchers/{code}", json=TEN_PERCENT)).status_code == 200
    assert await pool.fetchval("SELECT count(*) FROM campaigns WHERE id = $1", campaign["id"]) == 0
    await assert_counters_are_exact(pool, project)


async def test_a_campaign_may_be_removed_before_its_codes_have_followed_it_into_the_bin(
    api: httpx.AsyncClient, pool: Pool, project: Project
) -> None:
    campaign = (await api.post("/v1/campaigns", json={"name": "Spring", "voucher": TEN_PERCENT})).json()
    for code in ("A", "B"):
        await api.post(f"/v1/campaigns/{campaign['id']}/vouchers/{code}", json={})
    await api.delete("/v1/campaigns/Spring")
    entry = (await api.get(PATH)).json()["data"][0]
    assert (await api.delete(f"{PATH}/{entry['id']}")).status_code == 204
    await work_off(pool)
    for table in ("campaigns", "vouchers", "bin_entries"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    await assert_counters_are_exact(pool, project)


async def test_a_campaign_deleted_with_force_takes_its_entries_along(api: httpx.AsyncClient, pool: Pool) -> None:
    await api.post("/v1/campaigns", json={"name": "Spring", "voucher": TEN_PERCENT})
    await api.post("/v1/campaigns/Spring/vouchers/A", json={})
    await api.delete("/v1/vouchers/A")
    await api.delete("/v1/campaigns/Spring", params={"force": "true"})
    await work_off(pool)
    assert await entries(api) == []


async def test_pages_orders_and_filters(api: httpx.AsyncClient) -> None:
    await bin_vouchers(api, "A", "B", "C")
    page = (await api.get(PATH, params={"limit": "2"})).json()
    assert ([entry["resource_name"] for entry in page["data"]], page["total"], page["has_more"]) == (
        ["C", "B"],
        3,
        True,
    )
    assert await entries(api, starting_after_id=page["more_starting_after"]) == ["A"]
    assert await entries(api, order="id") == ["A", "B", "C"]
    last = page["data"][-1]["id"]
    assert await entries(api, order="id", starting_after_id=last) == ["C"]
    assert await entries(api, **{"filters[resource_name][conditions][$is]": "B"}) == ["B"]
    assert await entries(api, **{"filters[resource_type][conditions][$is]": "campaign"}) == []


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"order": "name"}, {"filters[x][conditions][$is]": "1"}]
)
async def test_a_wrong_query_is_refused(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get(PATH, params=query)
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
