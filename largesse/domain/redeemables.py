"""What a customer holds: the wallet (docs/semantics/customer.md)."""

from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.filters import DATE_TIME, TEXT, Fields
from largesse.domain.vouchers import DISCOUNT_VOUCHER, VOUCHER_TYPE_FILTER, Voucher

OWNER: Final = "OWNER"
REFERRER: Final = "REFERRER"
REFEREE: Final = "REFEREE"

FILTERS: Final[Fields] = {
    "id": TEXT,
    "created_at": DATE_TIME,
    "redeemable_id": TEXT,
    "redeemable_object": TEXT,
    "holder_role": TEXT,
    "campaign_id": TEXT,
    "campaign_type": TEXT,
    "voucher_type": VOUCHER_TYPE_FILTER,
}
"""What the wallet can be filtered by."""


class Redeemable(msgspec.Struct, frozen=True, kw_only=True):
    """A link of `publication_vouchers` (`id` is rh_…) with the voucher as it is now, and the moment of looking.

    `is_referee`: a row of `referral_holders` instead. `metadata` are those of that row, or of the publication.
    """

    id: str
    created_at: datetime
    customer_id: str
    campaign_type: str | None
    is_referee: bool
    metadata: dict[str, Any]
    voucher: Voucher
    seen_at: datetime

    @property
    def holder_role(self) -> str:
        if self.is_referee:
            return REFEREE
        return REFERRER if self.voucher.is_referral_code else OWNER

    @property
    def status(self) -> str:
        return status_of(self.voucher, self.seen_at)


def status_of(voucher: Voucher, now: datetime) -> str:
    """Whether the voucher could be used now. What ends for good beats what may pass."""
    if voucher.expiration_date is not None and voucher.expiration_date <= now:
        return "EXPIRED"
    if not voucher.active:
        return "DISABLED"
    if voucher.redemption_quantity is not None and voucher.redeemed_quantity >= voucher.redemption_quantity:
        return "USED"
    if voucher.type != DISCOUNT_VOUCHER and voucher.balance <= 0:
        return "NO_BALANCE"
    if voucher.start_date is not None and voucher.start_date > now:
        return "NOT_ACTIVE_YET"
    return "ACTIVE"
