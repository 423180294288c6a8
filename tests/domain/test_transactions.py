from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidAddBalanceParams, InvalidVoucher
from largesse.domain.transactions import Transaction, check_card, check_repeat, impossible_change, transaction_type
from largesse.domain.vouchers import DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD, Voucher
from tests.domain.moments import NOON

AMOUNTS = st.integers(-(2**53), 2**53).filter(bool)


def voucher(**changes: Any) -> Voucher:
    facts: dict[str, Any] = {"id": "v_1", "code": "A", "type": GIFT_VOUCHER, "created_at": NOON}
    return Voucher(**facts | changes)


def transaction(amount: int) -> Transaction:
    return Transaction(
        id="vtx_1", voucher_id="v_1", campaign_id=None, type="CREDITS_ADDITION", amount=amount, total=amount,
        balance=amount, source="API", source_id="mine", reason=None, related_transaction_id=None, details={},
        created_at=NOON,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"type": GIFT_VOUCHER},
        {"type": GIFT_VOUCHER, "holder_id": "cust_1"},
        {"type": LOYALTY_CARD, "holder_id": "cust_1"},
    ],
)
def test_a_gift_card_has_a_balance_and_a_loyalty_card_that_somebody_holds(changes: dict[str, Any]) -> None:
    check_card(voucher(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": DISCOUNT_VOUCHER}, "this voucher is a DISCOUNT_VOUCHER"),
        ({"type": DISCOUNT_VOUCHER, "holder_id": "cust_1"}, "this voucher is a DISCOUNT_VOUCHER"),
        ({"type": LOYALTY_CARD}, "no holder"),
    ],
)
def test_what_has_no_balance_to_change_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidVoucher, match=words):
        check_card(voucher(**changes))


@given(AMOUNTS)
@example(1)
@example(-1)
def test_more_is_an_addition_and_less_a_removal_in_the_cards_own_unit(amount: int) -> None:
    change = "ADDITION" if amount > 0 else "REMOVAL"
    assert transaction_type(GIFT_VOUCHER, amount) == f"CREDITS_{change}"
    assert transaction_type(LOYALTY_CARD, amount) == f"POINTS_{change}"


@given(AMOUNTS, AMOUNTS)
def test_the_same_change_may_be_sent_again_and_no_other(first: int, again: int) -> None:
    if first == again:
        check_repeat(transaction(first), again)
        return
    with pytest.raises(InvalidAddBalanceParams, match=f"changed by {first} with the source_id mine .* by {again} "):
        check_repeat(transaction(first), again)


def test_a_repeat_is_not_the_opposite_change() -> None:
    with pytest.raises(InvalidAddBalanceParams):
        check_repeat(transaction(5), -5)
    check_repeat(transaction(5), 5)


def test_a_change_beyond_the_bounds_says_what_they_are() -> None:
    card = voucher(amount=900, redeemed=300, expired=50, subtracted=50)
    assert str(impossible_change(card, 200, total_max=1_000)) == "The card has 900 and can hold 1000 in all"
    assert str(impossible_change(card, -501, total_max=1_000)) == "The balance is 500: 501 can't be removed from it"
