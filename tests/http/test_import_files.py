"""Files as people have them, over HTTP: nothing is imported as something else, and the report accounts for every line."""

import pytest

from tests.http.test_imports import finished, imported_csv
from tests.http.test_publications import assert_refused

CUSTOMERS = "/v1/customers/importCSV"
VOUCHERS = "/v1/vouchers/importCSV"


async def sources(api) -> list[str]:
    return sorted(one["source_id"] for one in (await api.get("/v1/customers?limit=100")).json()["customers"])


@pytest.mark.parametrize("codec", ["utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("head", ["", "sep=;\r\n"])
async def test_a_file_of_a_spreadsheet_is_understood(api, pool, codec, head):
    text = head + 'Source_id;Name;City\r\na;"Jörg; Sohn";Köln\r\nb;Zoë;\r\n'
    result = await imported_csv(api, pool, CUSTOMERS, text.encode(codec))
    assert (result["done_count"], result["failed"]) == (2, [])
    a = (await api.get("/v1/customers/a")).json()
    assert (a["name"], a["address"], "metadata" in a) == ("Jörg; Sohn", {"city": "Köln"}, False)


async def test_the_caller_may_say_what_parts_cells_and_how_they_are_encoded(api, pool):
    path = f"{CUSTOMERS}?delimiter=pipe&encoding=iso-8859-1"
    await imported_csv(api, pool, path, "Source_id|Name,x\na|J\xf6rg\n".encode("latin-1"))
    assert (await api.get("/v1/customers/a")).json()["metadata"] == {"Name,x": "Jörg"}
    for wrong in ("delimiter=x", "encoding=klingon"):
        answer = await api.post(f"{CUSTOMERS}?{wrong}", files={"file": ("x.csv", "Source_id\na\n")})
        assert_refused(answer, 400, "invalid_query_params")


@pytest.mark.parametrize(
    "text", ["Favourite,City\nred,Rome\n", "a#b\n1#2\n", "Kundennummer;Ort\n1;Rom\n", "Address_City\nRome\n"]
)
async def test_a_file_in_which_nobody_could_be_identified_is_refused(api, pool, text):
    answer = await api.post(CUSTOMERS, files={"file": ("x.csv", text)})
    assert_refused(answer, 400, "invalid_payload", "who each customer is")
    assert await pool.fetchval("SELECT count(*) FROM async_actions") == 0


@pytest.mark.parametrize("blank", ["", " ", '"  "'])
async def test_a_blank_id_names_nobody(api, pool, blank):
    result = await imported_csv(api, pool, CUSTOMERS, f"Source_id,Name,Email\n{blank},Ann,ann@example.com\nb,Bob,\n")
    assert [(one["row"], one["reason"]) for one in result["failed"]] == [
        (1, "The row names nobody: Source_id must not be empty")
    ]
    assert await sources(api) == ["b"]


async def test_one_stray_quote_costs_one_row_and_every_line_is_accounted_for(api, pool):
    lines = ["Source_id,Name", *(f"x{n},N{n}" for n in range(1, 101)), "", ",,", "y,1,2"]
    lines[11] = 'x11,"Ann'
    result = await imported_csv(api, pool, CUSTOMERS, "\n".join(lines))
    assert (result["done_count"], result["failed_count"], result["empty_count"], result["lines_count"]) == (
        99,
        2,
        2,
        103,
    )
    assert [(one["source_id"], one["line"]) for one in result["failed"]] == [("x11", 12), ("y", 104)]
    assert "Line 12: A quote is opened and never closed" in result["failed"][0]["reason"]


async def test_failed_rows_of_vouchers_are_named_and_spoiled_codes_are_warned_of(api, pool):
    text = "Code;Voucher Type;Discount Type;Value\n4,00638E+12;DISCOUNT_VOUCHER;PERCENT;10\nA-1;DISCOUNT_VOUCHER;PERCENT;x\nA-2;y\n;;PERCENT;1\n"
    result = await imported_csv(api, pool, VOUCHERS, text)
    assert [(one["code"], one["row"], one["line"]) for one in result["failed"]] == [
        ("A-1", 2, 3),
        ("A-2", 3, 4),
        (None, 4, 5),
    ]
    assert [(one["line"], one["value"]) for one in result["warnings"]] == [(2, "4,00638E+12")]
    assert result["warnings_count"] == 1
    assert result["lines_count"] == result["done_count"] + result["failed_count"] + result["empty_count"] == 4


async def test_a_dry_run_says_the_same(api, pool):
    answer = await api.post(f"{CUSTOMERS}?dry_run=true", files={"file": ("x.csv", "Source_id\ta\n1E+12\tb\n\n")})
    result = await finished(api, pool, answer)
    assert (result["done_count"], result["empty_count"], result["lines_count"], result["warnings_count"]) == (
        1,
        1,
        2,
        1,
    )
    assert await sources(api) == []
