"""Every list that goes on behind a row or a moment shows each row once, in both directions, while rows are added.

Rows share their moments, as those of one import did: what they are ordered by doesn't tell them apart.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import pytest

from tests.actions.conftest import work_off
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.http.test_publications import assert_refused

ROWS = 17
ADDED = 6  # during one walk
STEPS_MAX = 300
CODE = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 10000}}
Add = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]


class Listed(NamedTuple):
    """`add` makes the nth row. `table`: where its moment stands, to be shared; `key`: what the cursor is of a row."""

    path: str
    add: Add
    table: str = ""
    orders: tuple[str, ...] = ("created_at", "-created_at")
    cursor: str = "starting_after_id"
    key: str = "id"
    before: tuple[tuple[str, Any], ...] = ()


def post(path: str, body: Callable[[int], Any]) -> Add:
    return lambda api, n: api.post(path.replace("{n}", str(n)), json=body(n))


async def bin_one(api: httpx.AsyncClient, n: int) -> httpx.Response:
    await api.post(f"/v1/vouchers/B-{n}", json=CODE)
    return await api.delete(f"/v1/vouchers/B-{n}")


RULES = {"1": {"name": "order.amount", "error": {}, "conditions": {"$is": [1]}}, "logic": "1"}
NEW = {
    "customer": post("/v1/customers", lambda n: {"source_id": f"c-{n}"}),
    "voucher": post("/v1/vouchers/C-{n}", lambda _: CODE),
    "campaign": post("/v1/campaigns", lambda n: {"name": f"k-{n}", "campaign_type": "DISCOUNT_COUPONS", "voucher": CODE}),
    "publication": post("/v1/publications", lambda n: {"campaign": "pool", "customer": f"c-{n}"}),
    "held": post("/v1/publications", lambda _: {"campaign": "pool", "customer": "ann"}),
    "balance": post("/v1/vouchers/GIFT/balance", lambda _: {"amount": 1}),
    "segment": post("/v1/segments", lambda n: {"name": f"s-{n}", "customers": []}),
    "rule": post("/v1/validation-rules", lambda n: {"name": f"r-{n}", "rules": RULES}),
    "export": post("/v1/exports", lambda _: {"exported_object": "customer"}),
    "distribution": post("/v1/distributions", lambda n: {"name": f"d-{n}"}),
    "suppression": post("/v1/suppressions", lambda n: {"channel": "email", "target": f"a{n}@example.com"}),
    "event": post("/v1/events", lambda n: {"event": f"e-{n}", "customer": {"source_id": "ann"}}),
    "action": post("/v1/customers/bulk/async", lambda n: [{"source_id": f"c-{n}"}]),
}  # fmt: skip
ANN = ("/v1/customers", {"source_id": "ann"})
LISTS = {
    "customers by a row": Listed("/v1/customers", NEW["customer"], "customers", ("created_at", "-created_at", "source_id", "-source_id", "updated_at", "-updated_at")),
    "customers by a moment": Listed("/v1/customers", NEW["customer"], "customers", cursor="starting_after", key="created_at"),
    "vouchers": Listed("/v1/vouchers", NEW["voucher"], "vouchers", ("created_at", "-created_at", "code", "-code", "updated_at", "-updated_at")),
    "vouchers of a campaign": Listed("/v1/vouchers?campaign=pool", post("/v1/campaigns/pool/vouchers/P-{n}", lambda _: {}), "vouchers"),
    "campaigns": Listed("/v1/campaigns", NEW["campaign"], "campaigns"),
    "publications": Listed("/v1/publications", NEW["publication"], "publications", ("created_at", "-created_at", "id", "-id", "-voucher_code", "channel", "-tracking_id")),
    "publications of a customer": Listed("/v1/publications?customer=ann", NEW["held"], "publications", before=(ANN,)),
    "segments": Listed("/v1/segments", NEW["segment"], "segments"),
    "rules": Listed("/v1/validation-rules", NEW["rule"], "validation_rules", ("created_at", "-created_at", "name", "-name")),
    "exports": Listed("/v1/exports", NEW["export"], "exports", ("-created_at", "status")),
    "distributions": Listed("/v1/distributions", NEW["distribution"], "distributions", ("created_at", "-created_at", "name")),
    "suppressions": Listed("/v1/suppressions", NEW["suppression"], "suppressions"),
    "what a customer holds": Listed("/v1/customers/ann/redeemables", NEW["held"], orders=("id", "-id"), before=(ANN,)),
    "transactions": Listed("/v1/vouchers/GIFT/transactions", NEW["balance"], orders=("id", "-id"), before=(("/v1/vouchers/GIFT", GIFT),)),
    "activity": Listed("/v1/customers/ann/activity", NEW["event"], before=(ANN,)),
    "the bin": Listed("/v1/trash-bin", bin_one, orders=("id", "-id")),
    "async actions": Listed("/v1/async-actions", NEW["action"], "async_actions", ("",), cursor="end_date", key="created_at"),
}  # fmt: skip


async def share_moments(pool, table: str) -> None:
    """Every third row has a moment of its own, the others share two."""
    if table:
        await pool.execute(
            f"UPDATE {table} t SET created_at = '2024-01-01'::timestamptz + CASE WHEN o.n % 3 = 0 THEN o.n ELSE o.n % 3 END"
            f" * interval '1 s' FROM (SELECT ctid AS at, row_number() OVER () AS n FROM {table}) o WHERE o.at = t.ctid"
        )


async def walk(api, listed: Listed, order: str, limit: int, between: Callable[[], Awaitable[object]]) -> list[str]:
    """The ids on all pages, each begun behind the last row of the one before."""
    seen: list[str] = []
    path = listed.path + ("&" if "?" in listed.path else "?") + f"limit={limit}" + (f"&order={order}" if order else "")
    cursor = ""
    for _ in range(STEPS_MAX):
        answer = await api.get(path + cursor)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows = page[page["data_ref"]]
        seen += [row["id"] for row in rows]
        if not (rows if page.get("has_more") is None else page["has_more"]):
            assert "more_starting_after" not in page or page["more_starting_after"] is None
            return seen
        cursor = f"&{listed.cursor}={quote(rows[-1][listed.key], safe='')}"
        await between()
    raise AssertionError("it doesn't end")


@pytest.mark.parametrize("name", LISTS)
async def test_each_row_is_there_once_in_both_directions_while_rows_are_added(api, pool, project, name):
    listed, chance = LISTS[name], random.Random(name)
    await make_campaign(pool, project, name="pool", vouchers_count=0 if listed.table == "vouchers" else 150)
    for path, body in listed.before:
        assert (await api.post(path, json=body)).status_code == 200
    made = left = 0

    async def add() -> None:
        nonlocal made
        made += 1
        answer = await listed.add(api, made)
        assert answer.status_code in {200, 202, 204}, answer.text
        await pool.execute("UPDATE exports SET status = 'DONE', phase = NULL")  # a key has few under way

    async def perhaps_add() -> None:
        nonlocal left
        if left and chance.random() < 0.5:
            left -= 1
            await add()

    for _ in range(ROWS):
        await add()
    await share_moments(pool, listed.table)
    for order in listed.orders:
        left = ADDED // 2
        before = set(await walk(api, listed, order, 100, perhaps_add))
        assert len(before) >= ROWS
        for limit in (1, 4):
            left = ADDED
            seen = await walk(api, listed, order, limit, perhaps_add)
            assert len(seen) == len(set(seen)), (order, limit)
            assert set(seen) >= before, (order, limit)


async def test_a_campaigns_codes_beyond_the_last_page_are_reached(api, pool, project):
    """Page 99 is the last one: at 100 a page, code 9,901 could not be seen."""
    campaign_id = await make_campaign(pool, project, name="large", vouchers_count=0)
    await add_vouchers(pool, project, campaign_id, [f"L-{n}" for n in range(10_050)])
    path = "/v1/vouchers?campaign_id=" + campaign_id + "&limit=100&order=code"
    last = (await api.get(path + "&page=99")).json()["vouchers"][-1]
    rest: list[str] = []
    while True:
        page = (await api.get(f"{path}&starting_after_id={last['id']}")).json()
        rest += [one["code"] for one in page["vouchers"]]
        last = page["vouchers"][-1]
        assert page["total"] == 10_050
        if not page["has_more"]:
            break
        assert page["more_starting_after"] == last["id"]
    assert rest == sorted(f"L-{n}" for n in range(10_050))[9_900:]


@pytest.mark.parametrize("way", ["bulk", "file", "publications"])
async def test_customers_who_came_together_are_all_walked_through_by_their_moments(api, pool, project, way):
    """No page is longer than its limit: each of them has a moment of its own."""
    names = [f"c-{n}" for n in range(60)]
    if way == "bulk":
        await api.post("/v1/customers/bulk/async", json=[{"source_id": name} for name in names])
    elif way == "file":
        await api.post("/v1/customers/importCSV", files={"file": ("x.csv", "Source_id\n" + "\n".join(names))})
    await work_off(pool)
    if way == "publications":
        await make_campaign(pool, project, name="pool", vouchers_count=60)
        await asyncio.gather(
            *(api.post("/v1/publications", json={"campaign": "pool", "customer": name}) for name in names)
        )
    for order in ("created_at", "-created_at"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await api.get(f"/v1/customers?limit=10&order={order}{cursor}")).json()
            seen += [one["source_id"] for one in page["customers"]]
            if way != "publications":
                assert len(page["customers"]) == 10
            if not page["has_more"]:
                break
            cursor = "&starting_after=" + page["customers"][-1]["created_at"]
        assert sorted(seen) == sorted(names)


async def test_an_unknown_row_is_refused_and_no_empty_page(api, other_api):
    await other_api.post("/v1/vouchers/THEIRS", json=CODE)
    theirs = (await other_api.get("/v1/vouchers/THEIRS")).json()["id"]
    for id_ in ("nothing", theirs, "%00", "x" * 300):
        for path in ("/v1/vouchers", "/v1/customers", "/v1/campaigns", "/v1/publications", "/v1/suppressions"):
            assert_refused(await api.get(f"{path}?starting_after_id={id_}"), 400, "invalid_query_params")


async def test_a_row_in_the_bin_is_still_a_place_in_the_list(api):
    ids = [(await api.post(f"/v1/vouchers/C-{n}", json=CODE)).json()["id"] for n in range(3)]
    await api.delete("/v1/vouchers/C-1")
    page = (await api.get(f"/v1/vouchers?order=created_at&starting_after_id={ids[1]}")).json()
    assert [one["id"] for one in page["vouchers"]] == [ids[2]]


async def test_a_moment_goes_with_the_order_of_moments(api):
    answer = await api.get("/v1/customers?order=source_id&starting_after=2024-01-01")
    assert_refused(answer, 400, "invalid_query_params", "starting_after must be used with the order created_at")


async def test_a_page_that_is_named_is_as_long_as_its_limit(api, pool):
    for n in range(7):
        await api.post("/v1/customers", json={"source_id": f"c-{n}"})
    await pool.execute("UPDATE customers SET created_at = '2024-01-01'")
    pages = [(await api.get(f"/v1/customers?limit=3&page={page}")).json()["customers"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({one["id"] for page in pages for one in page}) == 7


async def test_too_many_of_one_moment_are_refused_with_the_cursor_that_goes_through_them(api, pool, monkeypatch):
    monkeypatch.setattr("largesse.store.customers.AT_ONCE_MAX", 4)
    for n in range(5):
        await api.post("/v1/customers", json={"source_id": f"c-{n}"})
    await pool.execute("UPDATE customers SET created_at = '2024-01-01'")
    assert_refused(await api.get("/v1/customers?limit=3"), 400, "invalid_query_params", "starting_after_id")
    assert len((await api.get("/v1/customers?limit=3&page=1")).json()["customers"]) == 3
