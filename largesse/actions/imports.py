"""Codes made elsewhere, brought in by the thousand (docs/semantics/import.md).

Good rows go in, bad rows are reported. Codes of the same campaign (or, from CSV, of a voucher without one) that exist
already are updated.
"""

import os
from typing import Any, Final, NamedTuple

from msgspec.structs import asdict, replace

from largesse.actions.bulk import Outcome, Stopped, bulk_chunk, file_facts, give_up, reason, start_bulk
from largesse.actions.metadata_schemas import schemas_of
from largesse.actions.scope import Scope
from largesse.actions.vouchers import check_template
from largesse.domain import async_actions as states
from largesse.domain.async_actions import (
    CAMPAIGN_IMPORT,
    CAMPAIGN_IMPORT_CSV,
    VOUCHERS_GENERATE,
    VOUCHERS_IMPORT,
    VOUCHERS_IMPORT_CSV,
    AsyncAction,
)
from largesse.domain.campaigns import Campaign, template_of
from largesse.domain.codes import check_code, pick_keys
from largesse.domain.errors import DuplicateKey, InvalidVoucher, LargesseError, NotFound
from largesse.domain.metadata_schemas import VOUCHER, Schemas, check_metadata
from largesse.domain.vouchers import LOYALTY_CARD, State, VoucherTemplate
from largesse.events.catalogue import EventType
from largesse.events.outbox import append, append_all
from largesse.store import async_actions, campaigns, categories, jobs
from largesse.store import voucher_rows as store
from largesse.store.voucher_rows import LockedRow
from largesse.wire.customers import check_metadata_size
from largesse.wire.dates import render
from largesse.wire.imports import VoucherRow, campaign_voucher_of_csv, report_import, voucher_of_csv, voucher_of_json
from largesse.wire.tables import Table, canonical, name_of

TAKEN: Final = "The code is taken"
TWICE: Final = "The code stands in the file more than once"


async def start_import(scope: Scope, rows: list[Any], campaign_id: str | None = None, *, dry_run: bool = False) -> str:
    """`rows`: voucher objects. Returns the async action's id.

    Raises NotFound; InvalidVoucher for rows without a code; DuplicateKey for codes that come twice, and for a campaign
    those that a voucher outside it has.
    """
    campaign = None if campaign_id is None else await _campaign(scope, campaign_id)
    codes = [row.get("code") for row in rows]
    if missing := sum(not code for code in codes):
        raise InvalidVoucher(f"Found {missing} voucher(s) without 'code' value")
    keys = {scope.project.code_key(code) for code in codes}
    duplicates = len(codes) - len(keys)
    if campaign is not None and duplicates == 0:
        duplicates = len(await store.taken_codes(scope.connection, scope.project.id, sorted(keys), campaign.id))
    if duplicates:
        raise DuplicateKey(f"{duplicates} voucher codes(s) already exist.")
    type_ = VOUCHERS_IMPORT if campaign is None else CAMPAIGN_IMPORT
    return await _start(scope, type_, rows, {}, campaign, dry_run=dry_run)


async def start_csv_import(
    scope: Scope, table: Table, campaign_id: str | None = None, *, dry_run: bool = False, with_events: bool = False
) -> str:
    """Returns the async action's id. `with_events`: one for each voucher. Raises NotFound for the campaign."""
    campaign = None if campaign_id is None else await _campaign(scope, campaign_id)
    place = [canonical(column) for column in table.columns].index("code")
    seen: set[str] = set()
    rows = []
    for row in table.rows:
        if "cells" in row:
            code = row["cells"][place].strip()
            key = scope.project.code_key(code)
            if code and key in seen:
                row = {"row": row["row"], "line": row["line"], "fault": TWICE, "code": code}  # noqa: PLW2901
            seen.add(key)
        else:
            row = {**row, "code": name_of(table.columns, row, "code")}  # noqa: PLW2901  # the row as it is kept
        rows.append(row)
    type_ = VOUCHERS_IMPORT_CSV if campaign is None else CAMPAIGN_IMPORT_CSV
    arguments = file_facts(table, "code") | ({"with_events": True} if with_events else {})
    return await _start(scope, type_, rows, arguments, campaign, dry_run=dry_run)


