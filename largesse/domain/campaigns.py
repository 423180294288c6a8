"""A campaign: a pool of codes with one definition (docs/semantics/campaign.md)."""

from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.codes import CodeConfig, code_config
from largesse.domain.discounts import check_change, check_discount
from largesse.domain.errors import InvalidCampaign, InvalidCampaignParams, InvalidVoucher
from largesse.domain.filters import (
    ANY_METADATA,
    BOOLEAN,
    DATE_TIME,
    METADATA,
    NUMBER,
    SWITCH,
    TEXT,
    Fields,
    Kind,
    field,
    state,
)
from largesse.domain.validation_rules import Assignment
from largesse.domain.validity import check_duration, check_validity
from largesse.domain.vouchers import DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD, VOUCHER_TYPE_FILTER, VoucherTemplate

STATIC: Final = "STATIC"
AUTO_UPDATE: Final = "AUTO_UPDATE"
STANDALONE: Final = "STANDALONE"
REFERRAL_PROGRAM: Final = "REFERRAL_PROGRAM"
LOYALTY_PROGRAM: Final = "LOYALTY_PROGRAM"
_TYPES: Final = {
    DISCOUNT_VOUCHER: ("DISCOUNT_COUPONS", REFERRAL_PROGRAM),
    GIFT_VOUCHER: ("GIFT_VOUCHERS", REFERRAL_PROGRAM),
    LOYALTY_CARD: (LOYALTY_PROGRAM,),
}
"""Campaign types by the type of their vouchers; the first is the one that is meant when none is said."""

GENERATION_DONE: Final = "DONE"
GENERATION_IN_PROGRESS: Final = "IN_PROGRESS"
GENERATION_FAILED: Final = "FAILED"


FILTERS: Final[Fields] = {
    "campaigns": TEXT,
    "campaigns_id": TEXT,
    "categories": TEXT,
    "category_ids": TEXT,
    "campaign_status": TEXT,
    "status": state("$active", "$failed", "$in_progress", "$expired", "before_start"),
    "active": SWITCH,
    "is_referral_code": BOOLEAN,
    "voucher_type": VOUCHER_TYPE_FILTER,
    "type": field(Kind.TEXT, words={"BULK": (AUTO_UPDATE, STATIC)}),
    "created_at": DATE_TIME,
    "created_date": DATE_TIME,
    "updated_at": DATE_TIME,
    "start_date": DATE_TIME,
    "expiration_date": DATE_TIME,
    "validity_timeframe": TEXT,
    "validity_day_of_week": NUMBER,
    METADATA: ANY_METADATA,
}
"""What their list can be filtered by."""


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `campaigns`, with its counters and the name its category has now.

    `voucher` is the definition its vouchers are made from, complete: `type`; `discount` or `gift` (`amount`, perhaps
    `effect`) or `loyalty_card` (`points`); `redemption.quantity`, null for unlimited; `code_config` with length,
    charset and pattern, perhaps prefix and postfix; `is_referral_code`.
    """

    id: str
    name: str
    description: str | None = None
    campaign_type: str
    type: str
    voucher: dict[str, Any]
    referral_program: dict[str, Any] | None = None
    join_once: bool = False
    auto_join: bool = False
    use_voucher_metadata_schema: bool = False
    active: bool = True
    category_id: str | None = None
    category_name: str | None = None
    category_hierarchy: int | None = None
    category_created_at: datetime | None = None
    category_updated_at: datetime | None = None
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    validity_timeframe: dict[str, str] | None = None
    validity_day_of_week: list[int] | None = None
    validity_hours: dict[str, Any] | None = None
    activity_duration_after_publishing: str | None = None
    metadata: dict[str, Any] = {}
    generation_status: str = "DONE"
    vouchers_count: int = 0
    created_at: datetime
    updated_at: datetime | None = None
    rules: list[Assignment] = []  # filled in where they are shown


def campaign_type(asked: str | None, voucher_type: str, discount: dict[str, Any] | None) -> str:
    """The kind of campaign for vouchers of that type. Raises InvalidCampaign when they don't go together."""
    if asked == REFERRAL_PROGRAM and discount is None and voucher_type != GIFT_VOUCHER:
        raise InvalidCampaign("Property 'discount' is required for REFERRAL_PROGRAM campaign")
    if asked is not None and asked not in _TYPES[voucher_type]:
        raise InvalidCampaign(f"Vouchers of type {voucher_type} cannot belong to a {asked} campaign")
    return asked or _TYPES[voucher_type][0]


