"""Exports: files of what a project has, and the codes that leave in them (docs/semantics/export.md).

An export that publishes goes through three steps, none of which keeps a million rows locked: its vouchers leave the
pool in chunks (held), the file is written from what it holds and what was published before (actions/export_files.py),
and what it holds is published in chunks. The file can be had when all is done. An export that failed, or was deleted,
gives back what it still holds.
"""

from typing import Any, Final

from largesse.actions.campaigns import get_campaign
from largesse.actions.scope import Scope
from largesse.actions.vouchers import get_voucher
from largesse.domain.campaigns import Campaign
from largesse.domain.errors import Forbidden, NotBuilt, NotFound, TooManyExports
from largesse.domain.exports import (
    API,
    DONE,
    ERROR,
    FILE,
    HOLD,
    IN_PROGRESS,
    OBJECTS,
    PARQUET,
    PUBLISH,
    RELEASE,
    TRANSACTION,
    VOUCHER,
    WEBSITE,
    Export,
)
from largesse.domain.vouchers import DISCOUNT_VOUCHER, Voucher
from largesse.store import counters, jobs
from largesse.store import exports as store
from largesse.store.exports import Moved
from largesse.store.lists import Narrowing
from largesse.wire.export_files import has_parquet
from largesse.wire.exports import (
    ExportInput,
    ExportParameters,
    TransactionParameters,
    check_built,
    filter_of,
    read_parameters,
)

JOB: Final = "EXPORT"
CHUNK: Final = 10_000
"""Vouchers held, published or given back in one transaction."""
UNFINISHED_MAX: Final = 100
"""Exports of a project under way at the same time: each will be a file."""
UNFINISHED_OF_KEY_MAX: Final = 20
"""Those of one key: it leaves room for others."""
FILE_DAYS: Final = 7
"""How long a file can be downloaded; what was exported stays in the list."""
PURGE_CHUNK: Final = 64
"""Pieces removed in one transaction of the sweeper."""


async def create_export(scope: Scope, sent: ExportInput) -> Export:
    """Raises NotBuilt, InvalidPayload, InvalidExportFields, TooManyExports, NotFound for the campaign."""
    parameters = sent.parameters or ExportParameters()
    check_built(sent.exported_object)
    kept = read_parameters(OBJECTS[sent.exported_object], parameters)
    narrowed = {}
    publishes = False
    if sent.exported_object == VOUCHER:
        if parameters.campaign_id:
            narrowed["campaign_id"] = (await get_campaign(scope, parameters.campaign_id)).id
            kept["campaign_id"] = parameters.campaign_id
        publishes = scope.project.publish_on_voucher_export and parameters.publish is not False
        if parameters.publish is not None:
            kept["publish"] = parameters.publish
    return await _create(scope, sent.exported_object, kept, narrowed, publishes=publishes)


async def export_transactions(scope: Scope, of: Voucher | Campaign, sent: TransactionParameters) -> Export:
    """Of one card, or of all cards of a campaign. Raises Forbidden for what has no balance; InvalidPayload as above."""
    if isinstance(of, Campaign):
        if of.voucher["type"] == DISCOUNT_VOUCHER:
            raise Forbidden("Transactions are allowed only for loyalty or gift campaigns")
        narrowed = {"campaign_id": of.id}
    else:
        narrowed = {"voucher_id": of.id}
    kept = read_parameters(OBJECTS[TRANSACTION], sent)
    return await _create(scope, TRANSACTION, kept, narrowed, publishes=False)


async def export_voucher_transactions(scope: Scope, code: str, sent: TransactionParameters) -> Export:
    return await export_transactions(scope, await get_voucher(scope, code), sent)


async def export_campaign_transactions(scope: Scope, campaign_id: str, sent: TransactionParameters) -> Export:
    return await export_transactions(scope, await get_campaign(scope, campaign_id), sent)


async def _create(
    scope: Scope, exported_object: str, parameters: dict[str, Any], narrowed: dict[str, Any], *, publishes: bool
) -> Export:
    if parameters.get("format") == PARQUET and not has_parquet():
        raise NotBuilt("Parquet files need an extra that isn't installed here: pip install largesse[parquet]")
    id_ = scope.ids.new("exp_")
    phase = HOLD if publishes else FILE
    created = await store.create_export(
        scope.connection,
        scope.project.id,
        id_,
        exported_object,
        parameters,
        narrowed,
        publishes=publishes,
        phase=phase,
        unfinished_max=UNFINISHED_MAX,
        channel=WEBSITE if scope.by_person else API,
        user_id=scope.actor if scope.by_person else None,
        app_id=None if scope.by_person else scope.actor,
        unfinished_of_key_max=UNFINISHED_OF_KEY_MAX,
    )
    if not created:
        raise TooManyExports(
            f"Only up to {UNFINISHED_OF_KEY_MAX} exports of a key, and {UNFINISHED_MAX} of a project, can be under way"
            " at the same time"
        )
    await jobs.enqueue_job(scope.connection, scope.project.id, JOB, id_)
    return await get_export(scope, id_)


