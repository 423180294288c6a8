"""A voucher: its kinds, its publication state, its balance (docs/semantics/voucher.md)."""

from datetime import datetime
from enum import IntEnum
from typing import Any, Final

import msgspec

from largesse.domain.errors import InvalidVoucher
from largesse.domain.filters import (
    ANY_METADATA,
    BOOLEAN,
    CODE,
    DATE_TIME,
    METADATA,
    NUMBER,
    SWITCH,
    TEXT,
    Fields,
    Kind,
    field,
)
from largesse.domain.validation_rules import Assignment

DISCOUNT_VOUCHER: Final = "DISCOUNT_VOUCHER"
GIFT_VOUCHER: Final = "GIFT_VOUCHER"
LOYALTY_CARD: Final = "LOYALTY_CARD"
VOUCHER_TYPES: Final = {
    "discount": DISCOUNT_VOUCHER,
    "gift": GIFT_VOUCHER,
    "loyalty": LOYALTY_CARD,
    DISCOUNT_VOUCHER: DISCOUNT_VOUCHER,
    GIFT_VOUCHER: GIFT_VOUCHER,
    LOYALTY_CARD: LOYALTY_CARD,
}
"""What a list may be asked for, and what that means."""
VOUCHER_TYPE_FILTER: Final = field(Kind.TEXT, words={word: (meant,) for word, meant in VOUCHER_TYPES.items()})

REDEEMED: Final = "REDEEMED"
NOT_REDEEMED: Final = "NOT_REDEEMED"
"""Whether a voucher was ever redeemed: what `redemption_status` tells apart. Nothing documents its values."""

FILTERS: Final[Fields] = {
    "id": TEXT,
    "code": CODE,
    "vouchers": CODE,
    "campaign_ids": TEXT,
    "categories": TEXT,
    "category_ids": TEXT,
    "holder_id": TEXT,
    "published_for_customer_id": TEXT,
    "voucher_type": VOUCHER_TYPE_FILTER,
    "is_referral_code": BOOLEAN,
    "redemption_status": field(Kind.TEXT, words={word.lower(): (word,) for word in (REDEEMED, NOT_REDEEMED)}),
    "active": SWITCH,
    "created_at": DATE_TIME,
    "created_date": DATE_TIME,
    "updated_at": DATE_TIME,
    "start_date": DATE_TIME,
    "expiration_date": DATE_TIME,
    "validity_timeframe": TEXT,
    "validity_day_of_week": NUMBER,
    "redemption.quantity": NUMBER,
    "redemption.redeemed_quantity": NUMBER,
    "redemption.redeemed_amount": NUMBER,
    "redemption.redeemed_points": NUMBER,
    METADATA: ANY_METADATA,
}
"""What their list can be filtered by."""


class State(IntEnum):
    """Where a code stands on its way to a customer (docs/semantics/pool.md). `active` is a switch of its own."""

    FREE = 0
    HELD = 1
    PUBLISHED_WITHOUT_CUSTOMER = 2
    PUBLISHED = 3
    WITHDRAWN = 4


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `vouchers`, with the names its campaign and category have now.

    Credits are integer hundredths of the currency unit, loyalty points are plain integers; both stand in `amount`
    (lifetime income), `subtracted`, `expired`, `redeemed`.
    """

    id: str
    code: str
    type: str
    state: int = State.FREE
    active: bool = True
    is_referral_code: bool = False
    publish_count: int = 0
    redeemed_quantity: int = 0
    redemption_quantity: int | None = None
    amount: int = 0
    subtracted: int = 0
    expired: int = 0
    redeemed: int = 0
    pending: int = 0
    campaign_id: str | None = None
    campaign_name: str | None = None
    category_id: str | None = None
    category_name: str | None = None
    category_hierarchy: int | None = None
    category_created_at: datetime | None = None
    category_updated_at: datetime | None = None
    holder_id: str | None = None
    discount: dict[str, Any] | None = None
    gift_effect: str | None = None
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    validity_timeframe: dict[str, str] | None = None
    validity_day_of_week: list[int] | None = None
    validity_hours: dict[str, Any] | None = None
    additional_info: str | None = None
    metadata: dict[str, Any] = {}
    created_at: datetime
    updated_at: datetime | None = None
    rules: list[Assignment] = []  # its own validation rules, then its campaign's; filled in where they are shown

    @property
    def balance(self) -> int:
        return self.amount - self.subtracted - self.expired - self.redeemed


VOUCHER_COLUMNS: Final = tuple(field for field in Voucher.__struct_fields__ if field != "rules")
"""What a row holds; rules stand in a table of their own."""


class VoucherTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch of new vouchers has in common: the columns of `vouchers` that neither code nor fate decides."""

    type: str
    active: bool = True
    is_referral_code: bool = False
    redemption_quantity: int | None = None
    amount: int = 0
    campaign_id: str | None = None
    category_id: str | None = None
    discount: dict[str, Any] | None = None
    gift_effect: str | None = None
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    validity_timeframe: dict[str, str] | None = None
    validity_day_of_week: list[int] | None = None
    validity_hours: dict[str, Any] | None = None
    additional_info: str | None = None
    metadata: dict[str, Any] = {}


class NewVoucher(msgspec.Struct, frozen=True):
    """A voucher about to be inserted: what tells it from the others of its batch."""

    id: str
    code: str
    pick_key: int


def infer_type(
    type: str | None, discount: dict[str, Any] | None, gift: object | None, loyalty_card: object | None
) -> str:
    """The type, said or shown by the one definition that is there.

    Raises InvalidVoucher when the definition of the type is missing, or a definition of another type is there too.
    """
    given = [
        name
        for name, value in ((DISCOUNT_VOUCHER, discount), (GIFT_VOUCHER, gift), (LOYALTY_CARD, loyalty_card))
        if value is not None
    ]
    if type is None:
        if len(given) != 1:
            raise InvalidVoucher("Property 'type' is required, with exactly one of 'discount', 'gift', 'loyalty_card'")
        return given[0]
    if given != [type]:
        wanted = {DISCOUNT_VOUCHER: "discount", GIFT_VOUCHER: "gift", LOYALTY_CARD: "loyalty_card"}[type]
        raise InvalidVoucher(f"Property '{wanted}' is required for {type}, and no other definition")
    return type


def bucket(state: int, active: bool) -> str | None:
    """The counter that a voucher stands in besides `vouchers`; None for a free one (docs/semantics/counter.md)."""
    if state == State.FREE:
        return None if active else "disabled"
    if state in (State.PUBLISHED, State.PUBLISHED_WITHOUT_CUSTOMER):
        return "published"
    return "held" if state == State.HELD else "withdrawn"