async def _campaign(scope: Scope, id_or_name: str) -> Campaign:
    campaign = await campaigns.get_campaign(scope.connection, scope.project.id, id_or_name)
    if campaign is None:
        raise NotFound.of("campaign", id_or_name)
    return campaign


async def _start(
    scope: Scope,
    type_: str,
    rows: list[Any],
    arguments: dict[str, Any],
    campaign: Campaign | None,
    *,
    dry_run: bool,
) -> str:
    subject = None if campaign is None else campaign.id
    arguments = {**arguments, "campaign_id": subject}
    return await start_bulk(scope, type_, rows, arguments, subject=subject, dry_run=dry_run)


async def import_chunk(scope: Scope, action_id: str) -> bool:
    return await bulk_chunk(scope, action_id, _import, report_import, _announce)


async def fail_import(scope: Scope, action_id: str) -> None:
    await give_up(scope, action_id, report_import)


async def _announce(scope: Scope, action: AsyncAction) -> None:
    campaign_id, done = action.arguments["campaign_id"], action.cursor.get("done", 0)
    if campaign_id is None or not done or action.status != states.DONE:
        return
    if (campaign := await campaigns.get_campaign(scope.connection, scope.project.id, campaign_id)) is not None:
        await append(scope, EventType.CAMPAIGN_VOUCHERS_ADDED, campaign.id, {"campaign": campaign, "done_count": done})


class _Entry(NamedTuple):
    """A row that was understood: its number in the file, and what a new voucher would be like."""

    number: int | None
    row: VoucherRow
    key: str
    template: VoucherTemplate


class _Piece:
    """What becomes of the rows of a piece."""

    def __init__(self, campaign: Campaign | None, schemas: Schemas, *, csv: bool, promised: int) -> None:
        self.campaign = campaign
        self.schemas = schemas
        self.promised = promised
        self.updates_known = campaign is not None or csv
        self.entries: list[_Entry] = []
        self.lines: dict[int | None, int] = {}  # of the file, by row
        self.failed: list[dict[str, Any]] = []
        self.changes: dict[str, int] = {"vouchers": 0, "disabled": 0, "withdrawn": 0}
        self.made: list[str] = []
        self.updated: list[str] = []

    def fail(self, number: int | None, code: str | None, text: str) -> None:
        report: dict[str, Any] = {"code": code} | ({} if number is None else {"row": number})
        if number in self.lines:
            report["line"] = self.lines[number]
        self.failed.append(report | {"reason": text})

    def has_fitting_metadata(self, entry: _Entry, stored: dict[str, Any] | None = None) -> bool:
        """Whether the schema takes the row's metadata; if not it is reported. What a campaign's voucher has from its
        campaign was judged there.
        """
        sent = entry.row.sent
        if sent.metadata is None and (self.campaign is not None or stored is not None):
            return True
        known = entry.template.metadata if stored is None else stored
        try:
            check_metadata_size(known | (sent.metadata or {}))
            check_metadata(self.schemas, VOUCHER, sent.metadata or {}, known)
        except LargesseError as error:
            self.fail(entry.number, sent.code, reason(error))
            return False
        return True

    def is_ours(self, row: LockedRow) -> bool:
        return not row.binned and row.campaign_id == (self.campaign.id if self.campaign else None)


