"""A customer and the rules of upserting one (docs/semantics/customer.md)."""

from datetime import date, datetime
from typing import Any, Final

import msgspec

from largesse.domain.errors import InvalidPayload, NotFound
from largesse.domain.filters import ANY_METADATA, BIRTHDAY, DATE_TIME, METADATA, NUMBER, TEXT, Fields

ID_PREFIX: Final = "cust_"
SOURCE_ID_LENGTH_MAX: Final = 255


ADDRESS: Final = ("city", "state", "line_1", "line_2", "country", "postal_code")
FILTERS: Final[Fields] = {
    "id": TEXT,
    "source_id": TEXT,
    "name": TEXT,
    "email": TEXT,
    "phone": TEXT,
    "description": TEXT,
    "city": TEXT,
    **{f"address.{part}": TEXT for part in ADDRESS},
    "birthday": BIRTHDAY,
    "birthdate": BIRTHDAY,
    "created_at": DATE_TIME,
    "updated_at": DATE_TIME,
    "publications.created_at": DATE_TIME,
    "publications.related_object_id": TEXT,
    "summary.redemptions.gift.redeemed_amount": NUMBER,
    "summary.redemptions.gift.amount_to_go": NUMBER,
    "summary.redemptions.loyalty_card.redeemed_points": NUMBER,
    "summary.redemptions.loyalty_card.points_to_go": NUMBER,
    "loyalty.points": NUMBER,
    METADATA: ANY_METADATA,
}
"""What their list can be filtered by, and segments are made of."""


class CustomerShort(msgspec.Struct, frozen=True, kw_only=True):
    """What publications, redemptions and events show of a customer."""

    id: str
    source_id: str | None = None
    name: str | None = None
    email: str | None = None
    metadata: dict[str, Any] = {}


class Customer(CustomerShort, frozen=True, kw_only=True):
    """A row of `customers`. `address` holds city, state, line_1, line_2, country, postal_code."""

    description: str | None = None
    phone: str | None = None
    birthday: date | None = None
    birthdate: date | None = None
    address: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime | None = None


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """The gift and loyalty cards that a customer holds, added up. Credits are hundredths, points plain integers.

    `points` are those ever added minus the expired ones; `campaigns` holds by name the points that are left.
    """

    credits_redeemed: int = 0
    credits_to_go: int = 0
    points_redeemed: int = 0
    points_to_go: int = 0
    points: int = 0
    campaigns: dict[str, int] = {}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says about a customer. None: not said; the fields named in `cleared` are to become unset.

    Written onto an existing customer, `address` merges by field and `metadata` by key, so a profile that says nothing
    new changes nothing.
    """

    name: str | None = None
    description: str | None = None
    email: str | None = None
    phone: str | None = None
    birthday: date | None = None
    birthdate: date | None = None
    address: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    cleared: frozenset[str] = frozenset()


def merged(first: Profile, then: Profile) -> Profile:
    """What one profile written after the other says: a field that the second clears starts anew."""
    said = {name: value for name in _FIELDS if (value := getattr(then, name)) is not None or name in then.cleared}
    for name in ("address", "metadata"):
        if name not in then.cleared and name in said and (before := getattr(first, name)) is not None:
            said[name] = before | said[name]
    return msgspec.structs.replace(first, **said, cleared=first.cleared | then.cleared)


_FIELDS: Final = tuple(name for name in Profile.__struct_fields__ if name != "cleared")


def check_source_id(source_id: str) -> str:
    """A caller's own id for a customer to be created.

    Raises InvalidPayload for a blank or too long one, NotFound for one that looks like an id of ours: a customer
    with that id was meant and isn't there.
    """
    if not source_id.strip() or len(source_id) > SOURCE_ID_LENGTH_MAX:
        raise InvalidPayload(f"Property .source_id must have 1 to {SOURCE_ID_LENGTH_MAX} characters")
    if source_id.startswith(ID_PREFIX):
        raise NotFound.of("customer", source_id)
    return source_id
