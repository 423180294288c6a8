"""`?dry_run=true`: the same report as an import's, and nothing written."""

import pytest

from tests.actions.conftest import assert_counters_are_exact
from tests.http.test_imports import PATHS, campaign, finished
from tests.http.test_publications import assert_refused

__all__ = ["campaign"]

CSV = {
    "/v1/campaigns/c/importCSV": "Code,Active\nA,TRUE\nB,perhaps\nA,TRUE\n",
    "/v1/vouchers/importCSV": "Code,Voucher Type,Discount Type,Value\nA,DISCOUNT_VOUCHER,PERCENT,10\nB,x,x,1\n",
    "/v1/customers/importCSV": "Source_ID,Name,Birthdate\na,Ann,2000-01-01\nb,Bob,soon\n",
}
PERCENT = {"discount": {"type": "PERCENT", "percent_off": 10}}
JSON = [{"code": "A", "category": "New", **PERCENT}, {"code": " bad", **PERCENT}]
TABLES = ("vouchers", "customers", "categories", "events", "campaign_counters", "counter_changes")


async def everything(pool) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in await pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4")] for table in TABLES]


@pytest.mark.parametrize("path", PATHS)
async def test_the_report_is_that_of_the_import_and_nothing_is_written(api, pool, project, campaign, path):
    async def send(query: str):
        if path in CSV:
            return await api.post(path + query, files={"file": ("x.csv", CSV[path], "text/csv")})
        return await api.post(path + query, json=JSON)

    before = await everything(pool)
    tried = await finished(api, pool, await send("?dry_run=true"))
    assert await everything(pool) == before
    await assert_counters_are_exact(pool, project)
    assert tried.pop("dry_run") is True
    real = await finished(api, pool, await send("?dry_run=false"))
    assert tried == real
    assert real["done_count"] == 1
    assert real["failed_count"] >= 1
    assert await everything(pool) != before


async def test_earlier_pieces_take_room_in_the_campaign(api, pool, campaign, monkeypatch):
    monkeypatch.setattr("largesse.actions.bulk.PIECE", 2)
    await pool.execute("UPDATE projects SET codes_per_campaign_max = 3")
    rows = [{"code": f"C{n}"} for n in range(5)]
    tried = await finished(api, pool, await api.post(PATHS[0] + "?dry_run=true", json=rows))
    assert (tried["done_count"], tried["failed_count"]) == (3, 2)


@pytest.mark.parametrize("path", PATHS)
async def test_neither_true_nor_false_is_invalid(api, campaign, path):
    assert_refused(await api.post(path + "?dry_run=maybe"), 400, "invalid_query_params", ".dry_run must be boolean")
