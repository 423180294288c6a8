"""The wallet: GET /v1/customers/{id}/redeemables."""

from typing import Any

import httpx
import pytest

from largesse.store.connection import Pool

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 500}}


def path(customer: str) -> str:
    return f"/v1/customers/{customer}/redeemables"


async def publish(api: httpx.AsyncClient, code: str, customer: str, voucher: dict[str, Any] = GIFT) -> None:
    assert (await api.post(f"/v1/vouchers/{code}", json=voucher)).status_code == 200
    answer = await api.post("/v1/publications", json={"voucher": code, "customer": {"source_id": customer}})
    assert answer.status_code == 200, answer.text


async def wallet(api: httpx.AsyncClient, customer: str, **query: Any) -> dict[str, Any]:
    answer = await api.get(path(customer), params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get(path("x"))).status_code == 401


async def test_another_project_sees_no_wallet(api: httpx.AsyncClient, other_api: httpx.AsyncClient) -> None:
    await publish(api, "A", "crm-1")
    answer = await other_api.get(path("crm-1"))
    assert (answer.status_code, answer.json()["key"]) == (404, "not_found")


async def test_each_published_voucher_is_one_item(api: httpx.AsyncClient) -> None:
    await publish(api, "A", "crm-1")
    await publish(api, "B", "crm-2")
    customer = (await api.get("/v1/customers/crm-1")).json()
    body = await wallet(api, "crm-1")
    assert (body["object"], body["data_ref"], body["has_more"]) == ("list", "data", False)
    [item] = body["data"]
    assert item["id"].startswith("rh_")
    assert item["customer_id"] == customer["id"]
    assert (item["holder_role"], item["voucher_type"], item["object"]) == ("OWNER", "GIFT_VOUCHER", "redeemable_holder")
    assert item["redeemable"]["voucher"]["code"] == "A"
    assert item["redeemable"]["voucher"]["id"] == item["redeemable_id"]
    assert item["redeemable"]["status"] == "ACTIVE"


@pytest.mark.parametrize("order", ["id", "-id"])
async def test_pages_by_cursor_show_everything_once(api: httpx.AsyncClient, order: str) -> None:
    for code in "ABCDE":
        await publish(api, code, "crm-1")
    codes: list[str] = []
    after: dict[str, Any] = {}
    for _ in range(3):
        body = await wallet(api, "crm-1", limit=2, order=order, **after)
        codes += [item["redeemable"]["voucher"]["code"] for item in body["data"]]
        after = {"starting_after_id": body["more_starting_after"]}
    assert not body["has_more"]
    assert body["more_starting_after"] is None
    assert codes == (list("ABCDE") if order == "id" else list("EDCBA"))


async def test_a_deleted_voucher_leaves_the_wallet(api: httpx.AsyncClient) -> None:
    await publish(api, "A", "crm-1")
    await publish(api, "B", "crm-1")
    await api.delete("/v1/vouchers/A")
    assert [item["redeemable"]["voucher"]["code"] for item in (await wallet(api, "crm-1"))["data"]] == ["B"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("active = false", "DISABLED"),
        ("expiration_date = now() - interval '1 day'", "EXPIRED"),
        ("start_date = now() + interval '1 day'", "NOT_ACTIVE_YET"),
        ("redemption_quantity = 1, redeemed_quantity = 1", "USED"),
        ("redeemed = 500", "NO_BALANCE"),
    ],
)
async def test_the_status_says_why_a_voucher_cannot_be_used(
    api: httpx.AsyncClient, pool: Pool, change: str, status: str
) -> None:
    await publish(api, "A", "crm-1")
    await pool.execute(f"UPDATE vouchers SET {change}")
    [item] = (await wallet(api, "crm-1"))["data"]
    assert item["redeemable"]["status"] == status


async def test_a_wrong_order_is_refused_by_name(api: httpx.AsyncClient) -> None:
    await publish(api, "A", "crm-1")
    answer = await api.get(path("crm-1"), params={"order": "created_at"})
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
    assert ".order" in answer.json()["details"]
