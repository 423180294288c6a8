"""Campaigns as JSON."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from largesse.domain.campaigns import REFERRAL_PROGRAM, Campaign
from largesse.domain.codes import code_config
from largesse.wire.categories import CategoryName
from largesse.wire.dates import DateTime, render
from largesse.wire.discounts import DiscountInput, as_stored
from largesse.wire.metadata import Metadata
from largesse.wire.names import Ref
from largesse.wire.referrals import ReferralProgramInput
from largesse.wire.validation_rules import render_assignments
from largesse.wire.vouchers import (
    CodeConfigInput,
    Days,
    GiftInput,
    HoursInput,
    LoyaltyCardInput,
    RedemptionInput,
    TimeframeInput,
    VoucherType,
)

NAME_LENGTH_MAX: Final = 255
DESCRIPTION_LENGTH_MAX: Final = 10_000
COUNT_MAX: Final = 2**31 - 1

CampaignName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
Description = Annotated[str, msgspec.Meta(max_length=DESCRIPTION_LENGTH_MAX)]
CampaignType = Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS", "REFERRAL_PROGRAM", "LOYALTY_PROGRAM", "PROMOTION"]
Kind = Literal["STATIC", "AUTO_UPDATE", "STANDALONE"]


class CampaignVoucherInput(msgspec.Struct, frozen=True, kw_only=True):
    type: VoucherType | None = None
    discount: DiscountInput | None = None
    gift: GiftInput | None = None
    loyalty_card: LoyaltyCardInput | None = None
    redemption: RedemptionInput | None = None
    code_config: CodeConfigInput | None = None


class CampaignInput(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign to be made. Null is as good as absent."""

    name: CampaignName
    description: Description | None = None
    campaign_type: CampaignType | None = None
    type: Kind | None = None
    voucher: CampaignVoucherInput | None = None
    referral_program: ReferralProgramInput | None = None
    join_once: bool | None = None
    auto_join: bool | None = None
    use_voucher_metadata_schema: bool | None = None
    vouchers_count: Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)] | None = None
    active: bool | None = None
    category: CategoryName | None = None
    category_id: Ref | None = None
    start_date: DateTime | None = None
    expiration_date: DateTime | None = None
    validity_timeframe: TimeframeInput | None = None
    validity_day_of_week: Days | None = None
    validity_hours: HoursInput | None = None
    activity_duration_after_publishing: str | None = None
    metadata: Metadata | None = None
    validation_rules: list[str] | None = None


class CampaignChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What may change of a campaign; everything else in a body is ignored. Null clears."""

    description: Description | UnsetType | None = UNSET
    type: Kind | UnsetType | None = UNSET
    voucher: CampaignVoucherInput | UnsetType | None = UNSET
    referral_program: ReferralProgramInput | UnsetType | None = UNSET
    join_once: bool | UnsetType | None = UNSET
    auto_join: bool | UnsetType | None = UNSET
    category: CategoryName | UnsetType | None = UNSET
    category_id: Ref | UnsetType | None = UNSET
    start_date: DateTime | UnsetType | None = UNSET
    expiration_date: DateTime | UnsetType | None = UNSET
    validity_timeframe: TimeframeInput | UnsetType | None = UNSET
    validity_day_of_week: Days | UnsetType | None = UNSET
    validity_hours: HoursInput | UnsetType | None = UNSET
    activity_duration_after_publishing: str | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    unset_metadata_fields: list[str] | None = None


NULLABLE: Final = (
    "start_date", "expiration_date", "description", "category", "metadata", "category_id",
    "activity_duration_after_publishing", "join_once", "auto_join", "type",
)  # fmt: skip
"""Of the changes: those that the Python client's `from_dict` always sends."""


def definition(voucher: CampaignVoucherInput, voucher_type: str, campaign_type: str) -> dict[str, Any]:
    """What a campaign stores about its vouchers: see domain.campaigns.Campaign. Raises InvalidCodeConfig."""
    out: dict[str, Any] = {"type": voucher_type}
    if voucher.discount is not None:
        out["discount"] = as_stored(voucher.discount)
    if voucher.gift is not None:
        out["gift"] = {"amount": voucher.gift.amount}
        if voucher.gift.effect is not None:
            out["gift"]["effect"] = voucher.gift.effect
    if voucher.loyalty_card is not None:
        out["loyalty_card"] = {"points": voucher.loyalty_card.points}
    out["redemption"] = {"quantity": voucher.redemption.quantity if voucher.redemption else None}
    config = voucher.code_config.checked() if voucher.code_config else code_config()
    out["code_config"] = config.as_sent()
    out["is_referral_code"] = campaign_type == REFERRAL_PROGRAM
    return out


def render_campaign(campaign: Campaign, *, with_categories: bool = True) -> dict[str, Any]:
    """`with_categories`: lists show the category objects on request only. Metadata are there if there are any."""
    validity = _validity(campaign)
    out: dict[str, Any] = {
        "id": campaign.id,
        "name": campaign.name,
        "description": campaign.description,
        "campaign_type": campaign.campaign_type,
        "type": campaign.type,
        "voucher": campaign.voucher | validity,
        "auto_join": campaign.auto_join,
        "join_once": campaign.join_once,
        "use_voucher_metadata_schema": campaign.use_voucher_metadata_schema,
        **validity,
        "activity_duration_after_publishing": campaign.activity_duration_after_publishing,
        "vouchers_count": campaign.vouchers_count,
        "active": campaign.active,
        **({"metadata": campaign.metadata} if campaign.metadata else {}),
        "created_at": render(campaign.created_at),
        "updated_at": None if campaign.updated_at is None else render(campaign.updated_at),
        "category": campaign.category_name,
        "creation_status": campaign.generation_status,
        "vouchers_generation_status": campaign.generation_status,
        "protected": False,
        "category_id": campaign.category_id,
        "categories": _categories(campaign) if with_categories and campaign.category_name is not None else [],
        "validation_rules_assignments": render_assignments(campaign.rules),
        "object": "campaign",
    }
    if campaign.referral_program is not None:
        out["referral_program"] = campaign.referral_program
    return out


def _validity(campaign: Campaign) -> dict[str, Any]:
    start, end = campaign.start_date, campaign.expiration_date
    out: dict[str, Any] = {
        "start_date": None if start is None else render(start),
        "expiration_date": None if end is None else render(end),
    }
    for name in ("validity_timeframe", "validity_day_of_week", "validity_hours"):
        if (value := getattr(campaign, name)) is not None:
            out[name] = value
    return out


def _categories(campaign: Campaign) -> list[dict[str, Any]]:
    category: dict[str, Any] = {
        "id": campaign.category_id,
        "name": campaign.category_name,
        "hierarchy": campaign.category_hierarchy,
    }
    if campaign.category_created_at is not None:
        category["created_at"] = render(campaign.category_created_at)
    if campaign.category_updated_at is not None:
        category["updated_at"] = render(campaign.category_updated_at)
    category["object"] = "category"
    return [category]
