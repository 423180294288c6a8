"""Metadata of many vouchers at once (docs/semantics/import.md)."""

from typing import Any

from largesse.actions.bulk import Outcome, bulk_chunk, error_of, give_up, report_update, start_bulk
from largesse.actions.metadata_schemas import schemas_of
from largesse.actions.scope import Scope
from largesse.domain.async_actions import VOUCHERS_BULK_UPDATE, VOUCHERS_METADATA_UPDATE, AsyncAction
from largesse.domain.errors import LargesseError, NotFound
from largesse.domain.metadata_schemas import VOUCHER, check_metadata
from largesse.events.catalogue import EventType
from largesse.events.outbox import append_all
from largesse.store import voucher_rows as store
from largesse.wire.customers import check_metadata_size


async def start_bulk_update(scope: Scope, rows: list[Any]) -> str:
    """`rows`: {code, metadata} each. Returns the async action's id."""
    slim = [{"code": row["code"], "metadata": row["metadata"]} for row in rows]
    return await start_bulk(scope, VOUCHERS_BULK_UPDATE, slim)


async def start_metadata_update(scope: Scope, codes: list[str], metadata: dict[str, Any]) -> str:
    """The same metadata for all vouchers of these codes; it makes none."""
    return await start_bulk(scope, VOUCHERS_METADATA_UPDATE, codes, {"metadata": metadata})


async def update_chunk(scope: Scope, action_id: str) -> bool:
    return await bulk_chunk(scope, action_id, _update, report_update)


async def metadata_chunk(scope: Scope, action_id: str) -> bool:
    return await bulk_chunk(scope, action_id, _set_metadata, report_update)


async def fail_update(scope: Scope, action_id: str) -> None:
    await give_up(scope, action_id, report_update)


async def _update(scope: Scope, _action: AsyncAction, rows: list[Any]) -> Outcome:
    return await _merge_metadata(scope, [(row["code"], row["metadata"]) for row in rows])


async def _set_metadata(scope: Scope, action: AsyncAction, rows: list[Any]) -> Outcome:
    metadata = action.arguments["metadata"]
    return await _merge_metadata(scope, [(code, metadata) for code in rows])


async def _merge_metadata(scope: Scope, sent: list[tuple[str, dict[str, Any]]]) -> Outcome:
    """Metadata merges by key; a code twice counts one after the other."""
    project = scope.project
    keys = [project.code_key(code) for code, _ in sent]
    schemas = await schemas_of(scope)
    held = await store.lock_vouchers(scope.connection, project.id, keys)
    merged: dict[str, dict[str, Any]] = {}  # by voucher id
    failed = []
    for key, (code, metadata) in zip(keys, sent, strict=True):
        try:
            row = held.get(key)
            if row is None or row.binned:
                raise NotFound.of("voucher", code)
            after = merged.get(row.id, row.metadata) | metadata
            check_metadata_size(after)
            check_metadata(schemas, VOUCHER, metadata, after)
            merged[row.id] = after
        except LargesseError as error:
            failed.append(error_of(error, code))
    before = {row.id: row.metadata for row in held.values()}
    rows: list[dict[str, Any]] = [
        {"id": id_, "metadata": metadata} for id_, metadata in merged.items() if metadata != before[id_]
    ]
    if rows:
        await store.change_vouchers(scope.connection, project.id, rows)
        changed = await store.get_vouchers(scope.connection, project.id, [str(row["id"]) for row in rows])
        await append_all(scope, EventType.VOUCHER_UPDATED, [(voucher.id, {"voucher": voucher}) for voucher in changed])
    return Outcome(len(sent) - len(failed), failed, {})
