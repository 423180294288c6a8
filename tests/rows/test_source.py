"""Section 2: where a publication's code comes from."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.rows.engine import Engine, P, fresh


@pytest.mark.row("A005", "A057", "A062")
def test_one_specific_voucher(engine: Engine) -> None:
    code = engine.voucher()
    publication = engine.publish(voucher=code, customer=engine.customer())
    assert (publication["voucher"]["code"], publication["result"]) == (code, "SUCCESS")


@pytest.mark.row("A006")
def test_a_random_code_of_a_campaign(engine: Engine) -> None:
    campaign = engine.campaign(200)
    made = engine.codes(campaign)
    published = [
        engine.publish(campaign={"name": campaign}, customer=engine.customer())["voucher"]["code"] for _ in range(30)
    ]
    assert len(set(published)) == 30
    places = [made.index(code) for code in published]
    assert places != sorted(places)
    assert max(places) > 60  # thirty of two hundred, all from the first sixty: once in 10^16 runs


@pytest.mark.row("A007", "A091")
def test_the_code_is_marked_published(engine: Engine) -> None:
    code, customer = engine.voucher(), engine.customer()
    assert engine.get(f"/v1/vouchers/{code}")["holder_id"] is None
    engine.publish(voucher=code, customer=customer)
    shown = engine.get(f"/v1/vouchers/{code}")
    assert (shown["publish"]["count"], shown["holder_id"]) == (1, customer)


@pytest.mark.row("A008", "A011")
def test_the_pool_never_gives_a_code_twice(engine: Engine) -> None:
    campaign = engine.campaign(50)

    def publish(_: int) -> str:
        code: str = engine.publish(campaign=campaign, customer={"source_id": fresh("c")})["voucher"]["code"]
        return code

    with ThreadPoolExecutor(16) as threads:
        published = list(threads.map(publish, range(50)))
    assert Counter(published) == Counter(engine.codes(campaign))
    engine.publish_refused("no_voucher_suitable_for_publication", campaign=campaign, customer=engine.customer())


@pytest.mark.row("A009", "A141")
def test_a_named_code_is_not_published_again(engine: Engine) -> None:
    code = engine.voucher()
    first = engine.publish(voucher=code, customer=engine.customer())
    late = engine.customer()
    engine.publish_refused("voucher_already_published", voucher=code, customer=late)
    assert [entry["id"] for entry in engine.listed(voucher=code)] == [first["id"]]
    (failure,) = engine.listed(customer=late)
    assert failure["result"] == "FAILURE"
    assert failure["failure_code"] == "voucher_already_published"
    assert failure["failure_message"]


@pytest.mark.row("A010", "A084")
def test_only_an_active_code_is_suitable(engine: Engine) -> None:
    code = engine.voucher()
    assert engine.post(f"/v1/vouchers/{code}/disable")["active"] is False
    engine.publish_refused("voucher_cannot_be_published", voucher=code, customer=engine.customer())
    campaign = engine.campaign(1)
    engine.post(f"/v1/vouchers/{engine.codes(campaign)[0]}/disable")
    engine.publish_refused("no_voucher_suitable_for_publication", campaign=campaign, customer=engine.customer())
    assert engine.post(f"/v1/vouchers/{code}/enable")["active"] is True
    assert engine.publish(voucher=code, customer=engine.customer())["voucher"]["code"] == code


@pytest.mark.row("A012")
def test_the_source_must_be_stated(engine: Engine) -> None:
    error = engine.publish_refused("missing_vouchers", customer=engine.customer())
    assert error["details"] == "Either Campaign or Voucher is required"


@pytest.mark.row("A013")
def test_the_voucher_wins_over_the_campaign(engine: Engine) -> None:
    code, campaign = engine.voucher(), engine.campaign(3)
    publication = engine.publish(campaign={"name": campaign}, voucher=code, customer={"source_id": fresh("x")})
    assert publication["voucher"]["code"] == code
    assert [engine.get(f"/v1/vouchers/{code}")["publish"]["count"] for code in engine.codes(campaign)] == [0, 0, 0]


@pytest.mark.row("A014")
@pytest.mark.parametrize("source", ["campaign", "voucher"])
def test_an_unknown_source_is_not_found(engine: Engine, source: str) -> None:
    name = fresh("unknown")
    error = engine.publish_refused("not_found", status=404, **{source: name}, customer=engine.customer())
    assert (error["resource_type"], error["resource_id"]) == (source, name)


@pytest.mark.row("A015", "A017", "A061")
def test_several_codes_of_a_campaign_by_name(engine: Engine) -> None:
    campaign = engine.auto_update()
    publication = engine.publish(campaign={"name": campaign, "count": 2}, customer=engine.customer())
    assert "voucher" not in publication
    assert len(publication["vouchers"]) == len(publication["vouchers_id"]) == 2
    ids = [engine.get(f"/v1/vouchers/{code}")["id"] for code in publication["vouchers"]]
    assert ids == publication["vouchers_id"]


@pytest.mark.row("A016")
def test_a_campaign_by_id(engine: Engine) -> None:
    campaign = engine.get(f"/v1/campaigns/{engine.campaign(1)}")
    publication = engine.publish(campaign={"name": campaign["id"]}, customer=engine.customer())
    assert publication["voucher"]["campaign"] == campaign["name"]


@pytest.mark.row("A018")
def test_the_bounds_of_count(engine: Engine) -> None:
    customer, static, automatic = engine.customer(), engine.campaign(3), engine.auto_update()

    def wanted(name: str, count: int) -> dict[str, Any]:
        return {"campaign": {"name": name, "count": count}, "customer": customer}

    assert "voucher" in engine.publish(**wanted(automatic, 1))
    assert len(set(engine.publish(**wanted(automatic, 50))["vouchers"])) == 50
    engine.publish_refused("invalid_payload", **wanted(automatic, 0))
    engine.publish_refused("too_many_vouchers_requested", **wanted(automatic, 51))
    engine.publish_refused("no_voucher_suitable_for_publication", **wanted(static, 4))
    assert len(engine.publish(**wanted(static, 3))["vouchers"]) == 3


@pytest.mark.row("A019", "A184")
def test_the_first_thousand_users_get_one_each(engine: Engine) -> None:
    campaign = engine.campaign(1000)

    def sign_up(number: int) -> str:
        body = {"campaign": campaign, "customer": {"source_id": f"{campaign}-{number}"}}
        code: str = engine.post(P, body)["voucher"]["code"]
        return code

    with ThreadPoolExecutor(16) as threads:
        codes = list(threads.map(sign_up, range(1000)))
    assert len(set(codes)) == 1000
    late = {"source_id": f"{campaign}-late"}
    engine.publish_refused("no_voucher_suitable_for_publication", campaign=campaign, customer=late)


@pytest.mark.row("A020", "A021", "A185")
def test_an_auto_update_campaign_extends_itself(engine: Engine) -> None:
    definition = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
    config = {"code_config": {"pattern": "NEW-#####", "charset": "0123456789ABCDEF"}}
    campaign = engine.auto_update(voucher={**definition, **config})
    assert engine.get(f"/v1/campaigns/{campaign}")["type"] == "AUTO_UPDATE"
    codes = [engine.publish(campaign=campaign, customer=engine.customer())["voucher"]["code"] for _ in range(3)]
    more = engine.publish(campaign={"name": campaign, "count": 5}, customer=engine.customer())["vouchers"]
    assert len({*codes, *more}) == 8
    assert engine.get(f"/v1/campaigns/{campaign}")["vouchers_count"] == 8
    assert all(code.startswith("NEW-") and set(code[4:]) <= set("0123456789ABCDEF") for code in [*codes, *more])


@pytest.mark.row("A022")
def test_new_codes_are_unique(engine: Engine) -> None:
    campaign, customer = engine.auto_update(), engine.customer()
    body = {"campaign": {"name": campaign, "count": 50}, "customer": customer}
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda _: engine.post(P, body)["vouchers"], range(20))
        codes = [code for vouchers in answers for code in vouchers]
    assert len(codes) == len(set(codes)) == 1000
