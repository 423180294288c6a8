"""Campaigns in the words of marketers: what they are, what a code is worth, what state they are in."""

from datetime import datetime
from typing import Any, Final

from largesse.dashboard import words
from largesse.dashboard.charts import Part
from largesse.dashboard.formats import money, number, plural
from largesse.domain.campaigns import (
    AUTO_UPDATE,
    GENERATION_DONE,
    GENERATION_FAILED,
    GENERATION_IN_PROGRESS,
    LOYALTY_PROGRAM,
    REFERRAL_PROGRAM,
    Campaign,
)
from largesse.store.counters import Pool

TYPES: Final = {
    "DISCOUNT_COUPONS": ("Discount coupons", "a part of the price, an amount, a fixed price, or something for free"),
    "GIFT_VOUCHERS": ("Gift vouchers", "credits that customers spend"),
    LOYALTY_PROGRAM: ("Loyalty cards", "points that customers collect; each customer has one card"),
    REFERRAL_PROGRAM: ("Referral programme", "codes that customers hand to their friends"),
}
GENERATION: Final = {
    GENERATION_DONE: "Codes are there",
    GENERATION_IN_PROGRESS: "Codes are being made",
    GENERATION_FAILED: "Codes couldn't all be made",
}
SHIPPING: Final = "prod_5h1pp1ng"
"""The contract's name of the product that is the delivery."""
EFFECTS: Final = {
    "APPLY_TO_ORDER": "the whole order",
    "APPLY_TO_ITEMS": "each item",
    "ADD_MISSING_ITEMS": "added to the order if it isn't in it",
    "ADD_NEW_ITEMS": "added to the order in any case",
}


def type_name(campaign_type: str) -> str:
    return TYPES.get(campaign_type, (campaign_type.replace("_", " ").capitalize(), ""))[0]


def worth(voucher: dict[str, Any]) -> str:
    """Of one code, by the campaign's definition."""
    if voucher.get("gift"):
        return f"{money(voucher['gift']['amount'])} in credits"
    if voucher.get("loyalty_card"):
        return f"{plural(voucher['loyalty_card']['points'], 'point')} to begin with"
    discount = voucher.get("discount") or {}
    said = "free delivery" if discount.get("unit_type") == SHIPPING else words.discount(discount)
    effect = EFFECTS.get(discount.get("effect", ""))
    return said if effect is None or discount.get("unit_type") == SHIPPING else f"{said}, {effect}"


def uses(voucher: dict[str, Any]) -> str:
    quantity = (voucher.get("redemption") or {}).get("quantity")
    return "any number of times" if quantity is None else "once" if quantity == 1 else plural(quantity, "time")


def badges(campaign: Campaign, now: datetime) -> list[tuple[str, str]]:
    """What a header says besides the name: a word and its kind."""
    said = [(type_name(campaign.campaign_type), "")]
    said.append(("active", "good") if campaign.active else ("disabled", "bad"))
    if campaign.start_date is not None and campaign.start_date > now:
        said.append(("not begun yet", "warn"))
    if campaign.expiration_date is not None and campaign.expiration_date <= now:
        said.append(("over", "bad"))
    if campaign.type == AUTO_UPDATE:
        said.append(("makes codes as needed", "info"))
    if campaign.join_once:
        said.append(("one code a customer", "info"))
    if campaign.generation_status == GENERATION_IN_PROGRESS:
        said.append(("codes are being made", "info"))
    if campaign.generation_status == GENERATION_FAILED:
        said.append(("codes couldn't all be made", "bad"))
    return said


def parts(pool: Pool) -> list[Part]:
    """The bar of a pool, from what can go out to what can't."""
    return [
        Part("free", "free", pool.free),
        Part("held", "held for a message under way", pool.held),
        Part("published", "published", pool.published),
        Part("disabled", "disabled", pool.disabled),
        Part("withdrawn", "withdrawn", pool.withdrawn),
    ]


def after_publishing(duration: str | None) -> str:
    """`P30D` in words."""
    if duration is None:
        return "no limit of its own"
    days = duration.removeprefix("P").removesuffix("D")
    return plural(int(days), "day") if days.isdigit() else duration


def share(pool: Pool) -> str:
    """What the bar says to who can't see it."""
    return f"{number(pool.free)} free, {number(pool.published)} published, of {number(pool.vouchers)}"
