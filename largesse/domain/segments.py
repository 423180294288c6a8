"""A segment of customers: a fixed list, or whoever a filter matches (docs/semantics/segment.md)."""

from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.filters import DATE_TIME, IN_DAYS, NEXT_MONTH, TEXT, Fields, Filter

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
    synced_at: datetime | None = None

    @property
    def is_synced(self) -> bool:
        """Only who is in an auto-update one must be found out before it can be told."""
        return self.type != AUTO_UPDATE or self.synced_at is not None


def slots(type: str) -> range:
    """The numbers that segments of this type share: as many as there may be."""
    return range(FILTERED_MAX + 1, FILTERED_MAX + STATIC_MAX + 1) if type == STATIC else range(1, FILTERED_MAX + 1)


def is_timed(wanted: Filter) -> bool:
    """Whether time alone changes whom the filter matches."""
    return any(condition.operator in IN_DAYS or condition.operator == NEXT_MONTH for condition in wanted.conditions)
