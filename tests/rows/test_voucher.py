"""Section 6 and 9: the voucher in an answer, and the publications seen from it."""

import re
from typing import Any

import pytest

from tests.rows.engine import DISCOUNT, GIFT, LOYALTY, Engine, fresh

VALUE = {"DISCOUNT_VOUCHER": "discount", "GIFT_VOUCHER": "gift", "LOYALTY_CARD": "loyalty_card"}
DISCOUNTS: list[Any] = [
    pytest.param({"type": "AMOUNT", "amount_off": 1000}, marks=pytest.mark.row("A070")),
    pytest.param({"type": "AMOUNT", "amount_off": 300, "effect": "APPLY_TO_ITEMS"}, marks=pytest.mark.row("A070")),
    pytest.param({"type": "PERCENT", "percent_off": 10.0}, marks=pytest.mark.row("A071")),
    pytest.param({"type": "PERCENT", "percent_off": 12.5, "amount_limit": 500}, marks=pytest.mark.row("A071")),
    pytest.param(
        {"type": "UNIT", "unit_off": 2, "unit_type": "prod_0b72b0bd64d198e3ae", "effect": "ADD_NEW_ITEMS"},
        marks=pytest.mark.row("A072"),
    ),
    pytest.param({"type": "FIXED", "fixed_amount": 700, "effect": "APPLY_TO_ORDER"}, marks=pytest.mark.row("A072")),
]


@pytest.mark.row("A064", "A065", "A093", "A186")
def test_id_code_and_object(engine: Engine) -> None:
    code = "Ä%é/+& 1-" + fresh("x")
    made = engine.post("/v1/vouchers", {**DISCOUNT, "code": code})
    assert re.fullmatch("v_[A-Za-z0-9]{32}", made["id"])
    assert (made["code"], made["object"]) == (code, "voucher")
    engine.refused(409, "duplicate_found", "POST", "/v1/vouchers", {**DISCOUNT, "code": code})
    published = engine.publish(voucher=code, customer=engine.customer())["voucher"]
    assert (published["id"], published["code"]) == (made["id"], code)


@pytest.mark.row("A066")
def test_the_campaign_or_none(engine: Engine) -> None:
    name = engine.campaign(1)
    voucher = engine.publish(campaign=name, customer=engine.customer())["voucher"]
    assert voucher["campaign"] == name
    assert re.fullmatch("camp_[A-Za-z0-9]{24}", voucher["campaign_id"])
    alone = engine.publish(voucher=engine.voucher(), customer=engine.customer())["voucher"]
    assert alone["campaign"] is alone["campaign_id"] is None


@pytest.mark.row("A067", "A068", "A194")
def test_categories_with_their_hierarchy(engine: Engine) -> None:
    category = engine.post("/v1/categories", {"name": fresh("category"), "hierarchy": 3})
    engine.call("PUT", f"/v1/categories/{category['id']}", {"name": category["name"], "hierarchy": 4})
    code = engine.voucher({**DISCOUNT, "category_id": category["id"]})
    voucher = engine.publish(voucher=code, customer=engine.customer())["voucher"]
    assert voucher["category_id"] == category["id"]
    (shown,) = voucher["categories"]
    expected = {"id": category["id"], "name": category["name"], "hierarchy": 4, "object": "category"}
    assert expected.items() <= shown.items()
    assert {"created_at", "updated_at"} <= shown.keys()
    assert engine.get(f"/v1/vouchers/{engine.voucher()}")["category"] is None
    engine.refused(400, "invalid_payload", "POST", "/v1/categories", {"name": fresh("category"), "hierarchy": -1})


@pytest.mark.row("A069", "A077")
def test_each_type_has_its_own_value_and_no_other(engine: Engine) -> None:
    for type_, publication in engine.of_each_type(engine.customer()).items():
        voucher = publication["voucher"]
        assert voucher["type"] == type_
        assert {name for name in VALUE.values() if voucher[name] is not None} == {VALUE[type_]}


