"""Sections 10 and 12: the list's parameters and its items."""

from typing import Any

import pytest

from tests.rows.engine import GIFT, Engine, P, fresh

VALUES = {
    "id": lambda entry: entry["id"],
    "voucher_code": lambda entry: entry["voucher"]["code"],
    "tracking_id": lambda entry: entry["tracking_id"],
    "customer_id": lambda entry: entry["customer_id"],
    "created_at": lambda entry: entry["created_at"],
    "channel": lambda entry: entry["channel"],
}
ROWS = {
    "id": "A131", "voucher_code": "A132", "tracking_id": "A133", "customer_id": "A134", "created_at": "A135",
    "channel": "A136",
}  # fmt: skip


@pytest.fixture(scope="module")
def campaign(engine: Engine) -> str:
    """A campaign with 25 publications to customers of their own, by three channels."""
    name = engine.campaign(25)
    for number in range(25):
        body = {"campaign": name, "customer": {"source_id": fresh("listed")}, "channel": f"channel {number % 3}"}
        engine.publish(**body)
    return name


@pytest.mark.row("A126")
def test_the_newest_come_first(engine: Engine, campaign: str) -> None:
    times = [entry["created_at"] for entry in engine.listed(campaign=campaign, limit=100)]
    assert len(times) == 25
    assert times == sorted(times, reverse=True)


@pytest.mark.row("A127")
def test_the_limit_of_a_page(engine: Engine, campaign: str) -> None:
    assert len(engine.listed(campaign=campaign)) == 10
    assert len(engine.listed(campaign=campaign, limit=100)) == 25
    for limit in (0, 101):
        engine.refused(400, "invalid_query_params", "GET", P, limit=limit)


@pytest.mark.row("A128", "A182")
def test_pages_continue_without_overlap(engine: Engine, campaign: str) -> None:
    pages = [engine.get(P, campaign=campaign, limit=10, page=page) for page in (1, 2, 3)]
    ids = [entry["id"] for page in pages for entry in page["publications"]]
    assert len(ids) == len(set(ids)) == 25
    assert {page["total"] for page in pages} == {25} == {engine.get(P, campaign=campaign, limit=1)["total"]}
    engine.refused(400, "invalid_query_params", "GET", P, page=0)


@pytest.mark.row("A129")
def test_the_last_page(engine: Engine) -> None:
    assert engine.listed(page=101, limit=100) == []
    assert engine.listed(page=1000, limit=100) == []
    engine.refused(400, "page_over_limit", "GET", P, page=1001)


@pytest.mark.parametrize("order", [pytest.param(order, marks=pytest.mark.row(row)) for order, row in ROWS.items()])
def test_an_order_and_its_reverse(engine: Engine, campaign: str, order: str) -> None:
    value = VALUES[order]
    pages = [engine.listed(campaign=campaign, order=order, limit=7, page=page) for page in (1, 2, 3, 4)]
    rising = [entry for page in pages for entry in page]
    assert len({entry["id"] for entry in rising}) == 25
    assert [value(entry) for entry in rising] == sorted(map(value, rising))
    falling = engine.listed(campaign=campaign, order=f"-{order}", limit=100)
    assert [value(entry) for entry in falling] == sorted(map(value, rising), reverse=True)


@pytest.mark.row("A137")
def test_another_order_is_refused(engine: Engine) -> None:
    engine.refused(400, "invalid_query_params", "GET", P, order="foo")


@pytest.mark.row("A138", "A114")
def test_publications_of_one_campaign_by_channel(engine: Engine, campaign: str) -> None:
    listed = engine.listed(campaign=campaign, limit=100)
    assert {entry["voucher"]["campaign"] for entry in listed} == {campaign}
    assert {entry["channel"] for entry in listed} == {"channel 0", "channel 1", "channel 2"}


@pytest.mark.row("A139")
def test_publications_of_one_customer(engine: Engine, campaign: str) -> None:
    customer = engine.listed(campaign=campaign)[3]["customer_id"]
    assert [entry["customer_id"] for entry in engine.listed(customer=customer)] == [customer]


@pytest.mark.row("A140")
def test_publications_of_one_code_also_among_several(engine: Engine) -> None:
    several = engine.publish(campaign={"name": engine.campaign(3), "count": 3}, customer=engine.customer())
    for code in several["vouchers"]:
        assert [entry["id"] for entry in engine.listed(voucher=code)] == [several["id"]]


