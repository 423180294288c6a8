"""Balances and transactions as JSON."""

from typing import Annotated, Any

import msgspec

from largesse.domain.errors import InvalidPayload
from largesse.domain.transactions import Transaction
from largesse.wire.customers import Text
from largesse.wire.dates import render
from largesse.wire.discounts import AMOUNT_MAX
from largesse.wire.names import Id

_AUTOMATIC = ("POINTS_ACCRUAL", "POINTS_EXPIRATION")


class BalanceInput(msgspec.Struct, frozen=True, kw_only=True):
    """How much to add; negative: to remove."""

    amount: Annotated[int, msgspec.Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
    source_id: Id | None = None
    reason: Text | None = None

    def checked(self) -> "BalanceInput":
        """Raises InvalidPayload for a change of nothing."""
        if self.amount == 0:
            raise InvalidPayload("Property .amount must not be 0")
        return self


def render_balance(transaction: Transaction) -> dict[str, Any]:
    """What a change left, as its answer and its transaction show it."""
    return {
        "amount": transaction.amount,
        "total": transaction.total,
        "balance": transaction.balance,
        "type": "gift_voucher" if transaction.type.startswith("CREDITS_") else "loyalty_card",
        "operation_type": "AUTOMATIC" if transaction.type in _AUTOMATIC else "MANUAL",
        "object": "balance",
        "related_object": {"type": "voucher", "id": transaction.voucher_id},
    }


def render_transaction(transaction: Transaction) -> dict[str, Any]:
    return {
        "id": transaction.id,
        "source_id": transaction.source_id,
        "voucher_id": transaction.voucher_id,
        "campaign_id": transaction.campaign_id,
        "source": transaction.source,
        "reason": transaction.reason,
        "type": transaction.type,
        "details": {"balance": render_balance(transaction), **transaction.details},
        "related_transaction_id": transaction.related_transaction_id,
        "created_at": render(transaction.created_at),
    }
