"""Vouchers as JSON. Rendered for every published code: straight lines."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from largesse.domain.codes import CodeConfig, code_config
from largesse.domain.errors import NotBuilt
from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD, Voucher, VoucherTemplate, infer_type
from largesse.wire.assets import AssetUrls
from largesse.wire.categories import CategoryName
from largesse.wire.dates import DateTime, render
from largesse.wire.discounts import Amount, DiscountInput, as_stored
from largesse.wire.metadata import Metadata
from largesse.wire.names import Ref
from largesse.wire.validation_rules import render_assignments

QUANTITY_MAX: Final = 2**31 - 1
ADDITIONAL_INFO_LENGTH_MAX: Final = 10_000

Quantity = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]
Info = Annotated[str, msgspec.Meta(max_length=ADDITIONAL_INFO_LENGTH_MAX)]
VoucherType = Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD"]


class GiftInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    amount: Amount = 0
    effect: Literal["APPLY_TO_ORDER", "APPLY_TO_ITEMS"] | None = None


class LoyaltyCardInput(msgspec.Struct, frozen=True, kw_only=True):
    points: Amount = 0


class RedemptionInput(msgspec.Struct, frozen=True, kw_only=True):
    quantity: Quantity | None = None


class CodeConfigInput(msgspec.Struct, frozen=True, kw_only=True):
    length: int | None = None
    charset: str | None = None
    pattern: str | None = None
    prefix: str | None = None
    postfix: str | None = None

    def checked(self) -> CodeConfig:
        """Raises InvalidCodeConfig."""
        return code_config(
            length=self.length, charset=self.charset, pattern=self.pattern, prefix=self.prefix, postfix=self.postfix
        )


class TimeframeInput(msgspec.Struct, frozen=True, kw_only=True):
    interval: str
    duration: str


class WindowInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    days_of_week: Annotated[list[int], msgspec.Meta(max_length=7)] | None = None
    start_time: str | None = None
    expiration_time: str | None = None


class HoursInput(msgspec.Struct, frozen=True, kw_only=True):
    daily: list[WindowInput] = []


Days = Annotated[list[int], msgspec.Meta(max_length=7)]


class VoucherInput(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher to be made. Null is as good as absent."""

    code: str | None = None
    code_config: CodeConfigInput | None = None
    campaign: Ref | None = None
    campaign_id: Ref | None = None
    type: VoucherType | None = None
    discount: DiscountInput | None = None
    gift: GiftInput | None = None
    loyalty_card: LoyaltyCardInput | None = None
    redemption: RedemptionInput | None = None
    category: CategoryName | None = None
    category_id: Ref | None = None
    start_date: DateTime | None = None
    expiration_date: DateTime | None = None
    validity_timeframe: TimeframeInput | None = None
    validity_day_of_week: Days | None = None
    validity_hours: HoursInput | None = None
    active: bool | None = None
    additional_info: Info | None = None
    metadata: Metadata | None = None
    validation_rules: list[str] | None = None

    def template(self) -> VoucherTemplate:
        """What it says about the voucher, its category apart. Raises InvalidVoucher."""
        discount = None if self.discount is None else as_stored(self.discount)
        type_ = infer_type(self.type, discount, self.gift, self.loyalty_card)
        return VoucherTemplate(
            type=type_,
            active=self.active is not False,
            redemption_quantity=self.redemption.quantity if self.redemption else None,
            amount=amount_of(self.gift, self.loyalty_card),
            discount=discount,
            gift_effect=self.gift.effect if self.gift else None,
            start_date=self.start_date,
            expiration_date=self.expiration_date,
            validity_timeframe=plain(self.validity_timeframe),
            validity_day_of_week=self.validity_day_of_week,
            validity_hours=plain(self.validity_hours),
            additional_info=self.additional_info,
            metadata=self.metadata or {},
        )


class VoucherChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What may change of a voucher; everything else in a body is ignored. Null clears."""

    category: CategoryName | UnsetType | None = UNSET
    category_id: Ref | UnsetType | None = UNSET
    start_date: DateTime | UnsetType | None = UNSET
    expiration_date: DateTime | UnsetType | None = UNSET
    validity_timeframe: TimeframeInput | UnsetType | None = UNSET
    validity_day_of_week: Days | UnsetType | None = UNSET
    validity_hours: HoursInput | UnsetType | None = UNSET
    active: bool | UnsetType | None = UNSET
    additional_info: Info | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    discount: DiscountInput | UnsetType | None = UNSET


NULLABLE: Final = ("category", "category_id", "start_date", "expiration_date", "active", "additional_info", "metadata")
"""Of the changes: those that the Python client's `from_dict` always sends."""


def amount_of(gift: GiftInput | None, loyalty_card: LoyaltyCardInput | None) -> int:
    """Credits in hundredths, or points."""
    if gift is not None:
        return gift.amount
    return 0 if loyalty_card is None else loyalty_card.points


def plain(value: msgspec.Struct | None) -> dict[str, Any] | None:
    """As it goes into jsonb and comes back in answers."""
    return None if value is None else dict(msgspec.to_builtins(value))


