"""The publication history and its filters, which are those of the API."""

from typing import Any

import httpx
import pytest

from largesse.dashboard import publications
from largesse.dashboard.publications import MORE, OPERATORS, ORDERS
from largesse.domain.publications import FILTERS
from largesse.store import lists
from largesse.store.connection import Pool
from tests.dashboard.conftest import NASTY, Elements, Person, is_harmless, shown

CODES = ("AAA", "BBB", "CCC", "DDD")


@pytest.fixture
async def published(api: httpx.AsyncClient) -> dict[str, Any]:
    """Four publications, one of them refused."""
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500}}
    campaign = (await api.post("/v1/campaigns", json={"name": "Summer", "voucher": voucher})).json()
    for code in CODES:
        await api.post(f"/v1/campaigns/Summer/vouchers/{code}", json={})
    for code, more in (
        ("AAA", {"customer": {"source_id": "ann", "name": "Ann"}, "metadata": {"shop": "Gdynia"}}),
        ("BBB", {"customer": {"source_id": "bob", "name": "Bob"}, "channel": "newsletter", "source_id": "order-1"}),
        ("CCC", {"customer": {"source_id": "ann"}, "metadata": {"shop": "Sopot"}}),
        ("AAA", {"customer": {"source_id": "bob"}}),
    ):
        await api.post("/v1/publications", json={"voucher": code, **more})
    return dict(campaign)


def codes_in(answer: httpx.Response) -> list[str]:
    table = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [code for code in shown_cells(table) if code in CODES]


def shown_cells(html: str) -> list[str]:
    return Elements(html).text.split()


async def test_it_is_empty_at_first(dashboard: Person, as_viewer: Person) -> None:
    for person in (dashboard, as_viewer):
        answer = await person.get("/publications")
        assert answer.status_code == 200
        assert "No code has been published yet" in shown(answer)
    assert "Publish a code" not in shown(await as_viewer.get("/publications"))


async def test_successes_and_failures_with_their_reason(dashboard: Person, published: dict[str, Any]) -> None:
    text = shown(await dashboard.get("/publications"))
    for words in ("AAA", "Ann", "newsletter", "source id order-1", "shop: Gdynia", "success", "failure", "1–4 of 4"):
        assert words in text
    assert "Voucher already published" in text


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"code": "BBB"}, ["BBB"]),
        ({"customer": "ann"}, ["CCC", "AAA"]),
        ({"channel": "newsletter"}, ["BBB"]),
        ({"source_id": "order-1"}, ["BBB"]),
        ({"result": "SUCCESS"}, ["CCC", "BBB", "AAA"]),
        ({"result": "SUCCESS", "order": "created_at"}, ["AAA", "BBB", "CCC"]),
        ({"result": "SUCCESS", "order": "-voucher_code"}, ["CCC", "BBB", "AAA"]),
        ({"campaign": "Summer", "result": "SUCCESS"}, ["CCC", "BBB", "AAA"]),
        ({"campaign": "Winter"}, []),
        ({"voucher_type": "discount", "result": "SUCCESS"}, ["CCC", "BBB", "AAA"]),
        ({"voucher_type": "gift"}, []),
        ({"referral": "true"}, []),
        ({"from": "2020-01-01", "to": "2020-12-31"}, []),
        ({"from": "2020-01-01", "code": "BBB"}, ["BBB"]),
        ({"metadata_key": "shop", "metadata_value": "Sopot"}, ["CCC"]),
        ({"metadata_key": "shop", "metadata_is": "$has_value"}, ["CCC", "AAA"]),
        ({"field1": "channel", "is1": "$starts_with", "value1": "news"}, ["BBB"]),
        ({"field1": "voucher_code", "is1": "$in", "value1": "AAA, CCC", "field2": "result", "is2": "$is",
          "value2": "SUCCESS"}, ["CCC", "AAA"]),
        ({"field3": "source_id", "is3": "$has_value"}, ["BBB"]),
        ({"field1": "created_at", "is1": "$less_than_ago", "value1": "2", "source_id": "order-1"}, ["BBB"]),
    ],
)  # fmt: skip
async def test_every_filter_narrows(
    dashboard: Person, published: dict[str, Any], query: dict[str, str], codes: list[str]
) -> None:
    answer = await dashboard.get("/publications", **query)
    assert answer.status_code == 200, shown(answer)
    assert codes_in(answer) == codes
    if not codes:
        assert "No publication is like that" in shown(answer)
    for name, value in query.items():
        assert f'name="{name}"' in answer.text
        assert value in answer.text


@pytest.mark.parametrize("order", ORDERS)
async def test_every_order_of_the_api(dashboard: Person, published: dict[str, Any], order: str) -> None:
    assert len(codes_in(await dashboard.get("/publications", order=order, result="SUCCESS"))) == 3


def test_every_filter_of_the_api_has_a_word() -> None:
    assert set(MORE) == set(FILTERS) - {"metadata"}
    operators = {operator for field in FILTERS.values() for operator in field.operators}
    said = {"$after", "$before", "$more_than_future", "$less_than_future", "$is_days_ago", "$is_days_in_future"}
    assert {"$count", "$count_more", "$count_less"} | said == operators - set(OPERATORS)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"order": "nonsense"}, "Choose one of these."),
        ({"result": "MAYBE"}, "Choose one of these."),
        ({"voucher_type": "x"}, "Choose one of these."),
        ({"referral": "x"}, "Choose one of these."),
        ({"from": "yesterday"}, "Must be a day, like 2030-12-31."),
        ({"to": "9999-12-31"}, "Must be a day, like 2030-12-31."),
        ({"field1": "nonsense", "is1": "$is", "value1": "x"}, "Choose one of these."),
        ({"field1": "channel", "is1": "$nonsense", "value1": "x"}, "Choose one of these."),
        ({"field1": "channel", "is1": "$is", "value1": ""}, "Is needed."),
        ({"field2": "created_at", "is2": "$more_than", "value2": "soon"}, "date"),
        ({"metadata_value": "x"}, "Say which key it is the value of."),
    ],
)
async def test_a_filter_that_makes_no_sense_is_said_beside_it(
    dashboard: Person, published: dict[str, Any], query: dict[str, str], says: str
) -> None:
    answer = await dashboard.get("/publications", **query)
    assert answer.status_code == 400
    assert says in shown(answer)
    assert "Nothing could be looked up" in shown(answer)


