"""Sections 4 and 5: the other fields of a request, and the publication answered."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.rows.engine import Engine, P, fresh


@pytest.mark.row("A039", "A110", "A111", "A055")
def test_a_channel_of_ones_own_is_kept(engine: Engine) -> None:
    channel, customer = fresh("newsletter_October"), engine.customer()
    publication = engine.publish(voucher=engine.voucher(), customer=customer, channel=channel)
    assert publication["channel"] == channel
    filters = {"filters[channel][conditions][$is]": channel}
    (entry,) = engine.listed(order="channel", **filters)
    assert (entry["id"], entry["channel"]) == (publication["id"], channel)


@pytest.mark.row("A040", "A109", "A055")
def test_the_channel_is_api_unless_said(engine: Engine) -> None:
    assert engine.publish(voucher=engine.voucher(), customer=engine.customer())["channel"] == "API"


@pytest.mark.row("A041", "A054")
def test_metadata_keeps_its_types(engine: Engine) -> None:
    code, metadata = engine.voucher(), {"test": True, "provider": "Shop Admin", "n": 1.5}
    publication = engine.publish(voucher=code, customer=engine.customer(), metadata=metadata)
    (listed,) = engine.listed(voucher=code)
    (entry,) = engine.get(f"/v1/vouchers/{code}")["publish"]["entries"]
    assert publication["metadata"] == listed["metadata"] == entry["metadata"] == metadata
    assert engine.publish(voucher=engine.voucher(), customer=engine.customer())["metadata"] == {}


@pytest.mark.row("A043", "A056", "A144")
def test_the_callers_publication_id_finds_it(engine: Engine) -> None:
    source_id = fresh("publication_source_ID_10")
    publication = engine.publish(voucher=engine.voucher(), customer=engine.customer(), source_id=source_id)
    assert publication["source_id"] == source_id
    found = engine.get(P, source_id=source_id)
    assert (found["total"], found["publications"][0]["id"]) == (1, publication["id"])
    assert found["publications"][0]["voucher"]["code"] == publication["voucher"]["code"]


@pytest.mark.row("A044")
def test_a_source_id_takes_one_code_only(engine: Engine) -> None:
    campaign = {"name": engine.auto_update(), "count": 2}
    body: dict[str, Any] = {"campaign": campaign, "customer": engine.customer(), "source_id": fresh("two")}
    engine.publish_refused("too_many_vouchers_requested", **body)
    assert engine.get(P, source_id=body["source_id"])["publications"] == []


@pytest.mark.row("A045", "A144")
def test_repeating_a_source_id_gives_the_same_code(engine: Engine) -> None:
    body: dict[str, Any] = {
        "campaign": engine.campaign(5),
        "customer": {"email": "a@example.com"},
        "source_id": fresh("again"),
    }
    first, again = engine.publish(**body), engine.publish(**body)
    assert (first["id"], first["voucher"]["code"]) == (again["id"], again["voucher"]["code"])
    assert engine.get(P, source_id=body["source_id"])["total"] == 1
    engine.publish_refused("duplicate_source_id", **{**body, "customer": engine.customer()})


@pytest.mark.row("A046")
def test_join_once_gives_a_customer_one_and_always_the_same(engine: Engine) -> None:
    campaign = engine.auto_update(3)
    body: dict[str, Any] = {"campaign": campaign, "customer": {"source_id": fresh("joiner")}}
    first, again = (engine.post(P, body, join_once=True) for _ in range(2))
    assert (first["id"], first["voucher"]["code"]) == (again["id"], again["voucher"]["code"])
    assert engine.get(P, campaign=campaign)["total"] == 1
    plain = [engine.post(P, body)["voucher"]["code"] for _ in range(2)]
    assert len({first["voucher"]["code"], *plain}) == 3


@pytest.mark.row("A047")
def test_a_referrer_keeps_one_code_whoever_asks_at_once(engine: Engine) -> None:
    campaign = engine.campaign(5, campaign_type="REFERRAL_PROGRAM")
    body: dict[str, Any] = {"campaign": campaign, "customer": {"source_id": fresh("referrer")}}
    answers = engine.at_once(5, body, join_once=True)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["voucher"]["code"] for answer in answers}) == 1
    assert engine.get(P, campaign=campaign)["total"] == 1


@pytest.mark.row("A048")
def test_a_campaign_that_is_joined_once(engine: Engine) -> None:
    body: dict[str, Any] = {"campaign": engine.campaign(3, join_once=True), "customer": {"source_id": fresh("member")}}
    first = engine.publish(**body)
    engine.publish_refused("voucher_cannot_be_published", **body)
    assert engine.post(P, body, join_once=True)["id"] == first["id"]


@pytest.fixture
def publication(engine: Engine) -> Any:
    customer = {"source_id": fresh("whole"), "name": "Whole", "email": "w@example.com", "metadata": {"a": 1}}
    body: dict[str, Any] = {"campaign": engine.campaign(2), "customer": customer, "channel": "c", "metadata": {"m": 1}}
    return engine.publish(**body, source_id=fresh("source"))


@pytest.mark.row("A049", "A050", "A051")
def test_id_object_and_time(engine: Engine, publication: dict[str, Any]) -> None:
    assert re.fullmatch("pub_[A-Za-z0-9]{32}", publication["id"])
    assert publication["object"] == "publication"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", publication["created_at"])
    age = datetime.now(UTC) - datetime.fromisoformat(publication["created_at"])
    assert abs(age.total_seconds()) < 60
    other = engine.publish(voucher=engine.voucher(), customer=publication["customer_id"])
    assert other["id"] != publication["id"]


@pytest.mark.row("A052", "A058")
def test_the_customer_object(publication: dict[str, Any]) -> None:
    customer = publication["customer"]
    assert customer["id"] == publication["customer_id"]
    assert (customer["name"], customer["email"], customer["metadata"]) == ("Whole", "w@example.com", {"a": 1})
    assert (customer["source_id"], customer["object"]) == (publication["tracking_id"], "customer")


@pytest.mark.row("A059", "A060", "A056")
def test_the_voucher_and_its_id(engine: Engine, publication: dict[str, Any]) -> None:
    assert publication["vouchers_id"] == [publication["voucher"]["id"]]
    shown = engine.get(f"/v1/vouchers/{publication['voucher']['code']}")
    assert shown.keys() >= publication["voucher"].keys() - {"validation_rules_assignments"}
    assert engine.publish(voucher=engine.voucher(), customer=publication["customer_id"])["source_id"] is None


@pytest.mark.row("A063")
def test_what_answers_held_in_2018_is_still_there(engine: Engine) -> None:
    voucher = engine.publish(voucher=engine.voucher(), customer=engine.customer())["voucher"]
    empty = ("campaign", "category", "gift", "start_date", "expiration_date", "validity_timeframe", "additional_info")
    assert {name: voucher[name] for name in empty} == dict.fromkeys(empty)
    assert voucher.keys() >= {"code", "type", "discount", "publish", "redemption", "active", "metadata", "updated_at"}
