from itertools import product
from typing import Any

import pytest

from largesse.domain.redeemables import Redeemable, status_of
from largesse.domain.vouchers import DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD, Voucher
from tests.domain.moments import NOON, TICK


def voucher(**changes: Any) -> Voucher:
    facts: dict[str, Any] = {"id": "v_1", "code": "A", "type": DISCOUNT_VOUCHER, "created_at": NOON}
    return Voucher(**facts | changes)


FAULTS: dict[str, dict[str, Any]] = {
    "EXPIRED": {"expiration_date": NOON},
    "DISABLED": {"active": False},
    "USED": {"redemption_quantity": 2, "redeemed_quantity": 2},
    "NO_BALANCE": {"type": GIFT_VOUCHER, "amount": 100, "redeemed": 100},
    "NOT_ACTIVE_YET": {"start_date": NOON + TICK},
}
"""From what ends for good to what passes by itself."""


def test_of_several_reasons_the_one_that_lasts_longest_is_told() -> None:
    for chosen in product([False, True], repeat=len(FAULTS)):
        present = [name for name, there in zip(FAULTS, chosen, strict=True) if there]
        changes = {field: value for name in present for field, value in FAULTS[name].items()}
        assert status_of(voucher(**changes), NOON) == (present[0] if present else "ACTIVE"), present


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "ACTIVE"),
        ({"expiration_date": NOON + TICK}, "ACTIVE"),
        ({"expiration_date": NOON - TICK}, "EXPIRED"),
        ({"start_date": NOON}, "ACTIVE"),
        ({"redemption_quantity": None, "redeemed_quantity": 9}, "ACTIVE"),
        ({"redemption_quantity": 2, "redeemed_quantity": 1}, "ACTIVE"),
        ({"redemption_quantity": 0}, "USED"),
        ({"redemption_quantity": 2, "redeemed_quantity": 3}, "USED"),
        ({"type": GIFT_VOUCHER}, "NO_BALANCE"),
        ({"type": GIFT_VOUCHER, "amount": 1}, "ACTIVE"),
        ({"type": LOYALTY_CARD}, "NO_BALANCE"),
        ({"type": LOYALTY_CARD, "amount": 10, "expired": 4, "subtracted": 3, "redeemed": 3}, "NO_BALANCE"),
        ({"type": LOYALTY_CARD, "amount": 10, "expired": 4, "subtracted": 3, "redeemed": 2}, "ACTIVE"),
        ({"type": LOYALTY_CARD, "amount": 1, "redeemed": 2}, "NO_BALANCE"),
        ({"type": DISCOUNT_VOUCHER, "redeemed": 5}, "ACTIVE"),
    ],
)
def test_the_bounds_of_each_reason(changes: dict[str, Any], status: str) -> None:
    assert status_of(voucher(**changes), NOON) == status


@pytest.mark.parametrize(
    ("is_referee", "is_referral_code", "role"),
    [(False, False, "OWNER"), (False, True, "REFERRER"), (True, True, "REFEREE"), (True, False, "REFEREE")],
)
def test_a_holder_of_a_referral_code_refers_or_was_referred(
    is_referee: bool, is_referral_code: bool, role: str
) -> None:
    held = Redeemable(
        id="rh_1", created_at=NOON, customer_id="cust_1", campaign_type=None, is_referee=is_referee, metadata={},
        voucher=voucher(is_referral_code=is_referral_code), seen_at=NOON,
    )  # fmt: skip
    assert held.holder_role == role


def test_a_status_is_that_of_the_moment_of_looking() -> None:
    held = Redeemable(
        id="rh_1", created_at=NOON, customer_id="cust_1", campaign_type=None, is_referee=False, metadata={},
        voucher=voucher(expiration_date=NOON), seen_at=NOON - TICK,
    )  # fmt: skip
    assert held.status == "ACTIVE"
