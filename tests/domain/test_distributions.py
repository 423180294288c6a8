from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from largesse.domain import distributions
from largesse.domain.distributions import (
    BALANCE_TRIGGERS,
    BUILT_TRIGGERS,
    CHANNELS,
    CODE_REASONS,
    CODE_TRIGGERS,
    CSV,
    EDITABLE,
    EMAIL,
    MESSAGE,
    NOTIFY,
    OF_CAMPAIGNS,
    PUBLISH,
    SEGMENT_TRIGGERS,
    SMS,
    STATUSES,
    SUPPRESSIBLE,
    TRIGGERS,
    WEBHOOK,
    Distribution,
    Person,
    check_verb,
    obstacles,
    state_of,
)
from largesse.domain.errors import InvalidDistribution
from largesse.events.catalogue import EventType

WILLING = Person(joined=False, has_email=True, has_phone=True, no_email=False, no_sms=False)


def person(**changes: bool) -> Person:
    facts = {name: getattr(WILLING, name) for name in Person.__struct_fields__}
    return Person(**(facts | changes))


def distribution(**changes: Any) -> Distribution:
    facts: dict[str, Any] = {"id": "dst_1", "name": "d", "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
    return Distribution(**facts | changes)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, {EMAIL: None, SMS: None, WEBHOOK: None, CSV: None}),
        ({"has_email": False}, {EMAIL: "no_email", SMS: None, WEBHOOK: None, CSV: None}),
        ({"has_phone": False}, {EMAIL: None, SMS: "no_phone", WEBHOOK: None, CSV: None}),
        ({"no_email": True}, {EMAIL: "suppressed", SMS: None, WEBHOOK: None, CSV: None}),
        ({"no_sms": True}, {EMAIL: None, SMS: "suppressed", WEBHOOK: None, CSV: None}),
        ({"no_webhook": True}, {EMAIL: None, SMS: None, WEBHOOK: "suppressed", CSV: None}),
        ({"joined": True}, dict.fromkeys(CHANNELS, "already_joined")),
    ],
)
def test_each_channel_has_its_own_obstacle(facts: dict[str, bool], expected: dict[str, str | None]) -> None:
    assert obstacles(person(**facts), list(CHANNELS)) == expected


def test_for_every_person_the_strongest_obstacle_is_named() -> None:
    """Who has joined gets nothing at all, and a will counts before a missing address."""
    names = Person.__struct_fields__
    for values in product([False, True], repeat=len(names)):
        facts = dict(zip(names, values, strict=True))
        found = obstacles(Person(**facts), list(CHANNELS))
        for channel, unwanted in ((EMAIL, "no_email"), (SMS, "no_sms"), (WEBHOOK, "no_webhook")):
            addressed = {EMAIL: facts["has_email"], SMS: facts["has_phone"]}.get(channel, True)
            if facts["joined"]:
                assert found[channel] == "already_joined"
            elif facts[unwanted]:
                assert found[channel] == "suppressed"
            else:
                assert (found[channel] is None) == addressed
        assert found[CSV] == ("already_joined" if facts["joined"] else None)


def test_only_the_channels_asked_for_are_answered() -> None:
    assert obstacles(WILLING, [SMS]) == {SMS: None}
    assert obstacles(person(joined=True), []) == {}


@pytest.mark.parametrize(
    ("obstacle", "state"),
    [
        (None, "pending"),
        ("already_joined", "skipped"),
        ("suppressed", "skipped"),
        ("customer_gone", "skipped"),
        ("no_email", "failed"),
        ("no_phone", "failed"),
        ("no_code", "failed"),
        *((reason, "failed") for reason in sorted(CODE_REASONS)),
    ],
)
def test_a_message_that_is_not_meant_to_go_is_skipped_and_one_that_cannot_go_has_failed(
    obstacle: str | None, state: str
) -> None:
    assert state_of(obstacle) == state


@pytest.mark.parametrize("status", STATUSES)
def test_a_verb_is_refused_in_every_status_that_does_not_allow_it(status: str) -> None:
    if status in EDITABLE:
        check_verb(distribution(status=status), "changed", EDITABLE)
        return
    with pytest.raises(InvalidDistribution, match=f"dst_1 cannot be changed: its status is {status}$") as raised:
        check_verb(distribution(status=status), "changed", EDITABLE)
    assert (raised.value.resource_type, raised.value.resource_id) == ("distribution", "dst_1")


def test_what_is_under_way_or_over_cannot_be_edited() -> None:
    assert set(STATUSES) - EDITABLE == {"IN_PROGRESS", "LIVE", "DONE", "FAILED"}


@pytest.mark.parametrize(("type", "publishes"), [(PUBLISH, True), (MESSAGE, False), (NOTIFY, False)])
def test_only_one_action_publishes_codes(type: str, publishes: bool) -> None:
    assert distribution(action={"type": type}).publishes is publishes


def test_a_distribution_without_a_trigger_is_manual() -> None:
    manual, automatic = distribution(), distribution(trigger={"type": "customer.created"})
    assert (manual.is_manual, manual.publication_channel) == (True, "Dashboard")
    assert (automatic.is_manual, automatic.publication_channel) == (False, "Automation")
    assert (manual.segment_id, manual.includes_inside, manual.publishes) == (None, False, False)


@pytest.mark.parametrize(("said", "included"), [({}, False), ({"include_inside": None}, False),
                                                ({"include_inside": False}, False), ({"include_inside": True}, True)])  # fmt: skip
def test_those_who_are_inside_already_are_included_only_when_that_is_said(said: dict[str, Any], included: bool) -> None:
    about = distribution(trigger={"type": "customer.segment.entered", "segment_id": "seg_1"} | said)
    assert (about.segment_id, about.includes_inside) == ("seg_1", included)


def test_a_channel_is_found_by_its_type() -> None:
    sms = {"type": SMS, "text": "t"}
    two = distribution(channels=[{"type": EMAIL}, sms])
    assert two.channel(SMS) is sms
    assert two.channel(WEBHOOK) is None


def test_a_publication_says_which_distribution_made_it() -> None:
    assert distribution().metadata == {"distribution_id": "dst_1", "source_type": "distribution", "source_id": "dst_1"}


def test_every_built_trigger_is_a_trigger_and_an_event_of_the_log() -> None:
    assert set(BUILT_TRIGGERS) <= TRIGGERS
    assert set(BUILT_TRIGGERS.values()) <= set(EventType)
    assert len(set(BUILT_TRIGGERS.values())) == len(BUILT_TRIGGERS)


def test_groups_of_triggers_are_triggers() -> None:
    assert CODE_TRIGGERS | {*OF_CAMPAIGNS, *BALANCE_TRIGGERS, *SEGMENT_TRIGGERS} <= TRIGGERS
    assert not CODE_TRIGGERS & {*OF_CAMPAIGNS}  # a code for a code would never end


def test_a_message_in_a_file_carries_no_link_to_unsubscribe() -> None:
    assert set(CHANNELS) - set(SUPPRESSIBLE) == {CSV}
    assert distributions.NO_CODE not in CODE_REASONS
