"""Campaigns: the list, making one, its page, its settings, its end."""

from typing import Any

import httpx
import pytest

from largesse.store.connection import Pool
from tests.dashboard.conftest import NASTY, Elements, Person, is_harmless, shown

DISCOUNT: dict[str, Any] = {
    "campaign_type": "DISCOUNT_COUPONS", "name": "Summer", "discount": "PERCENT", "percent_off": "10",
    "effect": "APPLY_TO_ORDER", "quantity": "1", "vouchers_count": "1", "charset": "easy", "length": "8",
    "type": "STATIC",
}  # fmt: skip


async def make(person: Person, **changes: Any) -> str:
    """The address of a campaign that was made through the form."""
    answer = await person.post("/campaigns/new", DISCOUNT | changes | {"step": "create"})
    assert answer.status_code == 303, shown(answer)
    return str(answer.headers["location"]).removeprefix(person.base)


async def test_a_campaign_is_reviewed_before_it_is_made(dashboard: Person, api: httpx.AsyncClient, pool: Pool) -> None:
    fields = DISCOUNT | {
        "description": "For the hot days", "prefix": "SUN-", "start_date": "2030-06-01T10:00", "days": "30",
        "join_once": "on", "metadata": "season = summer\nyear = 2030",
    }  # fmt: skip
    review = await dashboard.post("/campaigns/new", fields | {"step": "review"})
    assert review.status_code == 200
    text = shown(review)
    for words in ("Is this right?", "10 % off, the whole order", "once", "SUN-", "30 days", "2030-06-01 10:00:00"):
        assert words in text
    assert await pool.fetchval("SELECT count(*) FROM campaigns") == 0
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 0
    assert await pool.fetchval("SELECT count(*) FROM events") == 0

    hidden = Elements(review.text).fields()
    answer = await dashboard.client.post(dashboard.url("/campaigns/new"), data=hidden | {"step": "create"})
    assert answer.status_code == 303
    page = await dashboard.follow(answer)
    assert "Summer is there." in shown(page)
    made = (await api.get("/v1/campaigns/Summer")).json()
    assert made["description"] == "For the hot days"
    assert made["voucher"]["discount"] == {"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ORDER"}
    assert made["voucher"]["code_config"]["prefix"] == "SUN-"
    assert (made["start_date"], made["join_once"]) == ("2030-06-01T10:00:00.000Z", True)
    assert made["activity_duration_after_publishing"] == "P30D"
    assert made["metadata"] == {"season": "summer", "year": 2030}


async def test_back_keeps_what_was_typed(dashboard: Person) -> None:
    review = await dashboard.post("/campaigns/new", DISCOUNT | {"description": "Mine", "step": "review"})
    hidden = Elements(review.text).fields()
    form = await dashboard.client.post(dashboard.url("/campaigns/new"), data=hidden | {"step": "back"})
    assert form.status_code == 200
    assert 'value="Summer"' in form.text
    assert ">Mine</textarea>" in form.text


@pytest.mark.parametrize(
    ("fields", "discount"),
    [
        ({"discount": "PERCENT", "percent_off": "12.5", "amount_limit": "20", "effect": "APPLY_TO_ITEMS"},
         {"type": "PERCENT", "percent_off": 12.5, "amount_limit": 2000, "effect": "APPLY_TO_ITEMS"}),
        ({"discount": "AMOUNT", "amount_off": "5.50"},
         {"type": "AMOUNT", "amount_off": 550, "effect": "APPLY_TO_ORDER"}),
        ({"discount": "FIXED", "fixed_amount": "9,90"},
         {"type": "FIXED", "fixed_amount": 990, "effect": "APPLY_TO_ORDER"}),
        ({"discount": "UNIT", "unit_off": "2", "unit_type": "prod_1", "unit_effect": "ADD_NEW_ITEMS"},
         {"type": "UNIT", "unit_off": 2, "unit_type": "prod_1", "effect": "ADD_NEW_ITEMS"}),
        ({"discount": "SHIPPING"},
         {"type": "UNIT", "unit_off": 1, "unit_type": "prod_5h1pp1ng", "effect": "ADD_MISSING_ITEMS"}),
    ],
)  # fmt: skip
async def test_every_discount_can_be_built(
    dashboard: Person, api: httpx.AsyncClient, fields: dict[str, str], discount: dict[str, Any]
) -> None:
    await make(dashboard, **fields)
    assert (await api.get("/v1/campaigns/Summer")).json()["voucher"]["discount"] == discount