@pytest.mark.parametrize("discount", DISCOUNTS)
def test_a_discount_comes_back_as_it_was_sent(engine: Engine, discount: dict[str, Any]) -> None:
    code = engine.voucher({"type": "DISCOUNT_VOUCHER", "discount": discount})
    published = engine.publish(voucher=code, customer=engine.customer())["voucher"]["discount"]
    assert discount.items() <= published.items()


@pytest.mark.row("A073", "A074")
def test_a_formula_and_a_limit_come_back_and_a_wrong_formula_does_not(engine: Engine) -> None:
    discount = {
        "type": "AMOUNT", "amount_off": 500, "amount_off_formula": "IF(VOUCHER_PUBLISH_COUNT = 1;25;5)",
        "aggregated_amount_limit": 900, "effect": "APPLY_TO_ITEMS",
    }  # fmt: skip
    code = engine.voucher({"type": "DISCOUNT_VOUCHER", "discount": discount})
    assert discount.items() <= engine.publish(voucher=code, customer=engine.customer())["voucher"]["discount"].items()
    wrong = {"type": "DISCOUNT_VOUCHER", "discount": {**discount, "amount_off_formula": "IF(VOUCHER_PUBLISH_COUNT = 1"}}
    engine.refused(400, "invalid_voucher", "POST", "/v1/vouchers", wrong)


@pytest.mark.row("A075")
@pytest.mark.parametrize(
    "effect",
    [
        "APPLY_TO_ORDER", "APPLY_TO_ITEMS", "APPLY_TO_ITEMS_PROPORTIONALLY",
        "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY", "APPLY_TO_ITEMS_BY_QUANTITY",
    ],
)  # fmt: skip
def test_an_effect_comes_back(engine: Engine, effect: str) -> None:
    discount = {"type": "AMOUNT", "amount_off": 500, "effect": effect, "aggregated_amount_limit": 900}
    code = engine.voucher({"type": "DISCOUNT_VOUCHER", "discount": discount})
    assert engine.get(f"/v1/vouchers/{code}")["discount"] == discount


@pytest.mark.row("A076")
def test_a_gift_cards_balance(engine: Engine) -> None:
    code = engine.voucher(GIFT)
    gift = engine.publish(voucher=code, customer=engine.customer())["voucher"]["gift"]
    assert {"amount": 10000, "subtracted_amount": 0, "balance": 10000}.items() <= gift.items()
    engine.post(f"/v1/vouchers/{code}/balance", {"amount": -500})
    gift = engine.get(f"/v1/vouchers/{code}")["gift"]
    assert {"amount": 10000, "subtracted_amount": 500, "balance": 9500}.items() <= gift.items()


@pytest.mark.row("A078", "A189")
def test_a_loyalty_cards_points(engine: Engine) -> None:
    campaign = engine.campaign(1, campaign_type="LOYALTY_PROGRAM", voucher=LOYALTY)
    voucher = engine.publish(campaign=campaign, customer=engine.customer())["voucher"]
    names = {
        "points", "balance", "next_expiration_date", "next_expiration_points", "pending_points", "expired_points",
        "subtracted_points",
    }  # fmt: skip
    assert names <= voucher["loyalty_card"].keys()
    engine.post(f"/v1/vouchers/{voucher['code']}/balance", {"amount": -20})
    card = engine.get(f"/v1/vouchers/{voucher['code']}")["loyalty_card"]
    assert card["balance"] == card["points"] - card["expired_points"] - card["subtracted_points"] == 30


@pytest.mark.row("A079", "A080", "A081", "A082")
def test_a_voucher_says_when_it_is_valid(engine: Engine) -> None:
    validity = {
        "start_date": "2030-01-01T00:00:00.000Z", "expiration_date": "2031-01-01T00:00:00.000Z",
        "validity_timeframe": {"interval": "P2D", "duration": "PT1H"}, "validity_day_of_week": [0, 6],
    }  # fmt: skip
    code = engine.voucher({**DISCOUNT, **validity})
    assert validity.items() <= engine.get(f"/v1/vouchers/{code}").items()
    timeframe = {"validity_timeframe": validity["validity_timeframe"]}
    engine.refused(400, "invalid_voucher", "POST", "/v1/vouchers", {**DISCOUNT, **timeframe})


