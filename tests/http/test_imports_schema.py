"""Imports and bulk updates are held to the metadata schemas, row by row, and CSV gets the types that they ask for."""

from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.actions.conftest import work_off
from tests.http.test_imports import imported, imported_csv, voucher
from tests.http.test_metadata_in_publications import define

TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
CHANNEL = {"type": "string", "eq": ["shop", "web"]}
OPTIONAL = {"optional": True}


@pytest.fixture
async def schemas(pool: Pool, project: Project, services: Services) -> None:
    properties: dict[str, Any] = {
        "size": {"type": "number", **OPTIONAL},
        "vip": {"type": "boolean", **OPTIONAL},
        "brands": {"type": "string", "array": True, **OPTIONAL},
        "channel": CHANNEL,
    }
    for resource in ("customer", "voucher"):
        await define(pool, project, services.keys, resource, **properties)


@pytest.mark.usefixtures("schemas")
class TestCsv:
    async def test_customers_get_types_and_wrong_rows_are_reported(self, api: httpx.AsyncClient, pool: Pool) -> None:
        text = (
            'Source_id,size,vip,brands,channel,free\na,7,TRUE,"Nike,Fenty",shop,1\nb,,,,snap,\nc,big,,,web,\nd,,,,,x\n'
        )
        result = await imported_csv(api, pool, "/v1/customers/importCSV", text)
        assert (await api.get("/v1/customers/a")).json()["metadata"] == {
            "size": 7, "vip": True, "brands": ["Nike", "Fenty"], "channel": "shop", "free": "1"
        }  # fmt: skip
        assert [(row["source_id"], row["row"]) for row in result["failed"]] == [("b", 2), ("c", 3), ("d", 4)]
        assert result["failed"][0]["reason"] == (
            "channel: must be a string, property is required, must be equal to one of shop,web (actual value is 'snap')"
        )
        assert result["failed"][1]["reason"] == "size: must be a number (actual value is 'big')"
        assert (await api.get("/v1/customers")).json()["total"] == 1

    async def test_known_customers_keep_what_they_have(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await api.post("/v1/customers", json={"source_id": "a", "metadata": {"channel": "web"}})
        result = await imported_csv(api, pool, "/v1/customers/importCSV", "Source_id,Name,size\na,A,\na,B,2\n")
        assert result["failed_count"] == 0
        customer = (await api.get("/v1/customers/a")).json()
        assert (customer["name"], customer["metadata"]) == ("B", {"channel": "web", "size": 2})

    async def test_vouchers_get_types_and_wrong_rows_are_reported(self, api: httpx.AsyncClient, pool: Pool) -> None:
        head = "Code,Voucher Type,Value,Discount Type,size,channel\n"
        text = (
            head
            + "A,DISCOUNT_VOUCHER,10,PERCENT,2.5,shop\nB,DISCOUNT_VOUCHER,10,PERCENT,2,snap\nC,DISCOUNT_VOUCHER,10,PERCENT,2,\n"
        )
        result = await imported_csv(api, pool, "/v1/vouchers/importCSV", text)
        assert (await voucher(api, "A"))["metadata"] == {"size": 2.5, "channel": "shop"}
        assert [row["code"] for row in result["failed"]] == ["B", "C"]
        again = await imported_csv(api, pool, "/v1/vouchers/importCSV", head + "A,DISCOUNT_VOUCHER,10,PERCENT,3,\n")
        assert again["failed_count"] == 0
        assert (await voucher(api, "A"))["metadata"] == {"size": 3, "channel": "shop"}
        wrong = await imported_csv(api, pool, "/v1/vouchers/importCSV", head + "A,DISCOUNT_VOUCHER,10,PERCENT,big,\n")
        assert wrong["failed_count"] == 1

    async def test_a_campaigns_rows_are_judged_by_what_they_bring(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await api.post(
            "/v1/campaigns", json={"name": "c", "voucher": TEN_PERCENT, "use_voucher_metadata_schema": False}
        )
        text = "Code,channel,size\nA,,\nB,shop,1\nC,snap,\n"
        result = await imported_csv(api, pool, "/v1/campaigns/c/importCSV", text)
        assert [row["code"] for row in result["failed"]] == ["C"]
        assert (await voucher(api, "B"))["metadata"] == {"channel": "shop", "size": 1}


@pytest.mark.usefixtures("schemas")
class TestJson:
    async def test_vouchers_are_imported_row_by_row(self, api: httpx.AsyncClient, pool: Pool) -> None:
        rows = [TEN_PERCENT | {"code": "A", "metadata": {"channel": "web"}}, TEN_PERCENT | {"code": "B"}]
        result = await imported(api, pool, "/v1/vouchers/import", rows)
        assert [row["code"] for row in result["failed"]] == ["B"]
        assert "property is required" in result["failed"][0]["reason"]

    async def test_bulk_updates_report_what_does_not_fit(self, api: httpx.AsyncClient, pool: Pool) -> None:
        for code in ("A", "B"):
            await api.post(f"/v1/vouchers/{code}", json=TEN_PERCENT | {"metadata": {"channel": "web"}})
        rows = [{"code": "A", "metadata": {"size": 1}}, {"code": "B", "metadata": {"size": "1"}}]
        (error,) = await errors(api, pool, "/v1/vouchers/bulk/async", rows)
        assert (error["key"], error["details"]) == (
            "metadata_validation_failed", "B: size: must be a number (actual value is '1')"
        )  # fmt: skip
        body = {"codes": ["A", "B"], "metadata": {"vip": "yes"}}
        assert len(await errors(api, pool, "/v1/vouchers/metadata/async", body)) == 2
        customers = [{"source_id": "a", "metadata": {"channel": "web"}}, {"source_id": "b", "metadata": {}}]
        assert len(await errors(api, pool, "/v1/customers/bulk/async", customers)) == 1
        body = {"source_ids": ["a", "b"], "metadata": {"size": 2}}
        (error,) = await errors(api, pool, "/v1/customers/metadata/async", body)  # b would be made, without a channel
        assert error["details"].startswith("b: channel: must be a string, property is required")
        assert (await api.get("/v1/customers/a")).json()["metadata"] == {"channel": "web", "size": 2}


async def errors(api: httpx.AsyncClient, pool: Pool, path: str, body: Any) -> list[dict[str, Any]]:
    answer = await api.post(path, json=body)
    assert answer.status_code == 202, answer.text
    await work_off(pool)
    action = (await api.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
    found: list[dict[str, Any]] = action["result"]["errors"]
    return found