@pytest.mark.row("A120")
async def test_the_history_of_a_campaign_is_its_own(
    dashboard: Person, api: httpx.AsyncClient, published: dict[str, Any]
) -> None:
    await api.post(
        "/v1/vouchers/LOOSE", json={"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
    )
    await api.post("/v1/publications", json={"voucher": "LOOSE", "customer": {"source_id": "ann"}})
    assert "LOOSE" in (await dashboard.get("/publications")).text
    page = await dashboard.get(f"/campaigns/{published['id']}")
    assert "LOOSE" not in page.text
    assert "1–4 of 4" in shown(page)
    narrowed = await dashboard.get(f"/campaigns/{published['id']}", customer="bob", result="SUCCESS")
    assert codes_in(narrowed) == ["BBB"]


@pytest.mark.row("A120")
async def test_a_bulk_publication_lists_all_its_codes(
    dashboard: Person, api: httpx.AsyncClient, published: dict[str, Any]
) -> None:
    for code in ("EEE", "FFF"):
        await api.post(f"/v1/campaigns/Summer/vouchers/{code}", json={})
    answer = await api.post(
        "/v1/publications", json={"campaign": {"name": "Summer", "count": 3}, "customer": {"source_id": "carl"}}
    )
    for path in ("/publications", f"/campaigns/{published['id']}"):
        text = shown(await dashboard.get(path, customer="carl"))
        for code in answer.json()["vouchers"]:
            assert code in text


async def test_what_is_seen_is_exported(dashboard: Person, published: dict[str, Any], pool: Pool) -> None:
    page = await dashboard.get(
        f"/campaigns/{published['id']}", channel="newsletter", metadata_key="a", metadata_is="$is_unknown"
    )
    tags = Elements(page.text).tags
    start = next(at for at, (tag, given) in enumerate(tags) if str(given.get("action", "")).endswith("/export"))
    fields = {str(given["name"]): str(given["value"]) for tag, given in tags[start:] if tag == "input"}
    answer = await dashboard.client.post(dashboard.url("/publications/export"), data=fields)
    assert answer.status_code == 303
    export_id = answer.headers["location"].rpartition("/")[2]
    kept = await pool.fetchval("SELECT parameters FROM exports WHERE id = $1", export_id)
    assert kept["filters"] == {
        "channel": {"conditions": {"$is": ["newsletter"]}},
        "metadata.a": {"conditions": {"$is_unknown": ["true"]}},
        "parent_object_id": {"conditions": {"$is": [published["id"]]}},
    }


async def test_viewers_export_nothing(as_viewer: Person, published: dict[str, Any], pool: Pool) -> None:
    assert "Export" not in shown(await as_viewer.get("/publications")).replace("Exports", "")
    assert (await as_viewer.post("/publications/export")).status_code == 403
    assert await pool.fetchval("SELECT count(*) FROM exports") == 0


async def test_another_projects_publications_are_not_seen(dashboard: Person, other_api: httpx.AsyncClient) -> None:
    discount = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
    await other_api.post("/v1/vouchers/THEIRS", json=discount)
    made = await other_api.post("/v1/publications", json={"voucher": "THEIRS", "customer": {"source_id": "x"}})
    assert made.status_code == 200
    assert "THEIRS" not in (await dashboard.get("/publications")).text
    assert (await dashboard.get(f"/publish/{made.json()['id']}")).status_code == 404


@pytest.mark.parametrize("kind", NASTY)
async def test_stored_text_is_text(
    dashboard: Person, api: httpx.AsyncClient, published: dict[str, Any], kind: str
) -> None:
    text = NASTY[kind]
    made = await api.post(
        "/v1/publications",
        json={"voucher": "DDD", "channel": text[:255], "source_id": text[:255], "metadata": {text[:500]: text},
              "customer": {"source_id": "eve", "name": text[:1_000]}},
    )  # fmt: skip
    assert made.status_code == 200, made.text
    for page in (
        await dashboard.get("/publications"),
        await dashboard.get("/publications", channel=text[:255], value1=text[:200], field1="channel"),
        await dashboard.get(f"/publish/{made.json()['id']}"),
    ):
        assert page.status_code == 200
        assert is_harmless(page)
        assert " ".join(text[:255].split()) in shown(page)


async def test_a_total_is_counted_up_to_a_limit_unless_it_is_known_anyway(
    dashboard: Person, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "GATHERED_MAX", 0)
    monkeypatch.setattr(publications, "COUNTED_TO", 2)
    query = {"voucher_type": "discount", "referral": "false"}
    assert "1–3 of more than 2" in shown(await dashboard.get("/publications", **query, result="SUCCESS"))
    assert "Export all of these" in shown(await dashboard.get("/publications", **query, result="SUCCESS"))
    assert "1–4 of 4" in shown(await dashboard.get("/publications"))
    assert "1–1 of 1" in shown(await dashboard.get("/publications", referral="false", channel="newsletter"))
    monkeypatch.setattr(publications, "COUNTED_TO", 4)
    assert "1–4 of 4" in shown(await dashboard.get("/publications", **query))
