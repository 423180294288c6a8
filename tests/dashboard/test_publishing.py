"""Publishing by hand."""

from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.dashboard.conftest import NASTY, Elements, Person, is_harmless, shown
from tests.http.test_metadata_in_publications import define

DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500}}


@pytest.fixture
async def campaign(api: httpx.AsyncClient) -> dict[str, Any]:
    """Of three codes: AAA, BBB, CCC."""
    made = (await api.post("/v1/campaigns", json={"name": "Summer", "voucher": DISCOUNT})).json()
    for code in ("AAA", "BBB", "CCC"):
        await api.post(f"/v1/campaigns/Summer/vouchers/{code}", json={})
    return dict(made)


async def test_a_code_goes_to_a_customer(
    as_user: Person, api: httpx.AsyncClient, campaign: dict[str, Any], pool: Pool
) -> None:
    answer = await as_user.post(
        "/publish",
        {"voucher": "BBB", "email": "ann@example.com", "customer_name": "Ann", "customer_source_id": "ann",
         "source_id": "order-1", "metadata": "shop = Gdynia\nuntil = 5"},
    )  # fmt: skip
    page = await as_user.follow(answer)
    text = shown(page)
    assert "Ann has this code now" in text
    assert "BBB" in text
    (made,) = (await api.get("/v1/publications")).json()["publications"]
    assert (made["channel"], made["source_id"], made["voucher"]["code"]) == ("voucherify-web-ui", "order-1", "BBB")
    assert made["metadata"] == {"shop": "Gdynia", "until": 5}
    assert (made["customer"]["email"], made["customer"]["source_id"]) == ("ann@example.com", "ann")
    assert str(await pool.fetchval("SELECT actor FROM events WHERE type LIKE 'publication%'")).startswith("user_")


async def test_a_random_code_of_a_campaign(as_user: Person, campaign: dict[str, Any]) -> None:
    form = await as_user.get("/publish", campaign=campaign["id"], customer="ann")
    fields = Elements(form.text).fields()
    assert (fields["campaign"], fields["customer_source_id"]) == ("Summer", "ann")
    answer = await as_user.post("/publish", {"campaign": "Summer", "customer_source_id": "ann"})
    assert "Published" in shown(await as_user.follow(answer))
    known = await as_user.get("/publish", voucher="AAA", customer="cust_1")
    fields = Elements(known.text).fields()
    assert (fields["voucher"], fields["customer_id"]) == ("AAA", "cust_1")


