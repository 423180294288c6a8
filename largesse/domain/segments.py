"""A segment of customers: a fixed list, or whoever a filter matches (spec customers §6)."""

from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.filters import DATE_TIME, TEXT, Fields

STATIC: Final = "static"
PASSIVE: Final = "passive"
AUTO_UPDATE: Final = "auto-update"

CUSTOMERS_MAX: Final = 20_000
"""Of a static segment."""
FILTERED_MAX: Final = 100
"""Passive and auto-update segments of a project."""
STATIC_MAX: Final = 1_000
"""Static segments of a project: a customer's segments are listed without pages."""

FILTERS: Final[Fields] = {"id": TEXT, "name": TEXT, "type": TEXT, "created_at": DATE_TIME}
"""What their list can be filtered by."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `segments`. `filter` is as it was sent, None for a static one."""

    id: str
    name: str
    type: str
    filter: dict[str, Any] | None
    created_at: datetime


def slots(type: str) -> range:
    """The numbers that segments of this type share: as many as there may be."""
    return range(FILTERED_MAX + 1, FILTERED_MAX + STATIC_MAX + 1) if type == STATIC else range(1, FILTERED_MAX + 1)
