"""What happened to a customer, put together from the facts themselves (docs/semantics/customer.md)."""

from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.customers import CustomerShort

ACTION: Final = "ACTION"
EFFECT: Final = "EFFECT"
CATEGORIES: Final = {
    "customer.created": ACTION,
    "customer.updated": ACTION,
    "customer.deleted": ACTION,
    "customer.custom_event": ACTION,
    "customer.publication.succeeded": ACTION,
    "customer.publication.failed": ACTION,
    "customer.voucher.gift.balance_added": EFFECT,
    "customer.voucher.loyalty_card.points_added": EFFECT,
    "customer.voucher.deleted": EFFECT,
    "customer.referred": EFFECT,
    "customer.segment.entered": EFFECT,
    "customer.segment.left": EFFECT,
    "customer.email.sent": EFFECT,
    "customer.email.failed": EFFECT,
    "customer.email.recovered": EFFECT,
    "customer.sms.sent": EFFECT,
    "customer.sms.failed": EFFECT,
    "customer.sms.recovered": EFFECT,
}
"""What can have happened so far: what a caller did, or what followed from it."""
NAMES_PREFIX: Final = "customer."


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `data` is what the fact holds: a customer or voucher as it was, or the card's code.

    `subject` is the id of the publication, transaction, voucher or message that it is about.
    """

    id: str
    type: str
    created_at: datetime
    subject: str
    data: dict[str, Any]
    customer: CustomerShort
    campaign_id: str | None = None
    campaign_name: str | None = None
    campaign_type: str | None = None
    request_id: str | None = None
    actor: str | None = None

    @property
    def category(self) -> str:
        return CATEGORIES[self.type]


def wanted_types(type: str | None, category: str | None) -> list[str]:
    """Those of a type and a category; none for a type that nothing brings about yet."""
    return [name for name, is_ in CATEGORIES.items() if type in (None, name) and category in (None, is_)]
