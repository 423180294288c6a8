"""A customer and the rules of upserting one (spec customers)."""

from datetime import date, datetime
from typing import Any

import msgspec


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