async def test_gift_loyalty_and_referral_campaigns(dashboard: Person, api: httpx.AsyncClient) -> None:
    await make(dashboard, campaign_type="GIFT_VOUCHERS", name="Gift", gift_amount="25")
    await make(dashboard, campaign_type="LOYALTY_PROGRAM", name="Cards", points="100", quantity="")
    await make(dashboard, campaign_type="REFERRAL_PROGRAM", name="Friends", conversion="custom_event", event="bought")
    answers = {name: (await api.get(f"/v1/campaigns/{name}")).json() for name in ("Gift", "Cards", "Friends")}
    assert answers["Gift"]["voucher"]["gift"] == {"amount": 2500}
    assert answers["Cards"]["voucher"]["loyalty_card"] == {"points": 100}
    assert answers["Cards"]["join_once"] is True
    assert answers["Friends"]["referral_program"] == {
        "conversion_event_type": "custom_event",
        "custom_event": {"name": "bought"},
    }


async def test_a_referral_that_is_a_redemption_is_summed_up(dashboard: Person) -> None:
    """Its program has no event to be named."""
    answer = await dashboard.post("/campaigns/new", DISCOUNT | {"campaign_type": "REFERRAL_PROGRAM", "step": "review"})
    assert answer.status_code == 200
    assert "A referral is a friend who uses the code" in shown(answer)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, "Give it a name."),
        ({"percent_off": "101"}, "Must be more than 0 and at most 100."),
        ({"percent_off": "ten"}, "Must be a number."),
        ({"discount": "AMOUNT", "amount_off": ""}, "Is needed."),
        ({"discount": "AMOUNT", "amount_off": "1.234"}, "Must have two decimals at most."),
        ({"discount": "AMOUNT", "amount_off": "-1"}, "Must be more than 0, and not that much."),
        ({"discount": "UNIT", "unit_off": "1", "unit_type": ""}, "Say the product's id"),
        ({"discount": "NONSENSE"}, "Choose one of these."),
        ({"length": "0"}, "Must be from 1 to 100."),
        ({"length": "2", "charset": "digits", "vouchers_count": "101"}, "allows 100 codes"),
        ({"charset": "own", "own_charset": ""}, "Write the characters"),
        ({"vouchers_count": "-5"}, "Must be at least 0."),
        ({"vouchers_count": "99999999999"}, "Must be at most"),
        ({"start_date": "tomorrow"}, "Must be a date and a time"),
        ({"start_date": "2030-02-30T10:00"}, "Must be a date and a time"),
        ({"start_date": "2030-02-02T10:00", "expiration_date": "2030-02-01T10:00"}, "Must not be before"),
        ({"days": "0"}, "Must be from 1 to 36,500 days."),
        ({"quantity": "0"}, "Must be at least 1"),
        ({"metadata": "no key"}, "Write key = value"),
        ({"name": "x" * 256}, "255"),
        ({"prefix": "x" * 300}, "longer than 255 characters"),
    ],
)
@pytest.mark.parametrize("step", ["review", "create"])
async def test_what_is_wrong_is_said_and_nothing_is_made(
    dashboard: Person, pool: Pool, changes: dict[str, str], says: str, step: str
) -> None:
    answer = await dashboard.post("/campaigns/new", DISCOUNT | {"name": "Kept"} | changes | {"step": step})
    assert answer.status_code == 400
    assert says in shown(answer)
    assert changes.get("name", "Kept")[:50] in answer.text
    assert await pool.fetchval("SELECT count(*) FROM campaigns") == 0


async def test_a_taken_name_is_said_beside_it(dashboard: Person) -> None:
    await make(dashboard)
    for step in ("review", "create"):
        answer = await dashboard.post("/campaigns/new", DISCOUNT | {"step": step})
        assert answer.status_code == 400
        assert "There is a campaign of this name already" in shown(answer)


async def test_examples_follow_what_is_typed(dashboard: Person) -> None:
    answer = await dashboard.get("/campaigns/examples", charset="digits", prefix="A-", length="3", vouchers_count="10")
    text = shown(answer)
    assert answer.status_code == 200
    assert text.startswith("A-")
    assert "1,000 different codes are possible" in text
    assert "less than a second" in text
    assert "easily guessed" in text
    strong = await dashboard.get("/campaigns/examples", charset="easy", pattern="X-####-####-####")
    assert "about 1 quintillion" in shown(strong)
    assert "more than a million years" in shown(strong)
    wrong = await dashboard.get("/campaigns/examples", charset="easy", length="0")
    assert "Must be from 1 to 100." in shown(wrong)
    again = await dashboard.post("/campaigns/new", DISCOUNT | {"step": "examples", "prefix": "ZZ-"})
    assert again.status_code == 200
    assert "ZZ-" in shown(again)


