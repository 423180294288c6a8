"""Vouchers as JSON (spec publications §7.1 and §11.2). Rendered for every published code: straight lines."""

from typing import Any
from urllib.parse import quote

from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD, Voucher
from largesse.wire.assets import AssetUrls
from largesse.wire.dates import render


def render_voucher(
    voucher: Voucher, assets: AssetUrls, *, with_entries: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The whole voucher; what doesn't apply is null, not missing.

    `with_entries`: its publications, newest first, as the single GET shows them (spec publications §9).
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
        "validation_rules_assignments": {"object": "list", "data_ref": "data", "data": [], "total": 0},
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
        "next_expiration_points": None,
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
