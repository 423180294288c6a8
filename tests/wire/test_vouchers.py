from datetime import UTC, datetime
from typing import Any

import pytest

from largesse.domain.vouchers import Voucher
from largesse.wire.vouchers import render_voucher, render_voucher_simplified

NOW = datetime(2022, 9, 30, 16, 30, 32, 956_000, tzinfo=UTC)

# What the third seed shows, in its order, without what it leaves out of the contract.
SEED_KEYS = [
    "id", "code", "campaign", "campaign_id", "category", "category_id", "type", "discount", "gift", "loyalty_card",
    "start_date", "expiration_date", "validity_timeframe", "validity_day_of_week", "active", "additional_info",
    "metadata", "assets", "is_referral_code", "created_at", "updated_at", "holder_id", "redemption", "publish",
    "object",
]  # fmt: skip


def voucher(**columns: Any) -> Voucher:
    given: dict[str, Any] = {"id": "v_1", "code": "cEsMn0uA", "type": "DISCOUNT_VOUCHER", "created_at": NOW}
    return Voucher(**given | columns)


def no_assets(voucher_id: str) -> dict[str, Any]:
    return {"qr": {"id": voucher_id}}


def test_a_voucher_has_every_key_of_the_seed_in_its_order() -> None:
    rendered = render_voucher(voucher(discount={"type": "AMOUNT"}), no_assets)
    assert [key for key in rendered if key in SEED_KEYS] == SEED_KEYS
    assert rendered["created_at"] == "2022-09-30T16:30:32.956Z"
    assert rendered["updated_at"] is None
    assert rendered["redemption"] == {
        "quantity": None,
        "redeemed_quantity": 0,
        "object": "list",
        "url": "/v1/vouchers/cEsMn0uA/redemptions?page=1&limit=10",
    }
    assert rendered["publish"] == {
        "object": "list",
        "count": 0,
        "url": "/v1/vouchers/cEsMn0uA/publications?page=1&limit=10",
    }


def test_a_code_with_a_slash_stays_one_segment_of_the_urls() -> None:
    rendered = render_voucher(voucher(code="A/B ü"), no_assets)
    assert rendered["publish"]["url"] == "/v1/vouchers/A%2FB%20%C3%BC/publications?page=1&limit=10"


def test_a_gift_card_shows_what_is_left() -> None:
    card = voucher(type="GIFT_VOUCHER", amount=1000, subtracted=100, redeemed=300)
    rendered = render_voucher(card, no_assets)
    assert rendered["gift"] == {"amount": 1000, "subtracted_amount": 100, "balance": 600, "effect": "APPLY_TO_ORDER"}
    assert (rendered["discount"], rendered["loyalty_card"]) == (None, None)
    assert rendered["redemption"]["redeemed_amount"] == 300
    assert render_voucher_simplified(card)["gift"] == {"amount": 1000, "balance": 600}


def test_a_loyalty_card_shows_its_points() -> None:
    card = voucher(type="LOYALTY_CARD", amount=10, expired=1, redeemed=2, pending=3)
    rendered = render_voucher(card, no_assets)
    assert rendered["loyalty_card"]["balance"] == 7
    assert rendered["redemption"]["redeemed_points"] == 2
    assert render_voucher_simplified(card)["loyalty_card"] == {"points": 10, "balance": 7}


def test_the_simplified_form_has_exactly_one_definition() -> None:
    simple = render_voucher_simplified(voucher(discount={"type": "AMOUNT"}, campaign_name="C"))
    assert list(simple) == ["code", "object", "campaign", "discount", "is_referral_code"]


def test_a_single_voucher_can_show_its_publications() -> None:
    rendered = render_voucher(voucher(publish_count=1), no_assets, with_entries=[{"channel": "API"}])
    assert rendered["publish"]["total"] == 1
    assert rendered["publish"]["data_ref"] == "entries"


@pytest.mark.parametrize(
    ("columns", "shown"), [({"category_id": "cat_1", "category_name": "A", "category_hierarchy": 2}, 1), ({}, 0)]
)
def test_the_category_is_shown_as_an_object_too(columns: dict[str, Any], shown: int) -> None:
    assert len(render_voucher(voucher(**columns), no_assets)["categories"]) == shown