async def test_the_list_is_searched_filtered_and_ordered(dashboard: Person) -> None:
    assert "No campaigns yet" in shown(await dashboard.get("/campaigns"))
    await make(dashboard, name="Summer 2030")
    await make(dashboard, name="Winter 2030", disabled="on")
    await make(dashboard, name="Cards", campaign_type="LOYALTY_PROGRAM")

    async def names(**query: str) -> list[str]:
        answer = await dashboard.get("/campaigns", **query)
        assert answer.status_code == 200
        text = answer.text
        return sorted(
            (name for name in ("Summer 2030", "Winter 2030", "Cards") if f">{name}</a>" in text), key=text.find
        )

    assert await names() == ["Cards", "Winter 2030", "Summer 2030"]
    assert await names(order="created_at") == ["Summer 2030", "Winter 2030", "Cards"]
    assert await names(q="2030") == ["Winter 2030", "Summer 2030"]
    assert await names(state="disabled") == ["Winter 2030"]
    assert await names(type="LOYALTY_PROGRAM") == ["Cards"]
    assert await names(status="DONE", q="Sum") == ["Summer 2030"]
    assert "No campaign is like that" in shown(await dashboard.get("/campaigns", q="nothing"))
    assert (await dashboard.get("/campaigns", order="nonsense")).status_code == 400


async def test_settings_change_what_was_changed_and_nothing_else(dashboard: Person, api: httpx.AsyncClient) -> None:
    path = await make(dashboard)
    await api.put(
        "/v1/campaigns/Summer",
        json={"activity_duration_after_publishing": "PT48H", "metadata": {"list": [1, 2], "n": "5"},
              "start_date": "2030-01-01T00:00:00.123Z"},
    )  # fmt: skip
    form = await dashboard.get(path + "/settings")
    fields = _settings_of(form)
    answer = await dashboard.post(path + "/settings", fields | {"description": "New", "alert_below_days": "7"})
    assert "Saved." in shown(await dashboard.follow(answer))
    made = (await api.get("/v1/campaigns/Summer")).json()
    assert made["description"] == "New"
    assert made["activity_duration_after_publishing"] == "PT48H"
    assert made["metadata"] == {"list": [1, 2], "n": "5"}
    assert made["start_date"] == "2030-01-01T00:00:00.123Z"
    assert (await api.get(f"/v1/campaigns/{made['id']}/runway")).json()["alert_below_days"] == 7

    answer = await dashboard.post(
        path + "/settings",
        fields | {"description": "", "metadata": "n = 6", "type": "AUTO_UPDATE", "join_once": "on", "start_date": ""},
    )
    made = (await api.get("/v1/campaigns/Summer")).json()
    assert answer.status_code == 303
    assert (made["description"], made["metadata"], made["type"], made["join_once"], made["start_date"]) == (
        None, {"n": 6}, "AUTO_UPDATE", True, None,
    )  # fmt: skip
    assert (await api.get(f"/v1/campaigns/{made['id']}/runway")).json()["alert_below_days"] is None


def _settings_of(answer: httpx.Response) -> dict[str, str]:
    """What a browser would send of the settings, left as they are."""
    text = answer.text
    metadata = text.partition('name="metadata"')[2].partition(">")[2].partition("</textarea>")[0]
    kept = {name: Elements(text).fields()[name] for name in ("start_date", "expiration_date", "days")}
    return kept | {"metadata": metadata.replace("&#34;", '"'), "type": "STATIC"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"alert_below_days": "0"}, "Must be at least 1."),
        ({"expiration_date": "never"}, "Must be a date and a time"),
        ({"metadata": "x"}, "Write key = value"),
        (
            {"start_date": "2030-02-02T10:00", "expiration_date": "2030-02-01T10:00"},
            "Must not be before the beginning.",
        ),
        ({"description": "x" * 10_001}, "10000"),
    ],
)
async def test_wrong_settings_change_nothing(
    dashboard: Person, api: httpx.AsyncClient, changes: dict[str, str], says: str
) -> None:
    path = await make(dashboard)
    answer = await dashboard.post(path + "/settings", {"description": "kept", "type": "STATIC"} | changes)
    assert answer.status_code == 400
    assert says in shown(answer)
    made = (await api.get("/v1/campaigns/Summer")).json()
    assert (made["description"], made["updated_at"]) == (None, None)


async def test_codes_are_added_and_counted(dashboard: Person, api: httpx.AsyncClient) -> None:
    path = await make(dashboard)
    assert (await dashboard.post(path + "/codes", {"vouchers_count": "1"})).status_code == 303
    answer = await dashboard.post(path + "/codes", {"vouchers_count": "500"})
    page = await dashboard.follow(answer)
    assert "500 more codes are being made." in shown(page)
    assert "Making codes: 2 of 502 are there." in shown(page)
    assert 'data-live="1"' in page.text
    assert (await api.get("/v1/campaigns/Summer")).json()["vouchers_count"] == 2
    for count in ("", "0", "-1", "many", "99999999999"):
        assert (await dashboard.post(path + "/codes", {"vouchers_count": count})).status_code == 400


