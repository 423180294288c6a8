"""The bin: what was deleted without force, and blocks its name or code until it is removed for good.

See docs/semantics/campaign.md.
"""

from datetime import datetime
from typing import Final

import msgspec

from largesse.domain.filters import TEXT, Fields

CAMPAIGN: Final = "campaign"
VOUCHER: Final = "voucher"

FILTERS: Final[Fields] = {"id": TEXT, "resource_id": TEXT, "resource_type": TEXT, "resource_name": TEXT}


class BinEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `bin_entries`."""

    id: str
    resource_id: str
    resource_type: str  # CAMPAIGN or VOUCHER
    resource_name: str  # the campaign's name, the voucher's code
    resource_parent_id: str | None = None  # the voucher's campaign
    created_at: datetime