async def count_publishable(scope: Scope, sent: ExportInput) -> int:
    """How many codes the export would publish if it began now; raises what `create_export` raises about `sent`."""
    parameters = sent.parameters or ExportParameters()
    kept = read_parameters(OBJECTS[VOUCHER], parameters)
    narrowed = {}
    if parameters.campaign_id:
        narrowed["campaign_id"] = (await get_campaign(scope, parameters.campaign_id)).id
    return await store.count_publishable(
        scope.connection, scope.project, Narrowing(narrowed, filter_of(OBJECTS[VOUCHER], kept))
    )


async def get_export(scope: Scope, id: str) -> Export:
    """Raises NotFound."""
    export = await store.get_export(scope.connection, scope.project.id, id)
    if export is None:
        raise NotFound.of("export", id)
    return export


async def delete_export(scope: Scope, id: str) -> None:
    """Nobody sees it any more; one that isn't done gives back what it holds. Raises NotFound."""
    if not await store.delete_export(scope.connection, scope.project.id, id):
        raise NotFound.of("export", id)


def narrowing_of(export: Export) -> Narrowing:
    """What an export is limited to."""
    return Narrowing(export.narrowed, filter_of(OBJECTS[export.exported_object], export.parameters))


async def export_chunk(scope: Scope, id: str) -> bool:
    """The next chunk of a job; True when nothing is left to do. Writing the file comes between two chunks."""
    export = await store.lock_export(scope.connection, scope.project.id, id)
    if export is None or export.phase is None:
        return True
    if export.deleted and export.phase != RELEASE:
        await _move(scope, export, export.status, RELEASE)
    elif export.phase == HOLD:
        await _hold(scope, export)
    elif export.phase == PUBLISH:
        return await _publish(scope, export)
    elif export.phase == RELEASE:
        return await _release(scope, export)
    return False


async def fail_export(scope: Scope, id: str, failure: str = "The job failed too often.") -> None:
    """ERROR, and a new job gives back what it holds."""
    export = await store.lock_export(scope.connection, scope.project.id, id)
    if export is None or export.phase is None:
        return
    await store.move_export(scope.connection, scope.project.id, export, status=ERROR, phase=RELEASE, failure=failure)
    await jobs.enqueue_job(scope.connection, scope.project.id, JOB, id)


async def purge_exports(scope: Scope) -> bool:
    """Remove files whose time is up, and what is left of failed and deleted ones; True when there may be more."""
    return await store.purge(scope.connection, scope.project.id, PURGE_CHUNK) == PURGE_CHUNK


async def _move(scope: Scope, export: Export, status: str, phase: str | None, held_after: str = "") -> None:
    await store.move_export(
        scope.connection,
        scope.project.id,
        export,
        status=status,
        phase=phase,
        held_after=held_after,
        kept_days=FILE_DAYS,
    )


async def _hold(scope: Scope, export: Export) -> None:
    moved, last = await store.hold_vouchers(
        scope.connection, scope.project, export.id, narrowing_of(export), export.held_after, CHUNK
    )
    await _move(scope, export, IN_PROGRESS, HOLD if last is not None else FILE, last or "")
    for campaign_id, count, _ in _by_campaign(moved):
        await counters.change_counters(scope.connection, scope.project.id, campaign_id, held=count)


async def _publish(scope: Scope, export: Export) -> bool:
    held = await store.lock_held(scope.connection, scope.project.id, export.id, CHUNK)
    if not held:
        await _move(scope, export, DONE, None)
        return True
    moved = await store.publish_vouchers(
        scope.connection,
        scope.project,
        export.id,
        held,
        publication_ids=scope.ids.run("pub_", len(held)),
        holder_ids=scope.ids.hex_run("rh_", len(held)),
        metadata={"export_id": export.id, "source_type": "export", "source_id": export.id},
        request_id=scope.request_id,
        actor=scope.actor,
    )
    for campaign_id, count, _ in _by_campaign(moved):
        await counters.change_counters(
            scope.connection, scope.project.id, campaign_id, held=-count, published=count, publications=count
        )
    return False


async def _release(scope: Scope, export: Export) -> bool:
    held = await store.lock_held(scope.connection, scope.project.id, export.id, CHUNK)
    if not held:
        await _move(scope, export, export.status, None)
        return True
    moved = await store.release_vouchers(scope.connection, scope.project.id, export.id, held)
    for campaign_id, count, disabled in _by_campaign(moved):
        await counters.change_counters(scope.connection, scope.project.id, campaign_id, held=-count, disabled=disabled)
    return False


def _by_campaign(moved: list[Moved]) -> list[Moved]:
    """In the order in which everybody takes several counter rows."""
    return sorted(moved, key=lambda one: one.campaign_id or "")
