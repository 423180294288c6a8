"""GET /v1/campaigns/{id}/summary"""

from typing import Any

import httpx
import pytest

from largesse.store.connection import Pool

PATH = "/v1/campaigns/c/summary"


@pytest.fixture
async def campaign(api: httpx.AsyncClient) -> None:
    voucher = {"discount": {"type": "PERCENT", "percent_off": 10}}
    await api.post("/v1/campaigns", json={"name": "c", "voucher": voucher})
    for code in "ABC":
        await api.post(f"/v1/campaigns/c/vouchers/{code}", json={})


async def summary(api: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await api.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get(PATH)).status_code == 401


async def test_another_project_sees_nothing(other_api: httpx.AsyncClient, campaign: None) -> None:
    answer = await other_api.get(PATH)
    assert (answer.status_code, answer.json()["key"]) == (404, "not_found")


async def test_publications_and_vouchers_are_counted(api: httpx.AsyncClient, campaign: None) -> None:
    for customer in "xyz":
        await api.post("/v1/publications", json={"campaign": {"name": "c"}, "customer": {"source_id": customer}})
    await api.post("/v1/publications", json={"voucher": "A", "customer": {"source_id": "q"}})  # refused: he is too late
    await api.delete("/v1/vouchers/A")
    body = await summary(api)
    assert (body["object"], body["campaign"]["name"]) == ("campaign_summary", "c")
    assert (body["vouchers_created"], body["vouchers_deleted"]) == (3, 1)
    assert body["publications_succeeded"] == 3
    assert body["publications"] == body["publications_succeeded"] + body["publications_failed"]
    assert (body["redemptions"], body["discounted_amount"]) == (0, 0)


async def test_a_period_includes_its_first_and_its_last_day(api: httpx.AsyncClient, pool: Pool, campaign: None) -> None:
    await pool.execute("UPDATE vouchers SET created_at = '2024-05-05T23:00:00Z' WHERE code = 'A'")
    await pool.execute("UPDATE vouchers SET created_at = '2024-05-04T00:00:00Z' WHERE code = 'B'")
    assert (await summary(api, start_date="2024-05-04", end_date="2024-05-05"))["vouchers_created"] == 2
    assert (await summary(api, start_date="2024-05-05"))["vouchers_created"] == 2
    assert (await summary(api, end_date="2024-05-04"))["vouchers_created"] == 1
    assert (await summary(api, end_date="9999-12-31"))["vouchers_created"] == 3


async def test_a_wrong_date_is_refused_by_name(api: httpx.AsyncClient, campaign: None) -> None:
    answer = await api.get(PATH, params={"end_date": "yesterday"})
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
    assert ".end_date" in answer.json()["details"]