def joins_once(campaign_type: str, type: str, asked: bool | None) -> bool:
    """A loyalty program is joined once, a standalone code isn't joined at all."""
    if campaign_type == LOYALTY_PROGRAM:
        return True
    return type != STANDALONE and bool(asked)


def check_campaign(campaign: Campaign) -> Campaign:
    """Dates, recurring limits and the discount. Raises InvalidVoucher or InvalidPayload."""
    check_validity(
        start=campaign.start_date,
        end=campaign.expiration_date,
        timeframe=campaign.validity_timeframe,
        days=campaign.validity_day_of_week,
        hours=campaign.validity_hours,
    )
    if campaign.activity_duration_after_publishing is not None:
        check_duration(campaign.activity_duration_after_publishing, ".activity_duration_after_publishing")
    if (discount := campaign.voucher.get("discount")) is not None:
        check_discount(discount)
    return campaign


def template_of(campaign: Campaign) -> VoucherTemplate:
    """What the campaign's new vouchers are like."""
    voucher = campaign.voucher
    gift, card = voucher.get("gift") or {}, voucher.get("loyalty_card") or {}
    return VoucherTemplate(
        type=voucher["type"],
        is_referral_code=campaign.campaign_type == REFERRAL_PROGRAM,
        redemption_quantity=(voucher.get("redemption") or {}).get("quantity"),
        amount=gift.get("amount", 0) + card.get("points", 0),
        campaign_id=campaign.id,
        category_id=campaign.category_id,
        discount=voucher.get("discount"),
        gift_effect=gift.get("effect"),
        start_date=campaign.start_date,
        expiration_date=campaign.expiration_date,
        validity_timeframe=campaign.validity_timeframe,
        validity_day_of_week=campaign.validity_day_of_week,
        validity_hours=campaign.validity_hours,
        metadata=campaign.metadata if campaign.use_voucher_metadata_schema else {},
    )


def code_config_of(campaign: Campaign) -> CodeConfig:
    """How the campaign's codes look."""
    known = campaign.voucher["code_config"]
    return code_config(
        charset=known["charset"],
        pattern=known["pattern"],
        prefix=known.get("prefix"),
        postfix=known.get("postfix"),
    )


def check_room(existing: int, promised: int, wanted: int, maximum: int) -> None:
    """Raises InvalidCampaignParams when a campaign would grow past the project's ceiling.

    `promised`: codes that generations under way still owe.
    """
    if existing + promised + wanted > maximum:
        raise InvalidCampaignParams(
            f"A campaign can have at most {maximum} vouchers: {existing + promised} exist or are being made, "
            f"{wanted} more were asked for"
        )


def redefined(campaign: Campaign, *, discount: dict[str, Any] | None, gift_effect: str | None) -> dict[str, Any]:
    """The campaign's voucher definition with a new discount of the same type, or another effect of its gift.

    The initial amount of a gift never changes. Raises InvalidVoucher.
    """
    voucher = dict(campaign.voucher)
    if discount is not None:
        if voucher["type"] != DISCOUNT_VOUCHER:
            raise InvalidVoucher(f"Vouchers of type {voucher['type']} have no discount")
        voucher["discount"] = check_change(voucher.get("discount"), discount)
    if gift_effect is not None and voucher.get("gift") is not None:
        voucher["gift"] = voucher["gift"] | {"effect": gift_effect}
    return voucher
