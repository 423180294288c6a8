"""A category: a name and a place in the order in which discounts are processed (docs/semantics/campaign.md)."""

from datetime import datetime
from typing import Final

import msgspec

DEFAULT_HIERARCHY: Final = 1


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `categories`. Lower `hierarchy` is processed first."""

    id: str
    name: str
    hierarchy: int
    created_at: datetime
    updated_at: datetime | None = None
