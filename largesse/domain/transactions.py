"""Changes of a card's balance (docs/semantics/balance.md). Credits are hundredths, points are plain integers."""

from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.errors import InvalidAddBalanceParams, InvalidVoucher
from largesse.domain.filters import TEXT, Fields
from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD, Voucher

SOURCE_API: Final = "API"
SOURCE_DASHBOARD: Final = "voucherify-web-ui"
"""Of a change by somebody who is signed in."""
CAMPAIGN_FILTERS: Final[Fields] = {"id": TEXT, "voucher_id": TEXT}
"""What the transactions of a campaign can be filtered by; those of one card by nothing."""
_TYPES: Final = {
    GIFT_VOUCHER: ("CREDITS_ADDITION", "CREDITS_REMOVAL"),
    LOYALTY_CARD: ("POINTS_ADDITION", "POINTS_REMOVAL"),
}


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `voucher_transactions`: `amount` is what changed, `total` and `balance` what they were after it."""

    id: str
    voucher_id: str
    campaign_id: str | None
    type: str
    amount: int
    total: int
    balance: int
    source: str | None
    source_id: str | None
    reason: str | None
    related_transaction_id: str | None
    details: dict[str, Any]
    created_at: datetime


def check_card(voucher: Voucher) -> None:
    """Whether the voucher has a balance that may be changed. Raises InvalidVoucher."""
    if voucher.type not in _TYPES:
        raise InvalidVoucher(f"Only a gift card or a loyalty card has a balance; this voucher is a {voucher.type}")
    if voucher.type == LOYALTY_CARD and voucher.holder_id is None:
        raise InvalidVoucher("A loyalty card has no holder before it is published: its points can't be changed")


def transaction_type(voucher_type: str, amount: int) -> str:
    addition, removal = _TYPES[voucher_type]
    return addition if amount > 0 else removal


def impossible_change(voucher: Voucher, amount: int, *, total_max: int) -> InvalidAddBalanceParams:
    """Why the database refused to change the balance by `amount`."""
    if amount > 0:
        return InvalidAddBalanceParams(f"The card has {voucher.amount} and can hold {total_max} in all")
    return InvalidAddBalanceParams(f"The balance is {voucher.balance}: {-amount} can't be removed from it")


def check_repeat(first: Transaction, amount: int) -> None:
    """A change that is sent again must be the same one. Raises InvalidAddBalanceParams."""
    if first.amount != amount:
        raise InvalidAddBalanceParams(
            f"The card was changed by {first.amount} with the source_id {first.source_id} already;"
            f" a change by {amount} needs another source_id"
        )
