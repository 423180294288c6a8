"""Exports as a client sees them."""

import csv
import io
import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from largesse.actions import export_files, exports
from largesse.domain.errors import NotFound
from largesse.domain.exports import OBJECTS
from largesse.store import exports as store
from largesse.store.connection import Pool
from largesse.wire.export_files import has_parquet
from tests.actions.conftest import work_off
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.http.conftest import APP_TOKEN, client_of, make_key
from tests.http.test_publications import assert_refused

EXPORTS = "/v1/exports"
PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


async def begun(api: httpx.AsyncClient, exported_object: str, **parameters: Any) -> dict[str, Any]:
    answer = await api.post(EXPORTS, json={"exported_object": exported_object, "parameters": parameters})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def done(api: httpx.AsyncClient, pool: Pool, exported_object: str, **parameters: Any) -> dict[str, Any]:
    made = await begun(api, exported_object, **parameters)
    await work_off(pool)
    found: dict[str, Any] = (await api.get(f"{EXPORTS}/{made['id']}")).json()
    assert found["status"] == "DONE", found
    return found


def address(export: dict[str, Any]) -> str:
    parts = urlsplit(export["result"]["url"])
    return f"{parts.path}?{parts.query}"


async def text_of(api: httpx.AsyncClient, pool: Pool, exported_object: str, **parameters: Any) -> str:
    export = await done(api, pool, exported_object, **parameters)
    return (await api.get(address(export))).text


async def rows_of(api: httpx.AsyncClient, pool: Pool, exported_object: str, **parameters: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(await text_of(api, pool, exported_object, **parameters), newline="")))


