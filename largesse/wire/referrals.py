"""Referral programmes and the holders of their codes as JSON."""

from typing import Annotated, Any, Literal

import msgspec

from largesse.domain.campaigns import REFERRAL_PROGRAM, Campaign
from largesse.domain.errors import InvalidPayload
from largesse.domain.redeemables import REFEREE, Redeemable
from largesse.domain.referrals import HOLDERS_MAX, Referee
from largesse.domain.vouchers import Voucher
from largesse.wire.customers import CustomerInput
from largesse.wire.dates import render
from largesse.wire.faults import Faults
from largesse.wire.metadata import Metadata
from largesse.wire.names import Ref

NAME_LENGTH_MAX = 300
"""Of a custom event, as wire/events.py has it."""
AMOUNT_MAX = 2**53
Text = Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX)]


class ProgramEventInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: Text | None = None
    name: Text | None = None


class RewardSourceInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: Text | None = None
    name: Text | None = None
    object: Text | None = None


class RefereeRewardInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    related_object_parent: RewardSourceInput | None = None
    type: Literal["LOYALTY_CARD", "GIFT_VOUCHER"] | None = None
    amount: Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)] | None = None


class ReferralProgramInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a referral comes about, and what the referee gets (hundredths or points)."""

    conversion_event_type: Literal["redemption", "custom_event"] | None = None
    custom_event: ProgramEventInput | None = None
    referee_reward: RefereeRewardInput | None = None


class HoldersInput(msgspec.Struct, frozen=True, kw_only=True):
    """Referees to be, each with an `id` or a `source_id`; what is said of them is written onto them."""

    holders: Annotated[list[CustomerInput], msgspec.Meta(min_length=1, max_length=HOLDERS_MAX)]
    metadata: Metadata | None = None

    def check(self) -> None:
        """Raises InvalidPayload for those who have neither."""
        faults = Faults()
        for place, one in enumerate(self.holders):
            if not one.id and not one.source_id:
                faults.add(((None, "holders"), place), "must have an 'id' or a 'source_id'")
        if faults:
            raise InvalidPayload(str(faults))


class ReferralInput(msgspec.Struct, frozen=True, kw_only=True):
    """With a custom event: the code by which the customer came. `referrer_id` must be its holder, if it is given."""

    code: Ref
    referrer_id: Ref | None = None


def render_referee(referee: Referee, voucher: Voucher, metadata: dict[str, Any]) -> dict[str, Any]:
    """The holder record of a referee who was just added or taken away."""
    return {
        "id": referee.id,
        "created_at": render(referee.created_at),
        "redeemable_id": voucher.id,
        "redeemable_object": "voucher",
        "customer_id": referee.customer_id,
        "holder_role": REFEREE,
        "campaign_id": voucher.campaign_id,
        "campaign_type": REFERRAL_PROGRAM,
        "voucher_type": voucher.type,
        "metadata": metadata,
        "object": "redeemable_holder",
    }


def render_holder(holder: Redeemable) -> dict[str, Any]:
    """The same for a referrer, too; their metadata are the publication's."""
    referee = Referee(holder.id, holder.customer_id, holder.created_at)
    return render_referee(referee, holder.voucher, holder.metadata) | {
        "holder_role": holder.holder_role,
        "campaign_type": holder.campaign_type,
    }


def simple_holder(referee: Referee, campaign: Campaign, voucher: Voucher) -> dict[str, Any]:
    """What events show of a holder record."""
    return {
        "redeemable_id": voucher.id,
        "redeemable_object": "voucher",
        "campaign_id": campaign.id,
        "holder_id": referee.customer_id,
        "created_at": render(referee.created_at),
    }
