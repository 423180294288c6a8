"""Remove for good what lies in the bin (docs/semantics/campaign.md). Nothing comes back out of it."""

from largesse.actions.campaign_vouchers import start_deletion
from largesse.actions.scope import Scope
from largesse.domain.errors import NotFound
from largesse.domain.trash_bin import CAMPAIGN, VOUCHER
from largesse.store import campaigns, vouchers
from largesse.store import trash_bin as store
from largesse.store.validation_rules import drop_assignments


async def remove_entry(scope: Scope, id: str) -> None:
    """The name or code is free at once; a campaign's codes when the job that removes them is done. Raises NotFound."""
    project_id = scope.project.id
    entry = await store.lock_entry(scope.connection, project_id, id)
    if entry is None:
        raise NotFound.of("bin_entry", id)
    if entry.resource_type == CAMPAIGN:
        await campaigns.bin_campaign(scope.connection, project_id, entry.resource_id, entry.resource_id)
        await start_deletion(scope, entry.resource_id, force=True)
    else:
        await vouchers.delete_voucher(scope.connection, project_id, entry.resource_id)
        await drop_assignments(scope.connection, project_id, VOUCHER, [entry.resource_id])
    await store.remove_entry(scope.connection, project_id, entry.resource_id)
