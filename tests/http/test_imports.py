"""Imports of vouchers and customers, JSON and CSV: good rows in, bad rows reported, counters exact."""

from typing import Any

import httpx
import pytest

from largesse.actions import bulk
from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.actions.conftest import assert_counters_are_exact, work_off

PERCENT = {"discount": {"type": "PERCENT", "percent_off": 10}}
PATHS = [
    "/v1/campaigns/c/import",
    "/v1/vouchers/import",
    "/v1/campaigns/c/importCSV",
    "/v1/vouchers/importCSV",
    "/v1/customers/importCSV",
]


@pytest.fixture
async def campaign(api: httpx.AsyncClient) -> str:
    answer = await api.post("/v1/campaigns", json={"name": "c", "voucher": PERCENT})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def finished(api: httpx.AsyncClient, pool: Pool, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    await work_off(pool)
    action: dict[str, Any] = (await api.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
    assert action["status"] == "DONE", action
    result: dict[str, Any] = action["result"]
    assert len(result["failed"]) == result["failed_count"]
    return result


async def imported(api: httpx.AsyncClient, pool: Pool, path: str, rows: list[Any]) -> dict[str, Any]:
    return await finished(api, pool, await api.post(path, json=rows))


async def imported_csv(api: httpx.AsyncClient, pool: Pool, path: str, text: str | bytes) -> dict[str, Any]:
    return await finished(api, pool, await api.post(path, files={"file": ("x.csv", text, "text/csv")}))


async def voucher(api: httpx.AsyncClient, code: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/vouchers/{code}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("path", PATHS)
async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient, path: str) -> None:
    assert (await anonymous.post(path)).status_code == 401


@pytest.mark.parametrize("path", [PATHS[0], PATHS[2]])
async def test_another_projects_campaign_is_not_found(other_api: httpx.AsyncClient, campaign: str, path: str) -> None:
    if path.endswith("CSV"):
        answer = await other_api.post(path, files={"file": "Code\nA\n"})
    else:
        answer = await other_api.post(path, json=[{"code": "A"}])
    assert (answer.status_code, answer.json()["key"]) == (404, "not_found")


class TestCampaign:
    async def test_codes_become_vouchers_of_the_campaign(
        self, api: httpx.AsyncClient, pool: Pool, project: Project, campaign: str
    ) -> None:
        rows = [
            {"code": "A", "category": "New", "metadata": {"k": 1}, "additional_info": "i"},
            {"code": "B", "active": False, "type": "GIFT_VOUCHER", "redemption": {"quantity": 3}},
        ]
        result = await imported(api, pool, PATHS[0], rows)
        assert result == {
            "message": "2 voucher(s) imported successfully, 0 failed.", "failed": [], "done_count": 2, "failed_count": 0,
        }  # fmt: skip
        a, b = await voucher(api, "A"), await voucher(api, "B")
        assert (a["campaign_id"], a["type"], a["discount"]) == (campaign, "DISCOUNT_VOUCHER", PERCENT["discount"])
        assert (a["category"], a["metadata"], a["additional_info"], a["active"]) == ("New", {"k": 1}, "i", True)
        assert (b["type"], b["active"], b["redemption"]["quantity"]) == ("DISCOUNT_VOUCHER", False, 3)
        assert (await api.get("/v1/campaigns/c")).json()["vouchers_count"] == 2
        await assert_counters_are_exact(pool, project)
        assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'campaign.vouchers.added'") == 1

    async def test_an_imported_code_can_be_published(self, api: httpx.AsyncClient, pool: Pool, campaign: str) -> None:
        await imported(api, pool, PATHS[0], [{"code": "A"}])
        answer = await api.post("/v1/publications", json={"campaign": {"name": "c"}, "customer": {"source_id": "x"}})
        assert answer.json()["voucher"]["code"] == "A"

    async def test_importing_again_changes_only_active_and_category(
        self, api: httpx.AsyncClient, pool: Pool, project: Project, campaign: str
    ) -> None:
        await imported(api, pool, PATHS[0], [{"code": "A", "metadata": {"k": 1}}, {"code": "B"}])
        rows = [{"code": "A", "active": False, "category": "New", "metadata": {"k": 2}, "additional_info": "i"}]
        assert (await imported(api, pool, PATHS[0], rows))["done_count"] == 1
        a = await voucher(api, "A")
        assert (a["active"], a["category"]) == (False, "New")
        assert (a["metadata"], a["additional_info"]) == ({"k": 1}, None)
        await assert_counters_are_exact(pool, project)

    @pytest.mark.parametrize(
        ("rows", "key", "details"),
        [
            ([{"code": "A"}, {}], "invalid_voucher", "Found 1 voucher(s) without 'code' value"),
            ([{"code": "A"}, {"code": "A"}], "duplicate_key", "1 voucher codes(s) already exist."),
            ([{"code": "S"}], "duplicate_key", "1 voucher codes(s) already exist."),
            ([{"code": 1}], "invalid_payload", ""),
            ([], "invalid_payload", ""),
            ({}, "invalid_payload", ""),
        ],
    )
    async def test_what_cannot_be_right_is_refused_at_once(
        self, api: httpx.AsyncClient, campaign: str, rows: Any, key: str, details: str
    ) -> None:
        await api.post("/v1/vouchers/S", json=PERCENT)
        answer = await api.post(PATHS[0], json=rows)
        assert (answer.status_code, answer.json()["key"]) == (400, key)
        assert details in answer.json()["details"]

    async def test_bad_rows_stay_out_and_good_ones_go_in(
        self, api: httpx.AsyncClient, pool: Pool, project: Project, campaign: str
    ) -> None:
        result = await imported(api, pool, PATHS[0], [{"code": "A"}, {"code": " B "}, {"code": "x" * 300}])
        assert (result["done_count"], result["failed_count"]) == (1, 2)
        assert {report["code"] for report in result["failed"]} == {" B ", "x" * 300}
        await assert_counters_are_exact(pool, project)

    async def test_a_code_taken_after_the_request_is_a_failed_row(
        self, api: httpx.AsyncClient, pool: Pool, project: Project, campaign: str
    ) -> None:
        answer = await api.post(PATHS[0], json=[{"code": "A"}, {"code": "B"}])
        await api.post("/v1/vouchers/B", json=PERCENT)
        result = await finished(api, pool, answer)
        assert (result["done_count"], result["failed"]) == (1, [{"code": "B", "reason": "The code is taken"}])
        await assert_counters_are_exact(pool, project)

    async def test_the_import_stops_at_the_ceiling(
        self, api: httpx.AsyncClient, pool: Pool, project: Project, campaign: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "PIECE", 2)
        await pool.execute("UPDATE projects SET codes_per_campaign_max = 3")
        result = await imported(api, pool, PATHS[0], [{"code": f"A{n}"} for n in range(5)])
        assert (result["done_count"], result["failed_count"]) == (3, 2)
        assert "at most 3" in result["failed"][0]["reason"]
        await assert_counters_are_exact(pool, project)

    async def test_an_expired_campaign_gives_disabled_vouchers_unless_told_otherwise(
        self, api: httpx.AsyncClient, pool: Pool, project: Project, campaign: str
    ) -> None:
        await pool.execute("UPDATE campaigns SET expiration_date = now() - interval '1 day'")
        await imported(api, pool, PATHS[0], [{"code": "A"}, {"code": "B", "active": True}])
        assert ((await voucher(api, "A"))["active"], (await voucher(api, "B"))["active"]) == (False, True)
        await assert_counters_are_exact(pool, project)

    async def test_a_campaign_deleted_meanwhile_ends_the_import(
        self, api: httpx.AsyncClient, pool: Pool, campaign: str
    ) -> None:
        answer = await api.post(PATHS[0], json=[{"code": "A"}])
        await api.delete("/v1/campaigns/c")
        await work_off(pool)
        action = (await api.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
        assert (action["status"], action["result"]["done_count"]) == ("FAILED", 0)
        assert await pool.fetchval("SELECT count(*) FROM payloads") == 0

    async def test_csv_maps_columns_and_keeps_the_others_as_metadata(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}
        await api.post("/v1/campaigns", json={"name": "c", "voucher": gift})
        text = (
            "\ufeffCode,Category,ACTIVE,Gift Amount,Redeemed_Amount,Redeemed Quantity,Colour of bag\r\n"
            'A,New,TRUE,10,2.50,1,"deep, ""sea""\nblue"\r\n'
            "B,,false,,,,\r\n"
            "\r\n"
            "C,,maybe,,,,\r\n"
            "D,,,1.234,,,\r\n"
            "E,,,\r\n"
            "A,,,,,,\r\n"
            ",,,5,,,\r\n"
        )
        result = await imported_csv(api, pool, PATHS[2], text)
        assert (result["done_count"], result["failed_count"]) == (2, 5)
        assert [report["row"] for report in result["failed"]] == [3, 4, 5, 6, 7]
        a, b = await voucher(api, "A"), await voucher(api, "B")
        assert (a["gift"]["amount"], a["gift"]["balance"], a["redemption"]["redeemed_amount"]) == (1000, 750, 250)
        assert a["redemption"]["redeemed_quantity"] == 1
        assert (a["category"], a["metadata"]) == ("New", {"Colour of bag": 'deep, "sea"\nblue'})
        assert (b["gift"]["amount"], b["active"], b["metadata"]) == (100, False, {})
        await assert_counters_are_exact(pool, project)

    async def test_a_code_redeemed_elsewhere_is_never_handed_out(
        self, api: httpx.AsyncClient, pool: Pool, campaign: str
    ) -> None:
        await imported_csv(api, pool, PATHS[2], "Code,Redeemed Quantity\nA,1\n")
        answer = await api.post("/v1/publications", json={"campaign": {"name": "c"}, "customer": {"source_id": "x"}})
        assert answer.status_code == 400


class TestVouchers:
    async def test_json_makes_discount_and_gift_vouchers(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        rows = [
            {"code": "A", **PERCENT, "start_date": "2024-01-01", "validity_day_of_week": [1, 2]},
            {"code": "B", "gift": {"amount": 500}, "campaign": "ignored", "what": "ever"},
            {"code": "C"},
            {"code": "D", "type": "LOYALTY_CARD", "loyalty_card": {"points": 1}},
            {"code": "E", "discount": {"type": "PERCENT", "percent_off": 200}},
        ]
        result = await imported(api, pool, PATHS[1], rows)
        assert (result["done_count"], sorted(report["code"] for report in result["failed"])) == (2, ["C", "D", "E"])
        a = await voucher(api, "A")
        assert (a["start_date"], a["validity_day_of_week"]) == ("2024-01-01T00:00:00.000Z", [1, 2])
        assert (await voucher(api, "B"))["gift"]["balance"] == 500
        await assert_counters_are_exact(pool, project)

    async def test_json_never_touches_a_code_that_exists(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await api.post("/v1/vouchers/A", json=PERCENT)
        result = await imported(api, pool, PATHS[1], [{"code": "A", **PERCENT, "active": False}])
        assert (result["done_count"], result["failed_count"]) == (0, 1)
        assert (await voucher(api, "A"))["active"] is True

    async def test_csv_reads_amounts_in_major_units(self, api: httpx.AsyncClient, pool: Pool, project: Project) -> None:
        text = (
            "Code,Voucher Type,Value,Discount Type,Start Date,Redemption Limit,Active,Additional Info,shop\n"
            "A,DISCOUNT_VOUCHER,10,AMOUNT,2024-01-01,5,TRUE,i,Rome\n"
            "B,Discount Voucher,12.5,percent,,,,,\n"
            "C,GIFT_VOUCHER,20.50,,,,,,\n"
            "D,LOYALTY_CARD,5,,,,,,\n"
        )
        result = await imported_csv(api, pool, PATHS[3], text)
        assert (result["done_count"], [report["code"] for report in result["failed"]]) == (3, ["D"])
        a, b = await voucher(api, "A"), await voucher(api, "B")
        assert a["discount"] == {"type": "AMOUNT", "amount_off": 1000}
        assert (a["redemption"]["quantity"], a["additional_info"], a["metadata"]) == (5, "i", {"shop": "Rome"})
        assert b["discount"] == {"type": "PERCENT", "percent_off": 12.5}
        assert (await voucher(api, "C"))["gift"]["amount"] == 2050
        await assert_counters_are_exact(pool, project)

    async def test_csv_updates_known_codes(self, api: httpx.AsyncClient, pool: Pool, project: Project) -> None:
        await api.post("/v1/vouchers/A", json={**PERCENT, "metadata": {"k": 1}, "expiration_date": "2020-01-01"})
        await pool.execute("UPDATE vouchers SET state = 4")
        await pool.execute("UPDATE campaign_counters SET withdrawn = 1")
        head = "Code,Voucher Type,Value,Discount Type,Expiration Date,Active,shop\n"
        await imported_csv(api, pool, PATHS[3], head + "A,DISCOUNT_VOUCHER,99,PERCENT,2999-01-01,FALSE,Rome\n")
        a = await voucher(api, "A")
        assert (a["active"], a["metadata"], a["expiration_date"][:4]) == (False, {"k": 1, "shop": "Rome"}, "2999")
        assert a["discount"] == PERCENT["discount"]
        await assert_counters_are_exact(pool, project)


class TestCustomers:
    async def test_csv_creates_and_updates(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await api.post("/v1/customers", json={"source_id": "a", "name": "Old", "phone": "1", "metadata": {"k": "v"}})
        text = (
            "Name,Source_id,Email,Birthdate,Address_line_1,City,Address_Postal_Code,Favourite brands\n"
            'Ann,a,a@x,2001-02-03,Street 1,Rome,00100,"Nike,Fenty"\n'
            "Bob,b,,31.12.2001,,,,\n"
            ",,nobody@x,,,,,\n"
            "Eve,cust_x,,,,,,\n"
        )
        result = await imported_csv(api, pool, PATHS[4], text)
        assert (result["done_count"], [report["row"] for report in result["failed"]]) == (1, [2, 3, 4])
        assert result["message"] == "1 customer(s) imported successfully, 3 failed."
        assert [(report["line"], report["source_id"]) for report in result["failed"]] == [
            (3, "b"),
            (4, None),
            (5, "cust_x"),
        ]
        a = (await api.get("/v1/customers/a")).json()
        assert (a["name"], a["email"], a["phone"], a["birthdate"]) == ("Ann", "a@x", "1", "2001-02-03")
        assert a["address"] == {"line_1": "Street 1", "city": "Rome", "postal_code": "00100"}
        assert a["metadata"] == {"k": "v", "Favourite brands": "Nike,Fenty"}
        assert (await api.get("/v1/customers")).json()["total"] == 1

    async def test_rows_in_another_encoding_are_reported(self, api: httpx.AsyncClient, pool: Pool) -> None:
        text = b"Name,Source_id\nAnn,a\n" + "Jörg,b\n".encode("latin-1") + "Zoë,c\n".encode()
        result = await imported_csv(api, pool, PATHS[4], text)
        assert [(report["row"], report["reason"]) for report in result["failed"]] == [(2, "The row is not UTF-8")]
        assert (await api.get("/v1/customers/c")).json()["name"] == "Zoë"

    async def test_utf_16_with_a_byte_order_mark_is_read(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await imported_csv(api, pool, PATHS[4], "Name,Source_id\nJörg,b\n".encode("utf-16"))
        assert (await api.get("/v1/customers/b")).json()["name"] == "Jörg"


class TestFiles:
    @pytest.mark.parametrize("path", PATHS[2:])
    @pytest.mark.parametrize("name", ["other", ""])
    async def test_a_form_without_a_file_is_refused(
        self, api: httpx.AsyncClient, campaign: str, path: str, name: str
    ) -> None:
        answer = await api.post(path, files={name: "Code\nA\n"})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert "'file'" in answer.json()["details"]

    @pytest.mark.parametrize("path", PATHS[2:])
    async def test_json_is_not_a_form(self, api: httpx.AsyncClient, path: str) -> None:
        assert (await api.post(path, json={})).status_code == 415

    @pytest.mark.parametrize("text", ["", "\n", "Name\nA\n", "Code,code\nA,B\n", "Code," + "x," * 300 + "\n"])
    async def test_a_file_without_the_right_header_is_refused(self, api: httpx.AsyncClient, text: str) -> None:
        answer = await api.post(PATHS[3], files={"file": text})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")

    async def test_a_header_alone_imports_nothing(self, api: httpx.AsyncClient, pool: Pool) -> None:
        assert (await imported_csv(api, pool, PATHS[3], "Code\n"))["done_count"] == 0


class TestEvents:
    CSV = (
        "Code,Voucher Type,Discount Type,Value\nA,DISCOUNT_VOUCHER,PERCENT,10\nB,DISCOUNT_VOUCHER,PERCENT,10\nC,x,x,1\n"
    )

    async def events(self, api: httpx.AsyncClient, pool: Pool, webhooks: str | None, query: str = "") -> list[str]:
        """What an import brought about beside what was there: A. It makes B, updates A and refuses C."""
        await api.post("/v1/vouchers/A", json=PERCENT)
        before = await pool.fetchval("SELECT count(*) FROM events")
        form = {} if webhooks is None else {"webhooks_enable": webhooks}
        answer = await api.post(PATHS[3] + query, files={"file": ("x.csv", self.CSV, "text/csv")}, data=form)
        result = await finished(api, pool, answer)
        assert (result["done_count"], result["failed_count"]) == (2, 1)
        rows = await pool.fetch("SELECT type, entity_id, data FROM events ORDER BY seq OFFSET $1", before)
        assert all(row["data"]["voucher"]["id"] == row["entity_id"] for row in rows)
        return [f"{row['type']} {row['data']['voucher']['code']}" for row in rows]

    @pytest.mark.parametrize("webhooks", ["true", "TRUE"])
    async def test_one_for_each_voucher_when_asked_for(self, api: httpx.AsyncClient, pool: Pool, webhooks: str) -> None:
        assert await self.events(api, pool, webhooks) == ["voucher.created B", "voucher.updated A"]

    @pytest.mark.parametrize(("webhooks", "query"), [(None, ""), ("false", ""), ("", ""), ("true", "?dry_run=true")])
    async def test_else_none(self, api: httpx.AsyncClient, pool: Pool, webhooks: str | None, query: str) -> None:
        assert await self.events(api, pool, webhooks, query) == []

    async def test_neither_true_nor_false_is_refused(self, api: httpx.AsyncClient) -> None:
        files = {"file": ("x.csv", self.CSV, "text/csv")}
        answer = await api.post(PATHS[3], files=files, data={"webhooks_enable": "maybe"})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert ".webhooks_enable must be TRUE or FALSE" in answer.json()["details"]
