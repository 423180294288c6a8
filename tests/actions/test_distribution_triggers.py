"""Which facts trigger a distribution, and about whom."""

from datetime import timedelta
from typing import Any

import pytest

from largesse.actions.distribution_triggers import _about, _facts
from largesse.domain.distributions import BUILT_TRIGGERS, Distribution
from largesse.store.events import Cursor, Event
from tests.domain.moments import NOON, TICK

FACTS: dict[str, dict[str, Any]] = {
    "customer.publication.succeeded": {"publication": {"customer_id": "cust_1", "campaign_id": "camp_1"}},
    "customer.created": {"customer": {"id": "cust_1"}},
    "customer.custom_event": {"event": {"type": "signed_up", "metadata": {"a": 1}}},
    "customer.segment.entered": {"segment": {"id": "seg_1", "name": "s"}},
    "customer.segment.left": {"segment": {"id": "seg_1", "name": "s"}},
    "customer.gift.balance_adjusted": {
        "voucher": {"holder_id": "cust_1", "campaign_id": "camp_1", "code": "A", "type": "GIFT_VOUCHER",
                    "expiration_date": None, "id": "v_1"},
        "transaction": {"amount": 1, "total": 2, "balance": 3, "source": "API"},
    },
    "customer.referred": {"campaign": {"id": "camp_1", "name": "c", "metadata": {}}},
}  # fmt: skip
FACTS["customer.loyalty.balance_adjusted"] = FACTS["customer.gift.balance_adjusted"]
OF_CUSTOMERS = {
    "customer.created",
    "customer.custom_event",
    "customer.segment.entered",
    "customer.segment.left",
    "customer.referred",
}


def event(trigger: str, **changes: Any) -> Event:
    entity = "cust_1" if trigger in OF_CUSTOMERS else "other_1"
    data = FACTS[trigger] | changes
    return Event(Cursor(10, 5), "ev_1", BUILT_TRIGGERS[trigger], entity, data, None, None, NOON)


def distribution(trigger: str, *, since: Any = None, set_live_at: Any = NOON, **more: Any) -> Distribution:
    segment = {"segment_id": "seg_1"} if "segment" in trigger else {}
    return Distribution(
        id="dst_1", name="d", created_at=NOON, trigger={"event": trigger} | segment | more,
        live_since=since or (None if set_live_at else {"xid": "9", "seq": 0}), set_live_at=set_live_at,
    )  # fmt: skip


@pytest.mark.parametrize("trigger", list(BUILT_TRIGGERS))
def test_every_built_trigger_is_about_the_customer_of_its_fact(trigger: str) -> None:
    assert _about(distribution(trigger), event(trigger)) == "cust_1"


@pytest.mark.parametrize("trigger", list(BUILT_TRIGGERS))
def test_no_other_fact_triggers_it(trigger: str) -> None:
    for other in set(BUILT_TRIGGERS) - {trigger}:
        assert _about(distribution(trigger), event(other)) is None


def test_a_manual_one_is_triggered_by_nothing() -> None:
    manual = Distribution(id="dst_1", name="d", created_at=NOON, set_live_at=NOON)
    assert _about(manual, event("customer.created")) is None


@pytest.mark.parametrize("trigger", ["customer.publication.succeeded", "customer.gift.balance_adjusted",
                                     "customer.loyalty.balance_adjusted", "customer.referred"])  # fmt: skip
@pytest.mark.parametrize(("campaign_id", "about"), [("camp_1", "cust_1"), ("camp_2", None), (None, "cust_1")])
def test_a_trigger_of_one_campaign_is_about_that_one(trigger: str, campaign_id: str | None, about: str | None) -> None:
    assert _about(distribution(trigger, campaign_id=campaign_id), event(trigger)) == about


@pytest.mark.parametrize(("segment_id", "about"), [("seg_1", "cust_1"), ("seg_2", None)])
def test_a_trigger_of_a_segment_is_about_that_one(segment_id: str, about: str | None) -> None:
    trigger = "customer.segment.entered"
    assert _about(distribution(trigger, segment_id=segment_id), event(trigger)) == about


@pytest.mark.parametrize(("name", "about"), [("signed_up", "cust_1"), ("Signed_up", None), (None, "cust_1")])
def test_a_custom_event_goes_by_its_name(name: str | None, about: str | None) -> None:
    trigger = "customer.custom_event"
    assert _about(distribution(trigger, custom_event=name), event(trigger)) == about


def test_a_card_that_nobody_holds_is_about_nobody() -> None:
    trigger = "customer.gift.balance_adjusted"
    nobodys = {"voucher": FACTS[trigger]["voucher"] | {"holder_id": None}}
    assert _about(distribution(trigger), event(trigger, **nobodys)) is None


@pytest.mark.parametrize(
    ("since", "triggers"),
    [
        ({"xid": "9", "seq": 99}, True),
        ({"xid": "10", "seq": 4}, True),
        ({"xid": "10", "seq": 5}, False),
        ({"xid": "10", "seq": 6}, False),
        ({"xid": "11", "seq": 0}, False),  # 9 < 10 < 11 as numbers, not as texts
    ],
)
def test_what_comes_later_in_the_log_than_its_start_triggers_it(since: dict[str, Any], triggers: bool) -> None:
    one = distribution("customer.created", since=since)
    assert (_about(one, event("customer.created")) is not None) is triggers


@pytest.mark.parametrize(
    ("set_live_at", "triggers"), [(NOON, True), (NOON + TICK, False), (NOON - timedelta(days=1), True)]
)
def test_one_set_live_by_a_former_version_goes_by_the_clock(set_live_at: Any, triggers: bool) -> None:
    one = distribution("customer.created", set_live_at=set_live_at)
    assert (_about(one, event("customer.created")) is not None) is triggers


def test_one_that_was_never_set_live_is_triggered_by_nothing() -> None:
    one = Distribution(id="dst_1", name="d", created_at=NOON, trigger={"event": "customer.created"})
    assert _about(one, event("customer.created")) is None


@pytest.mark.parametrize(
    ("trigger", "changes", "names"),
    [
        ("customer.created", {}, None),
        ("customer.publication.succeeded", {}, None),
        ("customer.custom_event", {}, {"event"}),
        ("customer.segment.entered", {}, {"segment"}),
        ("customer.segment.left", {}, {"segment"}),
        ("customer.gift.balance_adjusted", {}, {"balance", "voucher"}),
        ("customer.loyalty.balance_adjusted", {"campaign": {"id": "camp_1", "name": "c", "metadata": {}, "x": 1}},
         {"balance", "voucher", "campaign"}),
    ],
)  # fmt: skip
def test_what_a_text_may_name_besides_the_customer(
    trigger: str, changes: dict[str, Any], names: set[str] | None
) -> None:
    found = _facts(event(trigger, **changes))
    assert (None if found is None else set(found)) == names


def test_of_a_card_and_its_campaign_a_text_may_name_what_is_meant_for_customers() -> None:
    campaign = {"id": "camp_1", "name": "c", "metadata": {}, "voucher": {"secret": 1}}
    found = _facts(event("customer.gift.balance_adjusted", campaign=campaign)) or {}
    assert set(found["voucher"]) == {"code", "type", "expiration_date"}
    assert set(found["campaign"]) == {"id", "name", "metadata"}
    assert found["balance"] == {"amount": 1, "total": 2, "balance": 3}