async def _import(scope: Scope, action: AsyncAction, rows: list[Any]) -> Outcome:
    campaign_id = action.arguments["campaign_id"]
    campaign = None
    if campaign_id is not None:
        # Held for the piece: what others add meanwhile waits, so that the ceiling holds.
        campaign = await campaigns.lock_campaign(scope.connection, scope.project.id, campaign_id)
        if campaign is None:
            raise Stopped("The campaign was deleted.")
    columns = action.arguments.get("columns")
    promised = action.cursor.get("vouchers", 0)
    piece = _Piece(campaign, await schemas_of(scope), csv=columns is not None, promised=promised)
    for row in rows:
        _understand(scope, piece, columns, row)
    held = await store.lock_vouchers(scope.connection, scope.project.id, [entry.key for entry in piece.entries])
    known = await _categories(scope, piece)
    new = [entry for entry in piece.entries if entry.key not in held and piece.has_fitting_metadata(entry)]
    await _insert(scope, piece, new, known)
    await _update(scope, piece, [(entry, held[entry.key]) for entry in piece.entries if entry.key in held], known)
    if action.arguments.get("with_events", False):
        await _tell(scope, EventType.VOUCHER_CREATED, piece.made)
        await _tell(scope, EventType.VOUCHER_UPDATED, piece.updated)
    done = len(piece.made) + len(piece.updated)
    return Outcome(done, piece.failed, {campaign_id: {name: by for name, by in piece.changes.items() if by}})


async def _tell(scope: Scope, type_: EventType, voucher_ids: list[str]) -> None:
    changed = await store.get_vouchers(scope.connection, scope.project.id, voucher_ids)
    await append_all(scope, type_, [(voucher.id, {"voucher": voucher}) for voucher in changed])


def _understand(scope: Scope, piece: _Piece, columns: list[str] | None, row: dict[str, Any]) -> None:
    number = row.get("row") if columns is not None else None
    code = row.get("code")
    if columns is not None:
        code = code or name_of(columns, row, "code")
        if "line" in row:
            piece.lines[row["row"]] = row["line"]
    if columns is not None and "fault" in row:
        piece.fail(number, code, row["fault"])
        return
    try:
        if columns is None:
            read = voucher_of_json(row)
        elif piece.campaign is None:
            read = voucher_of_csv(columns, row["cells"], piece.schemas)
        else:
            read = campaign_voucher_of_csv(columns, row["cells"], piece.campaign.voucher["type"], piece.schemas)
        code = read.sent.code or code
        if not code:
            raise InvalidVoucher("Found 1 voucher(s) without 'code' value")
        template = _template(piece.campaign, check_code(code), read)
        piece.entries.append(_Entry(number, read, scope.project.code_key(code), template))
    except LargesseError as error:
        piece.fail(number, code, reason(error))


def _template(campaign: Campaign | None, code: str, row: VoucherRow) -> VoucherTemplate:
    """What a new voucher of the row is like, its category apart. Type and dates come from the campaign."""
    sent = row.sent
    if campaign is None:
        template = sent.template()
        if template.type == LOYALTY_CARD:
            raise InvalidVoucher("A loyalty card can exist only inside a campaign")
    else:
        template = template_of(campaign)
        over: dict[str, Any] = {
            "redemption_quantity": sent.redemption.quantity if sent.redemption else None,
            "amount": (sent.gift.amount if sent.gift and campaign.voucher.get("gift") is not None else None),
            "additional_info": sent.additional_info,
            "metadata": None if sent.metadata is None else template.metadata | sent.metadata,
        }
        if sent.loyalty_card is not None and template.type == LOYALTY_CARD:
            over["amount"] = sent.loyalty_card.points
        template = replace(template, **{name: value for name, value in over.items() if value is not None})
    if row.redeemed > template.amount:
        raise InvalidVoucher(f"Voucher {code} cannot have more redeemed than it had")
    return check_template(template)


async def _categories(scope: Scope, piece: _Piece) -> dict[str, str]:
    """The ids of the categories that the rows name; unknown names make categories."""
    words = {word for entry in piece.entries if (word := entry.row.sent.category or entry.row.sent.category_id)}
    if not words:
        return {}
    found = await categories.find_categories(scope.connection, scope.project.id, sorted(words))
    if new := sorted(words - found.keys()):
        named = [(scope.ids.new("cat_"), name) for name in new]
        await categories.ensure_categories(scope.connection, scope.project.id, named)
        found |= await categories.find_categories(scope.connection, scope.project.id, new)
    return found


def _category_of(entry: _Entry, known: dict[str, str]) -> str | None:
    return known.get(entry.row.sent.category or entry.row.sent.category_id or "")


