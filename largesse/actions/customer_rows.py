"""Many customers at once: bulk updates and imports (docs/semantics/import.md)."""

from collections.abc import Collection
from typing import Any, Final

from largesse.actions.bulk import Outcome, bulk_chunk, error_of, file_facts, give_up, reason, report_update, start_bulk
from largesse.actions.metadata_schemas import schemas_of
from largesse.actions.scope import Scope
from largesse.domain.async_actions import (
    CUSTOMERS_BULK_UPDATE,
    CUSTOMERS_IMPORT_CSV,
    CUSTOMERS_METADATA_UPDATE,
    AsyncAction,
)
from largesse.domain.customers import Customer, Profile, check_source_id, merged
from largesse.domain.errors import InvalidPayload, LargesseError, NotFound
from largesse.domain.metadata_schemas import CUSTOMER, Schemas, check_metadata
from largesse.events.catalogue import EventType
from largesse.events.outbox import append_all
from largesse.store import customers as store
from largesse.store.customers import LockedCustomer
from largesse.wire.customers import CustomerInput, check_metadata_size
from largesse.wire.imports import check_identified, customer_of_csv, report_customers
from largesse.wire.nulls import Nulls
from largesse.wire.parse import convert
from largesse.wire.tables import Table, name_of

_Key = tuple[str, str]  # ("id" | "source_id" | "row", which one)
_NAMES: Final = ("source id", "id")
_NOBODY: Final = "Property .source_id is required"


async def save_customers(
    scope: Scope, sent: list[CustomerInput], nulls: Nulls = Nulls.ABSENT
) -> dict[int, LargesseError]:
    """`save_customer` for many: two statements whatever their number. Returns what was wrong with which.

    Rows about the same customer count one after the other. A row without id and source_id is a new customer.
    """
    writing = _Writing(await _known(scope, sent), await schemas_of(scope), nulls)
    faults: dict[int, LargesseError] = {}
    for place, one in enumerate(sent):
        try:
            writing.add(place, one)
        except LargesseError as error:
            faults[place] = error
    await _write(scope, writing)
    return faults


async def _known(scope: Scope, sent: list[CustomerInput]) -> list[LockedCustomer]:
    names = {one.id or one.source_id for one in sent} - {None, ""}
    return await store.lock_customers(scope.connection, scope.project.id, sorted(name for name in names if name))


class _Writing:
    """What is to be written, one profile for each customer. New customers, and metadata sent, must fit the schema."""

    def __init__(self, known: list[LockedCustomer], schemas: Schemas, nulls: Nulls) -> None:
        self._schemas = schemas
        self._nulls = nulls
        self._by_id = {customer.id: customer for customer in known}
        self._by_source_id = {customer.source_id: customer for customer in known if customer.source_id is not None}
        self.profiles: dict[_Key, Profile] = {}

    @property
    def source_ids(self) -> Collection[str]:
        """Of those that are there."""
        return self._by_source_id.keys()

    def add(self, place: int, one: CustomerInput) -> None:
        """Raises NotFound, InvalidPayload, MetadataValidationFailed."""
        key, known = self._meant(place, one)
        sent = profile = one.profile(self._nulls)
        if (before := self.profiles.get(key)) is not None:
            profile = merged(before, profile)
        kept = known.metadata if known and "metadata" not in profile.cleared else {}
        check_metadata_size(kept | (profile.metadata or {}))
        if known is None or sent.metadata is not None or "metadata" in sent.cleared:
            check_metadata(self._schemas, CUSTOMER, profile.metadata or {}, kept if known else None)
        self.profiles[key] = profile

    def _meant(self, place: int, one: CustomerInput) -> tuple[_Key, LockedCustomer | None]:
        if one.id is not None:
            if one.id not in self._by_id:
                raise NotFound.of("customer", one.id)
            return ("id", one.id), self._by_id[one.id]
        if one.source_id is None:
            return ("row", str(place)), None
        if (known := self._by_source_id.get(one.source_id)) is not None:
            return ("id", known.id), known
        if (known := self._by_id.get(one.source_id)) is not None:
            return ("id", known.id), known
        return ("source_id", check_source_id(one.source_id)), None


