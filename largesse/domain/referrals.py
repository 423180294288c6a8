"""Referral programmes: who refers whom, and what counts as a referral (docs/semantics/referral.md)."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from largesse.domain.campaigns import Campaign
from largesse.domain.errors import InvalidCampaign
from largesse.domain.filters import DATE_TIME, TEXT, Fields

HOLDERS_MAX: Final = 100
"""Referees in one request."""
SHOWN_MAX: Final = 100
"""Referrals that a customer shows, the latest; all of them are counted."""
BY_CUSTOM_EVENT: Final = "custom_event"
BY_REDEMPTION: Final = "redemption"

FILTERS: Final[Fields] = {"id": TEXT, "created_at": DATE_TIME, "holder_role": TEXT, "customer_id": TEXT}
"""What the holders of a code can be filtered by."""


class Referee(NamedTuple):
    """A row of `referral_holders`."""

    id: str
    customer_id: str
    created_at: datetime


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `referrals`: `referrer_id` brought a customer to a campaign, and that is what he did then."""

    campaign_id: str
    referrer_id: str
    related_object_id: str
    related_object_type: str
    created_at: datetime


class Referrals(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's part in referral programmes: as referee the latest and how many, as referrer how many he brought.

    `referred_by` has the name of each campaign in which he brought somebody, and how many.
    """

    latest: list[Referral] = []
    total: int = 0
    referred: int = 0
    referred_by: dict[str, int] = {}


def check_program(program: dict[str, Any] | None) -> None:
    """Raises InvalidCampaign for a programme that nothing could ever turn into a referral."""
    if program is None or program.get("conversion_event_type") != BY_CUSTOM_EVENT:
        return
    if not (program.get("custom_event") or {}).get("name"):
        raise InvalidCampaign(
            "Property 'referral_program.custom_event.name' is required: custom events go by their names"
        )


def changed_program(before: dict[str, Any] | None, sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """How a referral comes about never changes once codes may be out; the reward may."""
    if before is None or sent is None:
        return before
    reward = {"referee_reward": sent["referee_reward"]} if "referee_reward" in sent else {}
    return before | reward


def converts(campaign: Campaign, event: str) -> bool:
    """Whether this custom event makes a referral of the campaign."""
    program = campaign.referral_program or {}
    named = (program.get("custom_event") or {}).get("name")
    return program.get("conversion_event_type") == BY_CUSTOM_EVENT and named == event
