from typing import Any

import pytest

from largesse.domain.errors import InvalidPayload
from largesse.domain.transactions import Transaction
from largesse.wire.discounts import AMOUNT_MAX
from largesse.wire.parse import convert
from largesse.wire.transactions import BalanceInput, render_balance, render_transaction
from tests.domain.moments import NOON


@pytest.mark.parametrize("amount", [1, -1, AMOUNT_MAX, -AMOUNT_MAX])
def test_a_balance_changes_by_any_whole_amount(amount: int) -> None:
    assert convert({"amount": amount}, BalanceInput).checked().amount == amount


@pytest.mark.parametrize("amount", [AMOUNT_MAX + 1, -AMOUNT_MAX - 1, 0.5, "1", None, True])
def test_what_is_no_amount_is_refused(amount: Any) -> None:
    with pytest.raises(InvalidPayload):
        convert({"amount": amount}, BalanceInput)


def test_a_change_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="must not be 0"):
        convert({"amount": 0}, BalanceInput).checked()


@pytest.mark.parametrize("source_id", ["", " ", "x" * 256])
def test_a_blank_source_id_is_not_taken_for_none(source_id: str) -> None:
    with pytest.raises(InvalidPayload, match="source_id"):
        convert({"amount": 1, "source_id": source_id}, BalanceInput)


def transaction(type: str, **changes: Any) -> Transaction:
    facts: dict[str, Any] = {
        "id": "vtx_1", "voucher_id": "v_1", "campaign_id": None, "type": type, "amount": 1, "total": 3, "balance": 2,
        "source": "API", "source_id": None, "reason": None, "related_transaction_id": None, "details": {},
        "created_at": NOON,
    }  # fmt: skip
    return Transaction(**facts | changes)


@pytest.mark.parametrize(
    ("type", "card", "operation"),
    [
        ("CREDITS_ADDITION", "gift_voucher", "MANUAL"),
        ("CREDITS_REMOVAL", "gift_voucher", "MANUAL"),
        ("POINTS_ADDITION", "loyalty_card", "MANUAL"),
        ("POINTS_REMOVAL", "loyalty_card", "MANUAL"),
        ("POINTS_ACCRUAL", "loyalty_card", "AUTOMATIC"),
        ("POINTS_EXPIRATION", "loyalty_card", "AUTOMATIC"),
    ],
)
def test_the_type_of_a_transaction_says_which_card_and_who_changed_it(type: str, card: str, operation: str) -> None:
    balance = render_balance(transaction(type))
    assert (balance["type"], balance["operation_type"]) == (card, operation)
    assert (balance["amount"], balance["total"], balance["balance"]) == (1, 3, 2)


def test_details_stand_beside_the_balance() -> None:
    shown = render_transaction(transaction("CREDITS_ADDITION", details={"order": {"id": "o"}}))
    assert set(shown["details"]) == {"balance", "order"}