async def _write(scope: Scope, writing: _Writing) -> None:
    upserts, updates = [], []
    for (kind, name), profile in writing.profiles.items():
        if kind == "id":
            updates.append((name, profile))
        else:
            upserts.append((scope.ids.new("cust_"), name if kind == "source_id" else None, profile))
    changed: list[Customer] = []
    made: list[Customer] = []
    if upserts:
        new = {new_id for new_id, _, _ in upserts}
        for customer in await store.upsert_customers(scope.connection, scope.project.id, upserts, writing.source_ids):
            (made if customer.id in new else changed).append(customer)
    if updates:
        changed += await store.update_customers(scope.connection, scope.project.id, updates)
    for type_, customers in ((EventType.CUSTOMER_CREATED, made), (EventType.CUSTOMER_UPDATED, changed)):
        await append_all(scope, type_, [(customer.id, {"customer": customer}) for customer in customers])


async def start_bulk_update(scope: Scope, rows: list[Any], nulls: Nulls) -> str:
    """`rows`: customer objects with a source_id. Returns the async action's id."""
    return await start_bulk(scope, CUSTOMERS_BULK_UPDATE, rows, {"nulls": nulls})


async def start_metadata_update(scope: Scope, source_ids: list[str], metadata: dict[str, Any]) -> str:
    """The same metadata for all; those that don't exist are made."""
    return await start_bulk(scope, CUSTOMERS_METADATA_UPDATE, source_ids, {"metadata": metadata})


async def update_chunk(scope: Scope, action_id: str) -> bool:
    return await bulk_chunk(scope, action_id, _update, report_update)


async def metadata_chunk(scope: Scope, action_id: str) -> bool:
    return await bulk_chunk(scope, action_id, _set_metadata, report_update)


async def fail_update(scope: Scope, action_id: str) -> None:
    await give_up(scope, action_id, report_update)


async def _update(scope: Scope, action: AsyncAction, rows: list[Any]) -> Outcome:
    # An id in the row isn't one of this operation's fields: only source_id names a customer here.
    sent = convert([row | {"id": None} for row in rows], list[CustomerInput])
    return await _save_named(scope, sent, Nulls(action.arguments.get("nulls", Nulls.ABSENT)))


async def _set_metadata(scope: Scope, action: AsyncAction, rows: list[Any]) -> Outcome:
    one = convert({"metadata": action.arguments["metadata"]}, CustomerInput)
    return await _save_named(scope, [CustomerInput(source_id=row, metadata=one.metadata) for row in rows])


async def _save_named(scope: Scope, sent: list[CustomerInput], nulls: Nulls = Nulls.ABSENT) -> Outcome:
    named = [one for one in sent if one.source_id is not None]
    faults = await save_customers(scope, named, nulls)
    failed = [error_of(error, named[place].source_id) for place, error in faults.items()]
    failed += [error_of(InvalidPayload(_NOBODY), None)] * (len(sent) - len(named))
    return Outcome(len(sent) - len(failed), failed, {})


async def start_csv_import(scope: Scope, table: Table, *, dry_run: bool = False) -> str:
    """Returns the async action's id. Raises InvalidPayload for a file in which nobody could be identified."""
    check_identified(table.columns)
    rows = [row if "cells" in row else {**row, "source_id": name_of(table.columns, row, *_NAMES)} for row in table.rows]
    facts = file_facts(table, *_NAMES, "phone")
    return await start_bulk(scope, CUSTOMERS_IMPORT_CSV, rows, facts, dry_run=dry_run)


async def import_chunk(scope: Scope, action_id: str) -> bool:
    return await bulk_chunk(scope, action_id, _import, report_customers)


async def fail_import(scope: Scope, action_id: str) -> None:
    await give_up(scope, action_id, report_customers)


async def _import(scope: Scope, action: AsyncAction, rows: list[Any]) -> Outcome:
    columns, schemas = action.arguments["columns"], await schemas_of(scope)
    sent: list[tuple[dict[str, Any], CustomerInput]] = []
    failed: list[dict[str, Any]] = []

    def fail(row: dict[str, Any], text: str) -> None:
        name = row.get("source_id") or name_of(columns, row, *_NAMES)
        where = {"row": row["row"]} | ({"line": row["line"]} if "line" in row else {})
        failed.append({"source_id": name} | where | {"reason": text})

    for row in rows:
        if "fault" in row:
            fail(row, row["fault"])
            continue
        try:
            sent.append((row, customer_of_csv(columns, row["cells"], schemas)))
        except LargesseError as error:
            fail(row, reason(error))
    for place, fault in (await save_customers(scope, [one for _, one in sent])).items():
        fail(sent[place][0], reason(fault))
    failed.sort(key=lambda report: int(report["row"]))
    return Outcome(len(rows) - len(failed), failed, {})
