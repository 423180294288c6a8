"""What a change or the deletion of a campaign does to its vouchers, chunk by chunk (docs/semantics/campaign.md)."""

from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from largesse.actions.scope import Scope
from largesse.domain import async_actions as states
from largesse.domain.async_actions import VOUCHERS_DELETE, VOUCHERS_GENERATE, VOUCHERS_UPDATE, AsyncAction
from largesse.domain.campaigns import Campaign, template_of
from largesse.domain.vouchers import bucket
from largesse.store import async_actions, campaigns, counters, jobs, vouchers
from largesse.store.validation_rules import drop_assignments, drop_orphaned_assignments
from largesse.wire.dates import render

UPDATE_CHUNK: Final = 2_000
DELETE_CHUNK: Final = 5_000
BEGINNING: Final = (datetime(1, 1, 1, tzinfo=UTC), "")

# A field of a campaign that its vouchers carry, and the name that the chunk's statement knows it by.
_CARRIED: Final = {
    "start_date": "start_date",
    "expiration_date": "expiration_date",
    "validity_timeframe": "validity_timeframe",
    "validity_day_of_week": "validity_day_of_week",
    "validity_hours": "validity_hours",
    "category_id": "category",
    "discount": "discount",
    "gift_effect": "gift",
    "metadata": "metadata",
}


async def _start(scope: Scope, campaign_id: str, type_: str, arguments: dict[str, Any]) -> str:
    action_id = scope.ids.new("aa_")
    arguments = {"campaign_id": campaign_id, **arguments}
    await async_actions.create_async_action(
        scope.connection, scope.project.id, action_id, type_, scope.request_id, arguments
    )
    await jobs.enqueue_job(scope.connection, scope.project.id, type_, action_id, subject=campaign_id)
    return action_id


async def start_update(scope: Scope, before: Campaign, after: Campaign) -> str | None:
    """The id of the async action that brings the vouchers after their campaign; None when they don't care."""
    old, new = template_of(before), template_of(after)
    fields = [name for column, name in _CARRIED.items() if getattr(old, column) != getattr(new, column)]
    if not fields:
        return None
    return await _start(scope, after.id, VOUCHERS_UPDATE, {"fields": fields})


async def start_deletion(scope: Scope, campaign_id: str, *, force: bool) -> str:
    return await _start(scope, campaign_id, VOUCHERS_DELETE, {"force": force})


async def must_wait(scope: Scope, action_id: str) -> bool:
    """Whether an update has to wait for a generation of its campaign, whose chunk under way knows the old values."""
    action = await async_actions.get_async_action(scope.connection, scope.project.id, action_id)
    if action is None:
        return False
    campaign_id = action.arguments["campaign_id"]
    return bool(await jobs.jobs_about(scope.connection, scope.project.id, VOUCHERS_GENERATE, campaign_id))


async def update_chunk(scope: Scope, action_id: str) -> bool:
    """The next chunk of an update; True when nothing is left to do."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is None or action.finished:
        return True
    campaign = await campaigns.get_campaign(scope.connection, scope.project.id, action.arguments["campaign_id"])
    done, seen = action.cursor.get("done", 0), action.cursor.get("seen", 0)
    if campaign is None:
        return await _finish(scope, action, done, "The campaign was deleted.")
    known = action.cursor.get("after")
    after = BEGINNING if known is None else (datetime.fromisoformat(known[0]), known[1])
    chunk = await vouchers.update_campaign_vouchers(
        scope.connection,
        scope.project.id,
        campaign,
        template_of(campaign),
        action.arguments["fields"],
        after,
        UPDATE_CHUNK,
    )
    if chunk is None:
        return await _finish(scope, action, done, f"Updated {done} vouchers.", ok=True)
    cursor = {"done": done + chunk.changed, "seen": seen + chunk.seen, "after": [render(chunk.created_at), chunk.id]}
    progress = min(99, 100 * (seen + chunk.seen) // max(1, campaign.vouchers_count))
    await _go_on(scope, action, cursor, progress)
    until = (chunk.created_at, chunk.id)
    restored, disabled = await vouchers.restore_campaign_vouchers(
        scope.connection, scope.project.id, campaign.id, after, until
    )
    await counters.change_counters(
        scope.connection, scope.project.id, campaign.id, withdrawn=-restored, disabled=disabled
    )
    return False


async def delete_chunk(scope: Scope, action_id: str) -> bool:
    """The next chunk of a deletion; True when nothing is left to do."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is None or action.finished:
        return True
    project_id, campaign_id = scope.project.id, action.arguments["campaign_id"]
    force = action.arguments["force"]
    removed = await vouchers.remove_campaign_vouchers(
        scope.connection, project_id, campaign_id, DELETE_CHUNK, force=force
    )
    done = action.cursor.get("done", 0) + sum(count for _, _, count in removed)
    if removed:
        await _go_on(scope, action, {"done": done}, 50)
        await counters.change_counters(scope.connection, project_id, campaign_id, **_departed(removed))
        return False
    if force and await vouchers.purge_campaign_bin(scope.connection, project_id, campaign_id, DELETE_CHUNK):
        return await _go_on(scope, action, {"done": done}, 90)
    await _finish(scope, action, done, f"Deleted {done} vouchers.", ok=True)
    if force:
        await campaigns.delete_campaign(scope.connection, project_id, campaign_id)
        await drop_assignments(scope.connection, project_id, "campaign", [campaign_id])
        await drop_orphaned_assignments(scope.connection, project_id)
    return True


def _departed(removed: list[tuple[int, bool, int]]) -> dict[str, int]:
    changes = {"vouchers": 0}
    for state, active, count in removed:
        changes["vouchers"] -= count
        if (name := bucket(state, active)) is not None:
            changes[name] = changes.get(name, 0) - count
    return changes


async def _go_on(scope: Scope, action: AsyncAction, cursor: dict[str, Any], progress: int) -> bool:
    moved = replace(action, status=states.IN_PROGRESS, cursor=cursor, progress=progress)
    await async_actions.save_async_action(scope.connection, scope.project.id, moved)
    return False


async def _finish(scope: Scope, action: AsyncAction, done: int, message: str, *, ok: bool = False) -> bool:
    finished = replace(
        action,
        status=states.DONE if ok else states.FAILED,
        operation_status="SUCCESS" if ok else "FAILED",
        progress=100,
        result={"message": message, "done_count": done},
    )
    await async_actions.save_async_action(scope.connection, scope.project.id, finished)
    return True


async def fail_action(scope: Scope, action_id: str) -> None:
    """Give up: the job failed too often."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is not None and not action.finished:
        await _finish(scope, action, action.cursor.get("done", 0), "The job failed too often.")
