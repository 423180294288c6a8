"""Long work that a request asked for: what is done, how far it came (docs/semantics/import.md)."""

from datetime import datetime
from typing import Any, Final

import msgspec

VOUCHERS_GENERATE: Final = "CAMPAIGN.VOUCHERS_GENERATE"
VOUCHERS_UPDATE: Final = "CAMPAIGN.VOUCHERS_UPDATE"
VOUCHERS_DELETE: Final = "CAMPAIGN.VOUCHERS_DELETE"
CAMPAIGN_IMPORT: Final = "CAMPAIGN.VOUCHERS_IMPORT"
CAMPAIGN_IMPORT_CSV: Final = "CAMPAIGN.VOUCHERS_IMPORT_CSV"
VOUCHERS_IMPORT: Final = "VOUCHERS.IMPORT"
VOUCHERS_IMPORT_CSV: Final = "VOUCHERS.IMPORT_CSV"
VOUCHERS_BULK_UPDATE: Final = "VOUCHERS.BULK_UPDATE"
VOUCHERS_METADATA_UPDATE: Final = "VOUCHERS.METADATA_UPDATE"
CUSTOMERS_BULK_UPDATE: Final = "CUSTOMERS.BULK_UPDATE"
CUSTOMERS_METADATA_UPDATE: Final = "CUSTOMERS.METADATA_UPDATE"
CUSTOMERS_IMPORT_CSV: Final = "CUSTOMERS.IMPORT_CSV"
PROJECT_AUDIT: Final = "PROJECT.AUDIT"  # ours, and shown in the dashboard only: typed clients know no such type
PROJECT_DELETE: Final = "PROJECT.DELETE"  # ours, and nobody's to look at: its project is closed

IN_PROGRESS: Final = "IN_PROGRESS"
DONE: Final = "DONE"
FAILED: Final = "FAILED"


class AsyncAction(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `async_actions`. `cursor` is saved with each chunk, so that whoever goes on knows where."""

    id: str
    type: str
    status: str
    operation_status: str | None = None
    progress: int = 0
    request_id: str | None = None
    arguments: dict[str, Any] = {}
    cursor: dict[str, Any] = {}
    result: dict[str, Any] | None = None
    created_at: datetime
    started_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def finished(self) -> bool:
        return self.status in (DONE, FAILED)


_SCOPES: Final = {
    "CUSTOMERS": frozenset({"customers"}),
    "VOUCHERS": frozenset({"vouchers"}),
    "CAMPAIGN": frozenset({"campaigns"}),
}


def scopes_of(action: AsyncAction) -> frozenset[str]:
    """What a key with scopes needs to see the result, which names customers and codes."""
    return _SCOPES.get(action.type.partition(".")[0], frozenset())