async def test_a_campaign_is_switched_off_and_on(dashboard: Person, api: httpx.AsyncClient) -> None:
    path = await make(dashboard)
    for to, active in (("disabled", False), ("enabled", True)):
        assert (await dashboard.post(path + "/switch", {"to": to})).status_code == 303
        assert (await api.get("/v1/campaigns/Summer")).json()["active"] is active


@pytest.mark.parametrize(("how", "binned"), [("bin", 1), ("for_good", 0)])
async def test_a_campaign_is_deleted_by_its_name(
    dashboard: Person, api: httpx.AsyncClient, pool: Pool, how: str, binned: int
) -> None:
    path = await make(dashboard)
    wrong = await dashboard.post(path + "/delete", {"how": how, "name": "summer"})
    assert wrong.status_code == 400
    assert (await api.get("/v1/campaigns/Summer")).status_code == 200
    assert (await dashboard.post(path + "/delete", {"how": how, "name": "Summer"})).status_code == 303
    assert (await api.get("/v1/campaigns/Summer")).status_code == 404
    assert await pool.fetchval("SELECT count(*) FROM bin_entries") == binned


async def test_the_page_shows_pool_and_distributions(dashboard: Person, api: httpx.AsyncClient) -> None:
    path = await make(dashboard)
    await api.post("/v1/publications", json={"campaign": {"name": "Summer"}, "customer": {"source_id": "a"}})
    text = shown(await dashboard.get(path))
    assert "0 free" in text
    assert "1 published" in text
    assert "empty" in text
    assert "No distribution uses this campaign" in shown(await dashboard.get(path + "/distributions"))
    made = await api.post(
        "/v1/distributions",
        json={"name": "To all", "audience": {"type": "all"}, "action": {"type": "publish", "campaign": "Summer"},
              "channels": []},
    )  # fmt: skip
    assert made.status_code == 200, made.text
    assert "To all" in shown(await dashboard.get(path + "/distributions"))
    codes = await dashboard.get(path + "/vouchers")
    assert "published" in shown(codes)


async def test_viewers_look_and_change_nothing(dashboard: Person, as_viewer: Person, pool: Pool) -> None:
    path = await make(dashboard)
    for page in ("/campaigns", path, path + "/vouchers", path + "/distributions", path + "/settings"):
        answer = await as_viewer.get(page)
        assert answer.status_code == 200
        forms = [given for tag, given in Elements(answer.text).tags if tag == "form" and given.get("method") == "post"]
        assert [form["action"] for form in forms] == ["/app/sign-out"]
    for page in ("/campaigns/new", path + "/delete"):
        assert (await as_viewer.get(page)).status_code == 403
    for page in ("/campaigns/new", path + "/settings", path + "/switch", path + "/codes", path + "/delete"):
        assert (await as_viewer.post(page, DISCOUNT | {"step": "create", "to": "disabled"})).status_code == 403
    assert await pool.fetchval("SELECT count(*) FROM campaigns WHERE active") == 1


async def test_the_campaign_of_another_project_is_not_there(dashboard: Person, other_api: httpx.AsyncClient) -> None:
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
    other = (await other_api.post("/v1/campaigns", json={"name": "Theirs", "voucher": voucher})).json()
    path = f"/campaigns/{other['id']}"
    for page in (path, path + "/vouchers", path + "/distributions", path + "/settings", path + "/delete"):
        assert (await dashboard.get(page)).status_code == 404
    for page in ("/settings", "/switch", "/codes", "/delete"):
        fields = {"name": "Theirs", "vouchers_count": "1", "type": "STATIC"}
        assert (await dashboard.post(path + page, fields)).status_code == 404
    assert "Theirs" not in (await dashboard.get("/campaigns")).text


@pytest.mark.parametrize("kind", NASTY)
async def test_stored_text_is_text(dashboard: Person, kind: str) -> None:
    text = NASTY[kind]
    fields = {"name": text[:255], "description": text, "metadata": f"key = {text}"}
    review = await dashboard.post("/campaigns/new", DISCOUNT | fields | {"step": "review"})
    assert review.status_code == 200
    path = await make(dashboard, **fields)
    pages = [review, *[await dashboard.get(page) for page in (
        "/campaigns", path, path + "/vouchers", path + "/settings", path + "/delete", "/publish", "/publications",
    )]]  # fmt: skip
    for page in pages:
        assert page.status_code == 200
        assert is_harmless(page)
    assert text[:255] in shown(pages[2])