@pytest.mark.row("A083")
def test_validity_hours_may_not_overlap(engine: Engine) -> None:
    def hours(*spans: tuple[str, str]) -> dict[str, Any]:
        daily = [{"days_of_week": [1], "start_time": start, "expiration_time": end} for start, end in spans]
        return {**DISCOUNT, "validity_hours": {"daily": daily}}

    code = engine.voucher(hours(("12:00", "14:00")))
    assert len(engine.get(f"/v1/vouchers/{code}")["validity_hours"]["daily"]) == 1
    overlapping = hours(("12:00", "14:00"), ("13:00", "15:00"))
    answer = engine.answer("POST", "/v1/vouchers", overlapping)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


@pytest.mark.row("A085", "A086")
def test_texts_and_metadata_come_back(engine: Engine) -> None:
    code = engine.voucher({**DISCOUNT, "additional_info": "for the shelf", "metadata": {"a": [1, True, "x"]}})
    shown = engine.get(f"/v1/vouchers/{code}")
    assert (shown["additional_info"], shown["metadata"]) == ("for the shelf", {"a": [1, True, "x"]})
    assert engine.get(f"/v1/vouchers/{engine.voucher()}")["metadata"] == {}


@pytest.mark.row("A087", "A088")
@pytest.mark.parametrize("kind", ["qr", "barcode"])
def test_an_asset_is_a_picture_under_an_opaque_id(engine: Engine, kind: str) -> None:
    code = engine.voucher()
    asset = engine.publish(voucher=code, customer=engine.customer())["voucher"]["assets"][kind]
    assert code not in asset["id"]
    picture = engine.http.get(asset["url"])
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    drawn = engine.http.get(asset["url"], params={"size": 100, "format": "svg"})
    assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, "image/svg+xml")
    for wrong in ({"size": 0}, {"size": 101}, {"format": "gif"}):
        assert engine.http.get(asset["url"], params=wrong).status_code == 400
    address, _, token = asset["url"].rpartition("/")
    tampered = f"{address}/{'B' if token[0] == 'A' else 'A'}{token[1:]}"
    assert engine.http.get(tampered).status_code == 404


@pytest.mark.row("A089", "A188")
def test_only_a_referral_programmes_code_is_a_referral_code(engine: Engine) -> None:
    campaign = engine.campaign(1, campaign_type="REFERRAL_PROGRAM")
    assert engine.publish(campaign=campaign, customer=engine.customer())["voucher"]["is_referral_code"] is True
    alone = engine.publish(voucher=engine.voucher(), customer=engine.customer())["voucher"]
    assert alone["is_referral_code"] is False


@pytest.mark.row("A090")
def test_the_times_of_a_voucher(engine: Engine) -> None:
    made_by_request = engine.publish(campaign=engine.auto_update(0), customer=engine.customer())
    assert made_by_request["voucher"]["updated_at"] is None
    stocked = engine.publish(voucher=engine.voucher(), customer=engine.customer())
    assert stocked["voucher"]["updated_at"] == stocked["created_at"] >= stocked["voucher"]["created_at"]


@pytest.mark.row("A094", "A121", "A122", "A123")
def test_the_publish_section(engine: Engine) -> None:
    code = engine.voucher()
    source_id = fresh("reader")
    publication = engine.publish(voucher=code, customer={"source_id": source_id}, channel="web", metadata={"a": 1})
    publish = engine.get(f"/v1/vouchers/{code}")["publish"]
    address = f"/v1/vouchers/{code}/publications?page=1&limit=10"
    assert {"object": "list", "count": 1, "data_ref": "entries", "total": 1, "url": address}.items() <= publish.items()
    (entry,) = publish["entries"]
    assert entry == {
        "customer_id": publication["customer_id"], "customer": source_id, "channel": "web", "metadata": {"a": 1},
        "published_at": publication["created_at"], "object": "publication",
    }  # fmt: skip
    assert [item["id"] for item in engine.get(address)["publications"]] == [publication["id"]]
    assert engine.get(f"/v1/vouchers/{code}/publications", page=2, limit=1)["publications"] == []
