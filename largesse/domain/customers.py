"""A customer and the rules of upserting one (spec customers)."""

from datetime import date, datetime
from typing import Any

import msgspec


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `customers`. `address` holds city, state, line_1, line_2, country, postal_code."""

    id: str
    source_id: str | None = None
    name: str | None = None
    description: str | None = None
    email: str | None = None
    phone: str | None = None
    birthday: date | None = None
    birthdate: date | None = None
    address: dict[str, Any] | None = None
    metadata: dict[str, Any] = {}
    created_at: datetime
    updated_at: datetime | None = None