async def published(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post("/v1/publications", json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


class TestLifeOfAnExport:
    @pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", ""), ("GET", "/exp_x"), ("DELETE", "/exp_x")])
    async def test_anonymous_is_401(self, anonymous, method, path):
        assert_refused(await anonymous.request(method, EXPORTS + path), 401, "unauthorized")

    async def test_another_project_sees_nothing(self, api, pool, other_api):
        export = await done(api, pool, "customer")
        path = f"{EXPORTS}/{export['id']}"
        for method in ("GET", "DELETE"):
            assert_refused(await other_api.request(method, path), 404, "not_found")
        assert (await other_api.get(EXPORTS)).json()["total"] == 0
        assert_refused(await other_api.get(path + "?token=x"), 404, "not_found")

    @pytest.mark.row("A191", "A130", "A039")
    async def test_from_scheduled_to_a_file_behind_a_token(self, api, anonymous, pool, project):
        await add_vouchers(pool, project, None, ["A-1"])
        published_ = await published(api, voucher="A-1", customer="alice", channel="newsletter_October")
        export = await begun(api, "publication", fields=["voucher_code", "channel", "customer_source_id", "date"])
        assert list(export) == [
            "id", "object", "created_at", "status", "channel", "exported_object", "parameters", "result", "user_id",
        ]  # fmt: skip
        assert (export["object"], export["status"], export["channel"]) == ("export", "SCHEDULED", "API")
        assert (export["result"], export["user_id"]) == (None, None)
        await work_off(pool)
        export = (await api.get(f"{EXPORTS}/{export['id']}")).json()
        assert export["status"] == "DONE"
        assert export["result"]["url"].startswith("http://127.0.0.1:8000/v1/exports/exp_")
        answer = await anonymous.get(address(export), headers={"Accept": "text/csv"})
        assert answer.status_code == 200
        assert answer.text == (
            f"Voucher Code,Channel,Customer Source ID,Date\nA-1,newsletter_October,alice,{published_['created_at']}\n"
        )
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert export["id"] in answer.headers["content-disposition"]

    async def test_a_wrong_token_is_401_and_keys_open_the_file_too(self, api, anonymous, pool):
        export = await done(api, pool, "customer")
        other = await done(api, pool, "customer")
        path = f"{EXPORTS}/{export['id']}"
        token = address(other).partition("?")[2]
        for query in ("token=", "token=x", "token=None", token):
            assert_refused(await anonymous.get(f"{path}?{query}"), 401, "unauthorized")
        assert (await api.get(f"{path}?token=x")).text == "Name,Source ID\n"
        assert (await api.get(f"{path}?token=x", headers={"Accept": "text/csv"})).status_code == 200
        head = await anonymous.head(address(export))
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "15")

    @pytest.mark.parametrize("query", ["", "?token=x", "?a_token=x"])
    async def test_keys_open_it_only_if_they_may(self, app, api, pool, project, query):
        """The address with a token goes around the ordinary checks: where the token isn't good, they come after it."""
        export = await done(api, pool, "customer")
        await make_key(pool, project, app_id="narrow")
        await make_key(pool, project, app_id="wide")
        await make_key(pool, project, app_id="till", kind="integration")
        await pool.execute("UPDATE api_keys SET scopes = '{vouchers}' WHERE app_id = 'narrow'")
        await pool.execute("UPDATE api_keys SET scopes = '{exports,customers}', role = 'viewer' WHERE app_id = 'wide'")
        for app_id, status in (("narrow", 403), ("till", 403), ("wide", 200), ("nobody", 401)):
            async with client_of(app, {"X-App-Id": app_id, "X-App-Token": APP_TOKEN}) as client:
                answer = await client.get(f"{EXPORTS}/{export['id']}{query}")
                assert answer.status_code == status, (app_id, answer.text)

    async def test_an_unfinished_file_is_404(self, api, pool):
        export = await begun(api, "customer")
        assert_refused(await api.get(f"{EXPORTS}/{export['id']}?token=x"), 404, "not_found")

    async def test_delete_takes_the_file_too(self, api, anonymous, pool):
        export = await done(api, pool, "customer")
        answer = await api.delete(f"{EXPORTS}/{export['id']}")
        assert (answer.status_code, answer.content) == (204, b"")
        answer = await api.delete(f"{EXPORTS}/{export['id']}")
        assert_refused(answer, 404, "not_found", "Cannot find export with id")
        assert answer.json()["resource_type"] == "export"
        assert_refused(await anonymous.get(address(export)), 404, "not_found")

    async def test_delete_ends_a_download_under_way(self, api, pool, monkeypatch):
        monkeypatch.setattr(export_files, "PIECE_BYTES", 1)
        for n in range(3):
            await api.post("/v1/customers", json={"source_id": f"s{n}"})
        export = await done(api, pool, "customer")
        read, get_piece = 0, store.get_piece

        async def meanwhile(connection, *args):
            nonlocal read
            if (read := read + 1) == 2:
                await connection.execute("UPDATE exports SET deleted_at = now()")
            return await get_piece(connection, *args)

        monkeypatch.setattr(store, "get_piece", meanwhile)
        with pytest.raises(NotFound):  # the connection is cut
            await api.get(address(export))
        assert read == 2

    async def test_the_list_is_paged_and_ordered(self, api, pool):
        first = await done(api, pool, "customer")
        second = await begun(api, "publication")
        found = (await api.get(EXPORTS)).json()
        assert (found["object"], found["data_ref"], found["total"]) == ("list", "exports", 2)
        assert [one["id"] for one in found["exports"]] == [second["id"], first["id"]]
        for order, ids in (("created_at", [first, second]), ("status", [first, second]), ("-status", [second, first])):
            found = (await api.get(EXPORTS, params={"order": order})).json()
            assert [one["id"] for one in found["exports"]] == [one["id"] for one in ids]
        assert len((await api.get(EXPORTS, params={"limit": 1, "page": 2})).json()["exports"]) == 1
        for query in ({"order": "id"}, {"page": 101}, {"limit": 0}):
            assert_refused(await api.get(EXPORTS, params=query), 400, "invalid_query_params")


class TestRefusals:
    async def test_an_unknown_object_is_invalid_with_the_list_of_known_ones(self, api):
        answer = await api.post(EXPORTS, json={"exported_object": "product"})
        assert_refused(answer, 400, "invalid_payload", "equal to one of the allowed values [customer, order")
        assert_refused(await api.post(EXPORTS, json={}), 400, "invalid_payload", "exported_object")

    @pytest.mark.parametrize("name", ["redemption", "order", "points_expiration"])
    async def test_what_doesnt_exist_yet_is_not_an_empty_file(self, api, name):
        answer = await api.post(EXPORTS, json={"exported_object": name})
        assert_refused(answer, 501, "not_implemented", f"Exports of {name} are not supported yet")

    @pytest.mark.parametrize("name", OBJECTS)
    async def test_an_unknown_field_names_the_allowed_ones(self, api, name):
        answer = await api.post(EXPORTS, json={"exported_object": name, "parameters": {"fields": ["id", "shoe_size"]}})
        allowed = ", ".join(OBJECTS[name].fields)
        assert_refused(answer, 400, "invalid_export_fields", f"Unsupported field used. Allowed fields: {allowed}")
        assert answer.json()["message"] == "Invalid Export"

    async def test_all_faults_are_named_at_once_and_nothing_is_begun(self, api):
        filters = {"shoe_size": {"conditions": {"$is": ["44"]}}, "created_at": {"conditions": {"$after": ["soon"]}}}
        answer = await api.post(
            EXPORTS, json={"exported_object": "customer", "parameters": {"order": "shoe_size", "filters": filters}}
        )
        for fault in (".parameters.order", ".parameters.filters.shoe_size", ".parameters.filters.created_at.$after"):
            assert_refused(answer, 400, "invalid_payload", fault)
        assert (await api.get(EXPORTS)).json()["total"] == 0

    async def test_another_type_of_parameters_is_invalid(self, api):
        wrong = {"order": 1, "fields": "id", "filters": [], "format": "XLS", "publish": 1}
        answer = await api.post(EXPORTS, json={"exported_object": "voucher", "parameters": wrong})
        for name in wrong:
            assert_refused(answer, 400, "invalid_payload", f".parameters.{name}")

    async def test_filters_have_the_size_of_metadata_at_most(self, api):
        """They are shown in every answer: a hundred exports with ten megabytes each would be a list of a gigabyte."""
        filters = {"name": {"conditions": {"$contains": ["x" * 70_000]}}}
        answer = await api.post(EXPORTS, json={"exported_object": "customer", "parameters": {"filters": filters}})
        assert_refused(answer, 400, "invalid_payload", ".parameters.filters must not be larger than 65536 bytes")

    async def test_only_so_many_wait_for_their_file(self, api, pool, monkeypatch):
        monkeypatch.setattr(exports, "UNFINISHED_MAX", 2)
        for _ in range(2):
            await begun(api, "customer")
        answer = await api.post(EXPORTS, json={"exported_object": "customer"})
        assert_refused(answer, 429, "too_many_requests", "and 2 of a project, can be under way")
        assert int(answer.headers["retry-after"]) > 0
        assert (await api.get(EXPORTS)).json()["total"] == 2
        await work_off(pool)
        await begun(api, "customer")

    async def test_an_unknown_campaign_is_404(self, api):
        answer = await api.post(EXPORTS, json={"exported_object": "voucher", "parameters": {"campaign_id": "camp_x"}})
        assert_refused(answer, 404, "not_found", "campaign")

    @pytest.mark.skipif(has_parquet(), reason="pyarrow is installed")
    async def test_parquet_without_its_extra_says_what_to_install(self, api):
        answer = await api.post(EXPORTS, json={"exported_object": "customer", "parameters": {"format": "PARQUET"}})
        assert_refused(answer, 501, "not_implemented", "pip install largesse[parquet]")


class TestPublications:
    async def test_the_defaults(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=3)
        made = await published(api, campaign={"name": "c", "count": 2}, customer="alice")
        [first, second] = await rows_of(api, pool, "publication")
        assert list(first) == ["Voucher Code", "Customer ID", "Date", "Channel"]
        assert sorted([first["Voucher Code"], second["Voucher Code"]]) == sorted(made["vouchers"])
        assert first["Customer ID"] == made["customer_id"]

    async def test_every_field_and_the_alias(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=1)
        made = await published(api, campaign="c", customer="alice", metadata={"b": 1, "a": "x,y"})
        fields = list(OBJECTS["publication"].fields)
        [row] = await rows_of(api, pool, "publication", fields=fields)
        code = made["voucher"]["code"]
        assert row == {
            "Voucher Code": code, "Code": code, "Customer ID": made["customer_id"], "Customer Source ID": "alice",
            "Date": made["created_at"], "Channel": "API", "Campaign": "c", "Is Winner": "", "a": "x,y", "b": "1",
        }  # fmt: skip

    async def test_failures_are_rows_without_a_code(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=0)
        await api.post("/v1/publications", json={"campaign": "c", "customer": "alice"})
        [row] = await rows_of(api, pool, "publication")
        assert row["Voucher Code"] == ""
        filters = {"result": {"conditions": {"$is": ["SUCCESS"]}}}
        assert await rows_of(api, pool, "publication", filters=filters) == []

    async def test_filters_are_those_of_the_list_and_three_more(self, api, pool, project):
        campaign = await make_campaign(pool, project, name="c", vouchers_count=1)
        await add_vouchers(pool, project, None, ["A", "B"])
        ours = (await published(api, campaign="c", customer="alice"))["voucher"]["code"]
        bob = (await published(api, voucher="A", customer="bob"))["customer_id"]
        await published(api, voucher="B", customer="carol", metadata={"k": 7})
        for field, conditions, codes in [
            ("campaign", {"$is": ["c"]}, [ours]),
            ("campaign", {"$in": [campaign]}, [ours]),
            ("customer", {"$in": ["bob", "alice"]}, sorted([ours, "A"])),
            ("customer", {"$is": bob}, ["A"]),
            ("voucher", {"$is": ["B"]}, ["B"]),
            ("metadata.k", {"$more_than": [6]}, ["B"]),
            ("created_at", {"$less_than_ago": [1]}, sorted([ours, "A", "B"])),
            ("created_at", {"$is_days_in_future": [3]}, []),
        ]:
            filters = {"junction": "and", field: {"conditions": conditions}}
            rows = await rows_of(api, pool, "publication", filters=filters)
            assert sorted(row["Voucher Code"] for row in rows) == codes, (field, conditions)
        filters = {
            "junction": "OR",
            "voucher": {"conditions": {"$is": ["B"]}},
            "customer": {"conditions": {"$is": ["bob"]}},
        }
        assert len(await rows_of(api, pool, "publication", filters=filters)) == 2

    @pytest.mark.parametrize("order", OBJECTS["publication"].orders)
    async def test_every_order_both_ways(self, api, pool, project, order):
        await add_vouchers(pool, project, None, ["A", "B"])
        await published(api, voucher="A", customer="a", channel="a")
        await published(api, voucher="B", customer="b", channel="b")
        for sign, codes in (("", ["A", "B"]), ("-", ["B", "A"])):
            rows = await rows_of(api, pool, "publication", order=sign + order)
            assert [row["Voucher Code"] for row in rows] == codes


class TestVouchers:
    async def test_the_sample_of_the_contract(self, api, pool):
        await api.post("/v1/vouchers/GIFT", json={"type": "GIFT_VOUCHER", "gift": {"amount": 200000}})
        await api.post("/v1/vouchers/OFF", json={"discount": {"type": "AMOUNT", "amount_off": 1050}})
        await api.post("/v1/vouchers/TEN", json=PERCENT)
        text = await text_of(api, pool, "voucher", fields=["code", "voucher_type", "value"], order="code")
        assert text == (
            "Code,Voucher Type,Value\nGIFT,GIFT_VOUCHER,2000.00\nOFF,DISCOUNT_VOUCHER,10.50\nTEN,DISCOUNT_VOUCHER,10\n"
        )

    async def test_every_field(self, api, pool):
        await api.post("/v1/categories", json={"name": "Food", "hierarchy": 1})
        body = PERCENT | {
            "category": "Food", "start_date": "2026-01-01T01:00:00+01:00", "expiration_date": "2036-01-01",
            "redemption": {"quantity": 3}, "metadata": {"ü": "ß", "n": None}, "additional_info": 'say "hi",\nplease',
            "validity_timeframe": {"interval": "P1D", "duration": "PT1H"}, "validity_day_of_week": [1, 2, 3, 4, 5],
            "discount": {"type": "PERCENT", "percent_off": 12.5, "amount_limit": 9900, "effect": "APPLY_TO_ORDER"},
        }  # fmt: skip
        made = (await api.post("/v1/vouchers/V", json=body)).json()
        text = await text_of(api, pool, "voucher", fields=list(OBJECTS["voucher"].fields), publish=False)
        [row] = csv.DictReader(io.StringIO(text, newline=""))
        assert {name: value for name, value in row.items() if value} == {
            "Code": "V", "Voucher Type": "DISCOUNT_VOUCHER", "Value": "12.5", "Discount Type": "PERCENT",
            "Category": "Food", "Start Date": "2026-01-01T00:00:00.000Z", "Expiration Date": "2036-01-01T00:00:00.000Z",
            "Redemption Quantity": "3", "Redemption Count": "0", "Active": "true", "ü": "ß", "ID": made["id"],
            "Is Referral Code": "false", "Created At": made["created_at"], "Validity Timeframe Interval": "P1D",
            "Validity Timeframe Duration": "PT1H", "Validity Day Of Week": "1,2,3,4,5", "Discount Amount Limit": "99.00",
            "Additional Info": 'say "hi",\nplease', "Discount Effect": "APPLY_TO_ORDER",
            "QR Code": made["assets"]["qr"]["url"], "Bar Code": made["assets"]["barcode"]["url"],
        }  # fmt: skip
        assert '"1,2,3,4,5"' in text
        assert "n" in row

    @pytest.mark.parametrize("format_", ["CSV", "JSONL"])
    async def test_the_pictures_of_each_open(self, api, pool, project, format_):
        await add_vouchers(pool, project, None, ["A", "B"])
        fields = ["code", "bar_code", "qr_code"]
        text = await text_of(api, pool, "voucher", fields=fields, format=format_, order="code")
        lines = text.splitlines()
        rows = (
            [list(json.loads(line).values()) for line in lines] if format_ == "JSONL" else list(csv.reader(lines))[1:]
        )
        for code, barcode, qr in rows:
            assets = (await api.get(f"/v1/vouchers/{code}")).json()["assets"]
            assert (barcode, qr) == (assets["barcode"]["url"], assets["qr"]["url"])
            picture = await api.get("/v1/" + qr.partition("/v1/")[2])
            assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")

    async def test_the_rules_of_a_voucher_and_of_its_campaign(self, api, pool):
        own, shared, other = [
            (await api.post("/v1/validation-rules", json={"name": name})).json()["id"] for name in "abc"
        ]
        await api.post("/v1/campaigns", json={"name": "c", "voucher": PERCENT, "validation_rules": [shared]})
        await api.post("/v1/campaigns/c/vouchers/A", json={"validation_rules": [own]})
        await api.post("/v1/vouchers/B", json=PERCENT)
        await api.post("/v1/vouchers/C", json=PERCENT | {"validation_rules": [other]})
        rows = await rows_of(api, pool, "voucher", fields=["code", "validation_rules_id"], order="code")
        assert [row["Validation Rules ID"] for row in rows] == [f"{own},{shared}", "", other]

    async def test_a_campaign_alone(self, api, pool, project):
        campaign = await make_campaign(pool, project, name="c", vouchers_count=2)
        await add_vouchers(pool, project, None, ["ALONE"])
        rows = await rows_of(api, pool, "voucher", campaign_id=campaign, fields=["campaign", "campaign_id"])
        assert rows == [{"Campaign": "c", "Campaign ID": campaign}] * 2

    async def test_cells_are_left_as_they_are(self, api, pool):
        """Data for programs: what a spreadsheet might take for a formula isn't changed."""
        for name in ("=1+1", "@x", "+1", "-1"):
            await api.post("/v1/customers", json={"name": name})
        rows = await rows_of(api, pool, "customer", order="name")
        assert [row["Name"] for row in rows] == sorted(["=1+1", "@x", "+1", "-1"])


class TestCustomers:
    async def test_every_field(self, api, pool):
        body = {
            "source_id": "s", "name": "Ann", "email": "a@b", "phone": "+1", "description": "d", "birthdate": "2000-01-02",
            "address": {"city": "Łódź", "line_1": "a;b", "postal_code": "1"}, "metadata": {"list": [1, 2]},
        }  # fmt: skip
        made = (await api.post("/v1/customers", json=body)).json()
        [row] = await rows_of(api, pool, "customer", fields=list(OBJECTS["customer"].fields))
        assert {name: value for name, value in row.items() if value not in {"", "0", "0.00"}} == {
            "Name": "Ann", "Source ID": "s", "ID": made["id"], "Description": "d", "Email": "a@b",
            "Created At": made["created_at"], "Address City": "Łódź", "Address Line 1": "a;b",
            "Address Postal Code": "1", "Phone": "+1", "Birthdate": "2000-01-02", "list": "[1, 2]",
        }  # fmt: skip
        assert row["Orders Total Amount"] == "0.00"
        assert row["Redemptions Total Redeemed"] == "0"

    async def test_the_points_that_are_left(self, api, pool, project):
        """As his summary has them: over all his loyalty cards, without what was taken away."""
        for name in ("one", "two"):
            loyalty = {
                "campaign_type": "LOYALTY_PROGRAM",
                "voucher": {"type": "LOYALTY_CARD", "loyalty_card": {"points": 40}},
            }
            assert (await api.post("/v1/campaigns", json={"name": name, **loyalty})).status_code == 200
            await api.post(f"/v1/campaigns/{name}/vouchers/{name}", json={})
            await published(api, voucher=name, customer="ann")
        await api.post("/v1/vouchers/one/balance", json={"amount": -7})
        await api.post("/v1/customers", json={"source_id": "bob"})
        summary = (await api.get("/v1/customers/ann")).json()["summary"]["redemptions"]["loyalty_card"]
        assert summary["points_to_go"] == 73
        rows = await rows_of(api, pool, "customer", fields=["loyalty_points"], order="source_id")
        assert [row["Loyalty Points"] for row in rows] == ["73", "0"]

    @pytest.mark.parametrize("order", OBJECTS["customer"].orders)
    async def test_every_order(self, api, pool, order):
        for letter in "ab":
            await api.post("/v1/customers", json={"source_id": letter, "name": letter, "email": letter})
            await api.put(f"/v1/customers/{letter}", json={"phone": "1"})
        for sign, found in (("", "ab"), ("-", "ba")):
            rows = await rows_of(api, pool, "customer", order=sign + order)
            assert "".join(row["Name"] for row in rows) == found

    async def test_keys_beyond_the_columns_stand_in_one_column_more(self, api, pool, monkeypatch):
        monkeypatch.setattr(export_files, "METADATA_COLUMNS_MAX", 2)
        await api.post("/v1/customers", json={"source_id": "s", "metadata": {"a": 1, "b": 2, "c": 3, "d": 4}})
        [row] = await rows_of(api, pool, "customer", fields=["metadata", "source_id"])
        assert json.loads(row.pop("Metadata")) == {"c": 3, "d": 4}
        assert row == {"a": "1", "b": "2", "Source ID": "s"}


class TestTransactions:
    @pytest.fixture
    async def cards(self, api) -> str:
        campaign = {
            "name": "g",
            "campaign_type": "GIFT_VOUCHERS",
            "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 0}},
        }
        answer = await api.post("/v1/campaigns", json=campaign)
        assert answer.status_code == 200, answer.text
        for code in ("G1", "G2"):
            answer = await api.post(f"/v1/campaigns/g/vouchers/{code}", json={})
            assert answer.status_code == 200, answer.text
            await api.post(f"/v1/vouchers/{code}/balance", json={"amount": 1234, "source_id": code, "reason": "gift"})
        return str((await api.get("/v1/campaigns/g")).json()["id"])

    async def finished(self, api, pool, answer) -> list[dict[str, str]]:
        assert answer.status_code == 200, answer.text
        assert answer.json()["exported_object"] == "voucher_transactions"
        await work_off(pool)
        export = (await api.get(f"{EXPORTS}/{answer.json()['id']}")).json()
        return list(csv.DictReader(io.StringIO((await api.get(address(export))).text)))

    async def test_of_one_card(self, api, pool, cards):
        answer = await api.post("/v1/vouchers/G1/transactions/export", json={"parameters": {"order": "created_at"}})
        voucher_id = (await api.get("/v1/vouchers/G1")).json()["id"]
        assert answer.json()["parameters"]["filters"] == {"voucher_id": {"conditions": {"$in": [voucher_id]}}}
        [row] = await self.finished(api, pool, answer)
        assert list(row) == ["ID", "Type", "Source ID", "Reason", "Source", "Balance", "Amount", "Created At"]
        assert (row["Source ID"], row["Balance"], row["Amount"]) == ("G1", "12.34", "12.34")

    async def test_of_a_campaign_and_of_all(self, api, pool, cards):
        fields = list(OBJECTS["voucher_transactions"].fields)
        answer = await api.post("/v1/campaigns/g/transactions/export", json={"parameters": {"fields": fields}})
        rows = await self.finished(api, pool, answer)
        assert [row["Source ID"] for row in rows] == ["G2", "G1"]
        assert json.loads(rows[0]["Details"])["balance"]["balance"] == 1234
        assert {row["Campaign ID"] for row in rows} == {cards}
        filters = {"campaign_id": {"conditions": {"$in": ["camp_other"]}}}
        assert await rows_of(api, pool, "voucher_transactions", filters=filters) == []
        assert len(await rows_of(api, pool, "voucher_transactions")) == 2

    async def test_a_junction_doesnt_lead_beyond_the_card(self, api, pool, cards):
        filters = {"junction": "or", "created_at": {"conditions": {"$after": ["2000-01-01"]}}}
        answer = await api.post("/v1/vouchers/G1/transactions/export", json={"parameters": {"filters": filters}})
        assert len(await self.finished(api, pool, answer)) == 1

    async def test_cards_only(self, api, pool, project):
        await make_campaign(pool, project, name="c")
        answer = await api.post("/v1/campaigns/c/transactions/export", json={})
        assert_refused(answer, 403, "forbidden", "Transactions are allowed only for loyalty or gift campaigns")
        assert_refused(await api.post("/v1/vouchers/X/transactions/export", json={}), 404, "not_found")
        assert_refused(await api.post("/v1/campaigns/x/transactions/export", json={}), 404, "not_found")


class TestOtherFormats:
    async def test_json_lines(self, api, pool):
        await api.post("/v1/vouchers/V", json=PERCENT | {"metadata": {"a": {"b": ["\\", '"', "\n", "\u2028"]}}})
        await api.post("/v1/vouchers/W", json={"type": "GIFT_VOUCHER", "gift": {"amount": 150}})
        fields = ["code", "value", "active", "metadata", "validation_rules_id"]
        text = await text_of(api, pool, "voucher", fields=fields, format="JSONL", order="code")
        first, second = (json.loads(line) for line in text.split("\n") if line)
        assert first == {
            "code": "V", "value": 10, "active": True, "metadata": {"a": {"b": ["\\", '"', "\n", "\u2028"]}},
            "validation_rules_id": None,
        }  # fmt: skip
        assert second["value"] == 1.5

    @pytest.mark.skipif(not has_parquet(), reason="pyarrow isn't installed: pip install largesse[parquet]")
    async def test_parquet(self, api, pool, monkeypatch):
        from pyarrow import parquet  # type: ignore[import-not-found,unused-ignore]

        monkeypatch.setattr(export_files, "PIECE_BYTES", 1)
        for n in range(3):
            await api.post("/v1/customers", json={"source_id": f"s{n}", "name": 'a"b,\nc', "metadata": {"k": n}})
        fields = ["source_id", "name", "email", "loyalty_points", "orders_total_amount", "metadata"]
        export = await done(api, pool, "customer", fields=fields, format="PARQUET", order="source_id")
        content = (await api.get(address(export))).content
        rows = parquet.read_table(io.BytesIO(content)).to_pylist()
        assert [row["source_id"] for row in rows] == ["s0", "s1", "s2"]
        assert (rows[0]["name"], rows[0]["email"], rows[0]["loyalty_points"]) == ('a"b,\nc', None, 0)
        assert json.loads(rows[2]["metadata"]) == {"k": 2}
