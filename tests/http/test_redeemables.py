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
        after = {"starting_after_id": body.get("more_starting_after")}
    assert not body["has_more"]
    assert "more_starting_after" not in body
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


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"filters[voucher_type][conditions][$is]": "GIFT_VOUCHER"}, "G"),
        ({"filters[voucher_type][conditions][$in]": "gift"}, "G"),
        ({"filters[voucher_type][conditions][$is_not]": "GIFT_VOUCHER"}, "RD"),
        ({"filters[holder_role][conditions][$is]": "REFERRER"}, "R"),
        ({"filters[holder_role][conditions][$is]": "OWNER"}, "GD"),
        ({"filters[campaign_type][conditions][$is]": "REFERRAL_PROGRAM"}, "R"),
        ({"filters[campaign_id][conditions][$is_unknown]": ""}, "GD"),
        ({"filters[redeemable_object][conditions][$is]": "voucher"}, "RGD"),
        ({"filters[redeemable_object][conditions][$is_not]": "voucher"}, ""),
        ({"filters[created_at][conditions][$after]": "2020-01-01"}, "RGD"),
        ({"filters[created_at][conditions][$before]": "2020-01-01"}, ""),
        (
            {
                "filters[voucher_type][conditions][$is]": "GIFT_VOUCHER",
                "filters[holder_role][conditions][$is]": "REFERRER",
            },
            "",
        ),
        (
            {
                "filters[voucher_type][conditions][$is]": "GIFT_VOUCHER",
                "filters[holder_role][conditions][$is]": "REFERRER",
                "filters[junction]": "or",
            },
            "RG",
        ),
    ],
)
async def test_filters_narrow_the_wallet(api: httpx.AsyncClient, query: dict[str, str], codes: str) -> None:
    discount = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
    await publish(api, "D", "crm-1", discount)
    await publish(api, "G", "crm-1")
    referral = {"name": "friends", "campaign_type": "REFERRAL_PROGRAM", "voucher": discount, "referral_program": {"conversion_event_type": "redemption"}}  # fmt: skip
    assert (await api.post("/v1/campaigns", json=referral)).status_code == 200
    assert (await api.post("/v1/campaigns/friends/vouchers/R", json={})).status_code == 200
    answer = await api.post("/v1/publications", json={"voucher": "R", "customer": {"source_id": "crm-1"}})
    assert answer.status_code == 200, answer.text
    found = (await wallet(api, "crm-1", **query))["data"]
    assert [item["redeemable"]["voucher"]["code"] for item in found] == list(codes)


async def test_filters_by_id_hold_on_every_page(api: httpx.AsyncClient) -> None:
    for code in "ABCD":
        await publish(api, code, "crm-1")
    ids = {item["redeemable"]["voucher"]["code"]: item for item in (await wallet(api, "crm-1"))["data"]}
    either = {"filters[id][conditions][$in][0]": ids["A"]["id"], "filters[redeemable_id][conditions][$is]": ids["D"]["redeemable_id"], "filters[junction]": "or"}  # fmt: skip
    first = await wallet(api, "crm-1", limit=1, **either)
    rest = await wallet(api, "crm-1", limit=1, starting_after_id=first["more_starting_after"], **either)
    assert [body["data"][0]["redeemable"]["voucher"]["code"] for body in (first, rest)] == ["D", "A"]
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_unknown_fields_of_the_wallet_are_named(api: httpx.AsyncClient) -> None:
    await publish(api, "A", "crm-1")
    answer = await api.get(path("crm-1"), params={"filters[code][conditions][$is]": "A"})
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
    assert ".filters.code is not a field" in answer.json()["details"]