async def _room(scope: Scope, campaign: Campaign) -> int:
    running = await jobs.jobs_about(scope.connection, scope.project.id, VOUCHERS_GENERATE, campaign.id)
    promised = await async_actions.remaining_codes(scope.connection, scope.project.id, list(running.values()))
    return max(0, scope.project.codes_per_campaign_max - campaign.vouchers_count - promised)


async def _insert(scope: Scope, piece: _Piece, new: list[_Entry], known: dict[str, str]) -> None:
    room = len(new) if piece.campaign is None else await _room(scope, piece.campaign) - piece.promised
    room = max(0, room)
    for entry in new[room:]:
        ceiling = f"A campaign can have at most {scope.project.codes_per_campaign_max} vouchers"
        piece.fail(entry.number, entry.row.sent.code, ceiling)
    batch = sorted(new[:room], key=lambda entry: entry.key)
    if not batch:
        return
    ids = [scope.ids.new("v_") for _ in batch]
    keys = pick_keys(len(batch), os.urandom)
    rows = [
        {"id": id_, "pick_key": pick_key, **_columns(entry, _category_of(entry, known))}
        for id_, pick_key, entry in zip(ids, keys, batch, strict=True)
    ]
    active = piece.campaign is None or piece.campaign.active
    made = await store.import_vouchers(scope.connection, scope.project.id, rows, active=active)
    for id_, entry in zip(ids, batch, strict=True):
        if entry.key not in made:  # somebody was faster
            piece.fail(entry.number, entry.row.sent.code, TAKEN)
            continue
        piece.made.append(id_)
        piece.changes["vouchers"] += 1
        if entry.row.redeemed_quantity:
            piece.changes["withdrawn"] += 1
        elif not made[entry.key]:
            piece.changes["disabled"] += 1


def _columns(entry: _Entry, category_id: str | None) -> dict[str, Any]:
    """The row of `vouchers`, as JSON."""
    template = entry.template
    columns = asdict(template) | {
        "code": entry.row.sent.code,
        "code_key": entry.key,
        # What was redeemed before must not be handed out.
        "state": State.WITHDRAWN if entry.row.redeemed_quantity else State.FREE,
        "redeemed_quantity": entry.row.redeemed_quantity,
        "redeemed": entry.row.redeemed,
        "active": entry.row.sent.active,
        "category_id": category_id or template.category_id,
    }
    for name in ("start_date", "expiration_date"):
        if columns[name] is not None:
            columns[name] = render(columns[name])
    return {name: value for name, value in columns.items() if value is not None}


async def _update(
    scope: Scope, piece: _Piece, known_codes: list[tuple[_Entry, LockedRow]], known: dict[str, str]
) -> None:
    rows, dated = [], []
    for entry, held in known_codes:
        if not (piece.updates_known and piece.is_ours(held)):
            piece.fail(entry.number, entry.row.sent.code, TAKEN)
            continue
        sent = entry.row.sent
        if piece.campaign is None and not piece.has_fitting_metadata(entry, held.metadata):
            continue
        change: dict[str, Any] = {"id": held.id, "active": sent.active, "category_id": _category_of(entry, known)}
        if piece.campaign is None:
            change["start_date"] = None if sent.start_date is None else render(sent.start_date)
            change["expiration_date"] = None if sent.expiration_date is None else render(sent.expiration_date)
            change["additional_info"] = sent.additional_info
            change["metadata"] = None if sent.metadata is None else held.metadata | sent.metadata
            if sent.expiration_date is not None and held.state == State.WITHDRAWN:
                dated.append(held.id)
        if sent.active is not None and sent.active != held.active and held.state == State.FREE:
            piece.changes["disabled"] += 1 if held.active else -1
        rows.append({name: value for name, value in change.items() if value is not None})
        piece.updated.append(held.id)
    if rows:
        await store.change_vouchers(scope.connection, scope.project.id, rows)
    if dated:
        for _, active in await store.restore_vouchers(scope.connection, scope.project.id, dated):
            piece.changes["withdrawn"] -= 1
            piece.changes["disabled"] += 0 if active else 1