async def test_a_replay_is_shown_as_one(as_user: Person, api: httpx.AsyncClient, campaign: dict[str, Any]) -> None:
    fields = {"campaign": "Summer", "customer_source_id": "ann", "source_id": "order-1"}
    first = await as_user.post("/publish", fields)
    second = await as_user.post("/publish", fields)
    assert second.headers["location"] == first.headers["location"] + "?replay=yes"
    assert "This source id already has this code: nothing new was published." in shown(await as_user.follow(second))
    assert "nothing new" not in shown(await as_user.follow(first))
    joined = {"campaign": "Summer", "customer_source_id": "bob", "join_once": "on"}
    await as_user.post("/publish", joined)
    again = await as_user.follow(await as_user.post("/publish", joined))
    assert "This customer already has this code: nothing new was published." in shown(again)
    assert (await api.get("/v1/publications")).json()["total"] == 2


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"voucher": "AAA"}, "email", "Say who gets it"),
        ({"customer_source_id": "x"}, "campaign", "Say which campaign the code comes from"),
        ({"campaign": "Summer", "voucher": "AAA", "email": "a@b.c"}, "voucher", "Either a code, or a campaign"),
        ({"campaign": "Winter", "email": "a@b.c"}, "campaign", "There is no campaign of this name."),
        ({"voucher": "ZZZ", "email": "a@b.c"}, "voucher", "There is no such code."),
        ({"voucher": "AAA", "customer_id": "cust_nobody"}, "customer_id", "There is no customer with this id."),
        ({"voucher": "TAKEN", "email": "a@b.c"}, "voucher", "This code belongs to somebody already"),
        ({"voucher": "OFF", "email": "a@b.c"}, "voucher", "This code is disabled."),
        ({"campaign": "Empty", "email": "a@b.c"}, "campaign", "The campaign has no free code left."),
        ({"voucher": "AAA", "email": "a@b.c", "source_id": "used"}, "source_id", "Something else was published"),
        ({"voucher": "AAA", "email": "a@b.c", "metadata": "x"}, "metadata", "Write key = value"),
        ({"voucher": "AAA", "customer_name": "x" * 1_001}, "customer_name", "1000"),
        ({"voucher": "AAA", "customer_source_id": "x" * 300}, "customer_source_id", "255"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    as_user: Person,
    api: httpx.AsyncClient,
    campaign: dict[str, Any],
    fields: dict[str, str],
    field: str,
    says: str,
) -> None:
    await api.post("/v1/campaigns", json={"name": "Empty", "voucher": DISCOUNT})
    for code in ("TAKEN", "OFF"):
        await api.post(f"/v1/vouchers/{code}", json=DISCOUNT | {"active": code != "OFF"})
    await api.post("/v1/publications", json={"voucher": "TAKEN", "source_id": "used", "customer": {"source_id": "z"}})
    answer = await as_user.post("/publish", fields)
    assert answer.status_code == 400, shown(answer)
    beside = answer.text.partition(f'id="error-{field}">')[2].partition("<")[0]
    assert says in beside, shown(answer)
    kept = Elements(answer.text).fields()
    assert {name: kept[name] for name in fields if name != "metadata"} == {
        name: value for name, value in fields.items() if name != "metadata"
    }
    assert (await api.get("/v1/publications?result=SUCCESS")).json()["total"] == 1


async def test_metadata_is_judged_by_the_projects_schema(
    as_user: Person, pool: Pool, project: Project, services: Services, campaign: dict[str, Any]
) -> None:
    await define(pool, project, services.keys, "publication", shop={"type": "number"})
    fields = {"voucher": "AAA", "customer_source_id": "a"}
    answer = await as_user.post("/publish", fields | {"metadata": "shop = Gdynia"})
    assert answer.status_code == 400
    assert "must be a number" in answer.text.partition('id="error-metadata">')[2].partition("<")[0]
    assert (await as_user.post("/publish", fields | {"metadata": "shop = 5"})).status_code == 303


async def test_viewers_publish_nothing(as_viewer: Person, api: httpx.AsyncClient, campaign: dict[str, Any]) -> None:
    assert (await as_viewer.get("/publish")).status_code == 403
    assert (await as_viewer.post("/publish", {"voucher": "AAA", "email": "a@b.c"})).status_code == 403
    made = await api.post("/v1/publications", json={"voucher": "AAA", "customer": {"source_id": "a"}})
    page = await as_viewer.get(f"/publish/{made.json()['id']}")
    assert page.status_code == 200
    assert "Publish another" not in shown(page)


async def test_another_projects_codes_are_not_there(
    as_user: Person, other_api: httpx.AsyncClient, campaign: dict[str, Any]
) -> None:
    await other_api.post("/v1/vouchers/THEIRS", json=DISCOUNT)
    answer = await as_user.post("/publish", {"voucher": "THEIRS", "email": "a@b.c"})
    assert answer.status_code == 400
    assert "There is no such code." in shown(answer)


@pytest.mark.parametrize("kind", NASTY)
async def test_what_is_typed_is_text(as_user: Person, campaign: dict[str, Any], kind: str) -> None:
    text = NASTY[kind]
    answer = await as_user.post("/publish", {"voucher": text, "email": text, "metadata": text, "source_id": text})
    assert answer.status_code == 400
    assert is_harmless(answer)
    assert (await as_user.get("/publish", voucher=text[:3_000], campaign=text[:3_000])).status_code == 200
