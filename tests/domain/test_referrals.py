from datetime import UTC, datetime
from typing import Any

import pytest

from largesse.domain.campaigns import Campaign
from largesse.domain.errors import InvalidCampaign
from largesse.domain.referrals import changed_program, check_program, converts


def by_event(name: Any) -> dict[str, Any]:
    return {"conversion_event_type": "custom_event", "custom_event": name}


def campaign(program: dict[str, Any] | None) -> Campaign:
    return Campaign(
        id="camp_1", name="c", campaign_type="REFERRAL_PROGRAM", type="AUTO_UPDATE", voucher={},
        referral_program=program, created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    "program",
    [
        None,
        {},
        {"conversion_event_type": "redemption"},
        {"custom_event": {}},
        by_event({"id": "x", "name": "signed_up"}),
    ],
)
def test_a_programme_that_can_convert_is_accepted(program: dict[str, Any] | None) -> None:
    check_program(program)


@pytest.mark.parametrize("event", [None, {}, {"id": "ce_1"}, {"name": None}, {"name": ""}])
def test_a_programme_by_custom_event_needs_the_events_name(event: dict[str, Any] | None) -> None:
    with pytest.raises(InvalidCampaign, match=r"custom_event\.name"):
        check_program(by_event(event))


@pytest.mark.parametrize(
    ("program", "event", "expected"),
    [
        (by_event({"name": "signed_up"}), "signed_up", True),
        (by_event({"name": "signed_up"}), "Signed_up", False),
        (by_event({"name": "signed_up"}), "signed", False),
        (by_event({"name": "signed_up"}), "signed_up_again", False),
        (by_event({}), "signed_up", False),
        (by_event(None), "signed_up", False),
        ({"conversion_event_type": "redemption", "custom_event": {"name": "signed_up"}}, "signed_up", False),
        ({"custom_event": {"name": "signed_up"}}, "signed_up", False),
        (None, "signed_up", False),
    ],
)
def test_only_the_event_of_the_programme_makes_a_referral(
    program: dict[str, Any] | None, event: str, expected: bool
) -> None:
    assert converts(campaign(program), event) is expected


KNOWN = {**by_event({"name": "signed_up"}), "referee_reward": {"related_object_parent": {"id": "camp_2"}}}


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        (None, None, None),
        (None, {"referee_reward": 1}, None),  # a campaign that is no programme doesn't become one
        (KNOWN, None, KNOWN),
        (KNOWN, {}, KNOWN),
        (KNOWN, by_event({"name": "other"}), KNOWN),
        (KNOWN, {"conversion_event_type": "redemption"}, KNOWN),
        (KNOWN, {"referee_reward": {"a": 1}, "conversion_event_type": "x"}, KNOWN | {"referee_reward": {"a": 1}}),
        (KNOWN, {"referee_reward": None}, KNOWN | {"referee_reward": None}),
    ],
)
def test_of_a_programme_the_reward_may_change_and_nothing_else(
    before: dict[str, Any] | None, sent: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    assert changed_program(before, sent) == after