def refuse_rules(validation_rules: list[str] | None) -> None:
    """Raises NotBuilt: a voucher that ignored the rules it was given would be worse than none."""
    if validation_rules:
        raise NotBuilt("Property .validation_rules is not supported yet")


def render_voucher(
    voucher: Voucher, assets: AssetUrls, *, with_entries: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The whole voucher; what doesn't apply is null, not missing.

    `with_entries`: its publications, newest first, as the single GET shows them.
    """
    path = "/v1/vouchers/" + (voucher.code if voucher.code.isalnum() and voucher.code.isascii() else _quoted(voucher))
    publish: dict[str, Any] = {
        "object": "list",
        "count": voucher.publish_count,
        "url": path + "/publications?page=1&limit=10",
    }
    if with_entries is not None:
        publish |= {"data_ref": "entries", "entries": with_entries, "total": voucher.publish_count}
    start, end, changed = voucher.start_date, voucher.expiration_date, voucher.updated_at
    return {
        "id": voucher.id,
        "code": voucher.code,
        "campaign": voucher.campaign_name,
        "campaign_id": voucher.campaign_id,
        "category": voucher.category_name,
        "category_id": voucher.category_id,
        "categories": _categories(voucher) if voucher.category_id is not None else [],
        "type": voucher.type,
        "discount": voucher.discount,
        "gift": _gift(voucher) if voucher.type == GIFT_VOUCHER else None,
        "loyalty_card": _loyalty_card(voucher) if voucher.type == LOYALTY_CARD else None,
        "start_date": None if start is None else render(start),
        "expiration_date": None if end is None else render(end),
        "validity_timeframe": voucher.validity_timeframe,
        "validity_day_of_week": voucher.validity_day_of_week,
        "validity_hours": voucher.validity_hours,
        "active": voucher.active,
        "additional_info": voucher.additional_info,
        "metadata": voucher.metadata,
        "assets": assets(voucher.id),
        "is_referral_code": voucher.is_referral_code,
        "created_at": render(voucher.created_at),
        "updated_at": None if changed is None else render(changed),
        "holder_id": voucher.holder_id,
        "redemption": _redemption(voucher, path),
        "publish": publish,
        "object": "voucher",
        "validation_rules_assignments": render_assignments(voucher.rules),
    }


def render_voucher_simplified(voucher: Voucher) -> dict[str, Any]:
    """The form inside a list of publications; amounts are what they are now."""
    out: dict[str, Any] = {"code": voucher.code, "object": "voucher", "campaign": voucher.campaign_name}
    if voucher.type == GIFT_VOUCHER:
        out["gift"] = {"amount": voucher.amount, "balance": voucher.balance}
    elif voucher.type == LOYALTY_CARD:
        out["loyalty_card"] = {"points": voucher.amount, "balance": voucher.balance}
    else:
        out["discount"] = voucher.discount
    out["is_referral_code"] = voucher.is_referral_code
    return out


def render_entry(row: dict[str, Any]) -> dict[str, Any]:
    """One publication inside a voucher: `customer` is the customer's own source id."""
    return {
        "customer_id": row["customer_id"],
        "customer": row["tracking_id"],
        "channel": row["channel"],
        "published_at": render(row["created_at"]),
        "metadata": row["metadata"],
        "object": "publication",
    }


def _quoted(voucher: Voucher) -> str:
    return quote(voucher.code, safe="")


def _categories(voucher: Voucher) -> list[dict[str, Any]]:
    category: dict[str, Any] = {
        "id": voucher.category_id,
        "name": voucher.category_name,
        "hierarchy": voucher.category_hierarchy,
    }
    if voucher.category_created_at is not None:
        category["created_at"] = render(voucher.category_created_at)
    if voucher.category_updated_at is not None:
        category["updated_at"] = render(voucher.category_updated_at)
    category["object"] = "category"
    return [category]


def _gift(voucher: Voucher) -> dict[str, Any]:
    return {
        "amount": voucher.amount,
        "subtracted_amount": voucher.subtracted,
        "balance": voucher.balance,
        "effect": voucher.gift_effect or "APPLY_TO_ORDER",
    }


def _loyalty_card(voucher: Voucher) -> dict[str, Any]:
    return {
        "points": voucher.amount,
        "balance": voucher.balance,
        "next_expiration_date": None,
        "next_expiration_points": 0,
        "pending_points": voucher.pending,
        "expired_points": voucher.expired,
        "subtracted_points": voucher.subtracted,
    }


def _redemption(voucher: Voucher, path: str) -> dict[str, Any]:
    out: dict[str, Any] = {"quantity": voucher.redemption_quantity, "redeemed_quantity": voucher.redeemed_quantity}
    if voucher.type == GIFT_VOUCHER:
        out["redeemed_amount"] = voucher.redeemed
    elif voucher.type == LOYALTY_CARD:
        out["redeemed_points"] = voucher.redeemed
    out["object"] = "list"
    out["url"] = path + "/redemptions?page=1&limit=10"
    return out