@pytest.mark.row("A141")
def test_successes_and_failures(engine: Engine) -> None:
    campaign = engine.campaign(1)
    good = engine.publish(campaign=campaign, customer=engine.customer())
    engine.publish_refused("no_voucher_suitable_for_publication", campaign=campaign, customer=engine.customer())
    assert [entry["id"] for entry in engine.listed(campaign=campaign, result="SUCCESS")] == [good["id"]]
    (failure,) = engine.listed(campaign=campaign, result="FAILURE")
    assert failure["result"] == "FAILURE"
    assert failure["failure_code"] == "no_voucher_suitable_for_publication"
    assert failure["failure_message"]


@pytest.fixture(scope="module")
def by_type(engine: Engine) -> dict[str, Any]:
    """A customer with a publication of each voucher type."""
    customer = engine.customer()
    made = engine.of_each_type(customer)
    return {"customer": customer, **{type_: publication["id"] for type_, publication in made.items()}}


@pytest.mark.row("A142")
@pytest.mark.parametrize("word", ["discount", "loyalty"])
def test_one_type_of_voucher(engine: Engine, by_type: dict[str, Any], word: str) -> None:
    type_ = {"discount": "DISCOUNT_VOUCHER", "loyalty": "LOYALTY_CARD"}[word]
    asked: dict[str, Any] = {"customer": by_type["customer"]}
    listed = [entry["id"] for entry in engine.listed(**asked, voucher_type=type_)]
    assert listed == [by_type[type_]]


@pytest.mark.row("A143")
def test_referral_codes_by_true_only(engine: Engine) -> None:
    customer = engine.customer()
    referral = engine.publish(campaign=engine.campaign(1, campaign_type="REFERRAL_PROGRAM"), customer=customer)["id"]
    plain = engine.publish(voucher=engine.voucher(), customer=customer)["id"]
    assert [entry["id"] for entry in engine.listed(customer=customer, is_referral_code="true")] == [referral]
    everything = {entry["id"] for entry in engine.listed(customer=customer, is_referral_code="false")}
    assert everything == {referral, plain}


def item(engine: Engine, by_type: dict[str, Any], type_: str) -> dict[str, Any]:
    (found,) = (entry for entry in engine.listed(customer=by_type["customer"]) if entry["id"] == by_type[type_])
    return found


@pytest.mark.row("A175", "A176", "A177", "A178", "A179", "A190")
def test_an_item_has_a_simple_voucher(engine: Engine, by_type: dict[str, Any]) -> None:
    keys = {"code", "object", "campaign", "is_referral_code"}
    values = {"DISCOUNT_VOUCHER": "discount", "GIFT_VOUCHER": "gift", "LOYALTY_CARD": "loyalty_card"}
    for type_, value in values.items():
        entry = item(engine, by_type, type_)
        assert set(entry["voucher"]) == keys | {value}
        assert (entry["voucher"]["campaign"] is None) == (type_ != "LOYALTY_CARD")
        assert entry["source_id"] is None
    assert item(engine, by_type, "LOYALTY_CARD")["voucher"]["loyalty_card"] == {"points": 50, "balance": 50}
    assert item(engine, by_type, "DISCOUNT_VOUCHER")["voucher"]["discount"] == {
        "type": "AMOUNT", "amount_off": 300, "effect": "APPLY_TO_ITEMS",
    }  # fmt: skip
    gift = item(engine, by_type, "GIFT_VOUCHER")["voucher"]["gift"]
    assert {"amount": 10000, "balance": 10000}.items() <= gift.items()


@pytest.mark.row("A178")
def test_a_gift_cards_item_follows_its_balance(engine: Engine) -> None:
    campaign = engine.campaign(1, campaign_type="GIFT_VOUCHERS", voucher=GIFT)
    code = engine.publish(campaign=campaign, customer=engine.customer())["voucher"]["code"]
    engine.post(f"/v1/vouchers/{code}/balance", {"amount": -500})
    (entry,) = engine.listed(campaign=campaign)
    assert {"amount": 10000, "balance": 9500}.items() <= entry["voucher"]["gift"].items()


@pytest.mark.row("A180", "A181")
def test_an_item_has_what_creating_answered(engine: Engine) -> None:
    campaign = engine.campaign(3)
    body = {"campaign": campaign, "customer": {"source_id": fresh("same")}, "channel": "c", "metadata": {"a": 1}}
    single = engine.publish(**body, source_id=fresh("single"))
    several = engine.publish(**{**body, "campaign": {"name": campaign, "count": 2}})
    listed = {entry["id"]: entry for entry in engine.listed(campaign=campaign)}
    for made in (single, several):
        same = made.keys() - {"voucher"}
        assert {name: listed[made["id"]][name] for name in same} == {name: made[name] for name in same}
    assert listed[several["id"]]["vouchers"] == several["vouchers"]
    assert listed[single["id"]]["vouchers_id"] == [single["voucher"]["id"]]
