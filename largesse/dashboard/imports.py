"""Imports: a file, what its columns are, what would come of it row by row, and then the import."""

import asyncio
from typing import Final

from starlette.responses import Response

from largesse.actions import uploads as actions
from largesse.actions.uploads import CUSTOMERS, IGNORE, VOUCHERS
from largesse.dashboard.forms import Form
from largesse.dashboard.headings import guess
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.async_actions import (
    CAMPAIGN_IMPORT,
    CAMPAIGN_IMPORT_CSV,
    CUSTOMERS_IMPORT_CSV,
    VOUCHERS_IMPORT,
    VOUCHERS_IMPORT_CSV,
    AsyncAction,
)
from largesse.domain.errors import InvalidPayload, NotFound, PayloadTooLarge
from largesse.domain.exports import heading
from largesse.store.async_actions import get_async_action, list_actions_of
from largesse.store.campaigns import list_campaigns
from largesse.store.lists import Narrowing
from largesse.store.uploads import Upload, delete_upload
from largesse.wire.delimited import Delimiter, Encoding
from largesse.wire.imports import CAMPAIGN_COLUMNS, CUSTOMER_COLUMNS, VOUCHER_COLUMNS
from largesse.wire.tables import Table, canonical, read_table

HISTORY: Final = 50
CAMPAIGNS: Final = 100
PREVIEW: Final = 5
FAILED_SHOWN: Final = 100
AS_METADATA: Final = "="
"""In an address, where an empty value would be left out."""
KINDS: Final = {
    VOUCHERS_IMPORT: "Vouchers",
    VOUCHERS_IMPORT_CSV: "Vouchers",
    CAMPAIGN_IMPORT: "Vouchers of a campaign",
    CAMPAIGN_IMPORT_CSV: "Vouchers of a campaign",
    CUSTOMERS_IMPORT_CSV: "Customers",
}
LOOKED_AT: Final = 100
"""Rows whose cells tell what a column is."""
_DELIMITERS: Final = (
    ("", "Find out"), (Delimiter.COMMA, "Commas"), (Delimiter.SEMICOLON, "Semicolons"), (Delimiter.TAB, "Tabs"),
    (Delimiter.PIPE, "Vertical bars"),
)  # fmt: skip
_ENCODINGS: Final = (
    ("", "Find out"), (Encoding.UTF_8, "UTF-8"), (Encoding.UTF_16, "UTF-16"), (Encoding.WINDOWS_1252, "Windows (1252)"),
    (Encoding.ISO_8859_1, "ISO 8859-1"),
)  # fmt: skip
_WHAT: Final = (
    (CUSTOMERS, "Customers", "known ones, by their id or source id, are updated"),
    (VOUCHERS, "Vouchers", "codes that exist already are updated"),
)


async def list_(view: View) -> Response:
    return await _list(view, Form.of(kind=CUSTOMERS, campaign_id=view.query.text("campaign_id")))


async def _list(view: View, form: Form, status: int = 200) -> Response:
    async with view.work() as scope:
        history = await list_actions_of(scope.connection, scope.project.id, list(KINDS), HISTORY)
        campaigns = await list_campaigns(
            scope.connection, scope.project, Narrowing(), order="-created_at", limit=CAMPAIGNS, offset=0
        )
    return view.page(
        "imports.html", status, form=form, history=history, kinds=KINDS, what=_WHAT,
        campaigns=[("", "None"), *((one.id, one.name) for one in campaigns)],
        bytes_max=view.services.body_bytes_max, delimiters=_DELIMITERS, encodings=_ENCODINGS,
    )  # fmt: skip


async def upload(view: View) -> Response:
    try:
        form = await view.form()
    except PayloadTooLarge:
        form = Form.of(kind=CUSTOMERS)
        form.fault("file", f"Must not be larger than {view.services.body_bytes_max // 1_048_576} MB. Cut it in pieces.")
        return await _list(view, form, 413)
    content = form.files.get("file", b"")
    kind = form.text("kind")
    if not content:
        form.fault("file", "Choose a file that has something in it.")
    if kind not in (VOUCHERS, CUSTOMERS):
        form.fault("kind", "Choose what is in the file.")
    delimiter, encoding = form.given("delimiter"), form.given("encoding")
    if delimiter is not None and delimiter not in set(Delimiter):
        form.fault("delimiter", "Choose one of these.")
    if encoding is not None and encoding not in set(Encoding):
        form.fault("encoding", "Choose one of these.")
    if not form.is_refused:
        with form.refusing():
            if not (await _read(content, delimiter, encoding)).rows:
                raise InvalidPayload("The file has headings and no rows. Choose one that has some.")
            async with view.work() as scope:
                upload_id = await actions.keep_upload(
                    scope,
                    kind=kind,
                    campaign_id=form.given("campaign_id") if kind == VOUCHERS else None,
                    content=content,
                    delimiter=delimiter,
                    encoding=encoding,
                )
            return view.go(f"/imports/{upload_id}")
        form.errors = {"file": " ".join(form.problems)}  # whatever it is, it is about the file
        form.problems = []
    return await _list(view, form, 400)


async def _read(content: bytes, delimiter: str | None, encoding: str | None) -> Table:
    # Ten megabytes take a while: others are served meanwhile.
    return await asyncio.to_thread(
        read_table,
        content,
        delimiter=Delimiter(delimiter) if delimiter else None,
        encoding=Encoding(encoding) if encoding else None,
    )


async def choose(view: View) -> Response:
    """What the columns are: guessed at first, then as they were chosen for the check that is shown."""
    upload = await _find(view)
    table = await _read(upload.content, upload.delimiter, upload.encoding)
    choices = _choices(upload)
    said = {name: text.removeprefix(AS_METADATA) for name, text in view.query.pairs if name[1:].isdigit()}
    guesses = guess(table.columns, choices, table.rows[:LOOKED_AT])
    guessed = {f"c{place}": name for place, name in enumerate(guesses)}
    return await _choose(view, upload, table, Form(list((guessed | said).items())), check=view.query.text("check"))


async def _choose(
    view: View, upload: Upload, table: Table, form: Form, *, check: str | None = None, status: int = 200
) -> Response:
    action = None if check is None else await _action(view, check)
    choices = [(name, heading(name.replace(" ", "_"))) for name in _choices(upload)]
    return view.page(
        "import_columns.html", status, upload=upload, table=table, form=form, action=action,
        choices=[("", "Metadata, under its own name"), (IGNORE, "Leave it out"), *choices],
        preview=[row for row in table.rows if "cells" in row][:PREVIEW], failed_shown=FAILED_SHOWN,
    )  # fmt: skip


async def begin(view: View) -> Response:
    """`step` says what: only look what would come of it, import, or forget the file."""
    form, upload = await view.form(), await _find(view)
    if form.text("step") == "forget":
        async with view.work() as scope:
            await delete_upload(scope.connection, scope.project.id, upload.id)
        return view.go("/imports", "The file was forgotten. Nothing was imported.")
    table = await _read(upload.content, upload.delimiter, upload.encoding)
    said = {place: form.text(f"c{place}") for place in range(len(table.columns))}
    allowed = {"", IGNORE, *_choices(upload)}
    if unknown := [place for place, name in said.items() if name not in allowed]:
        form.fault(f"c{unknown[0]}", "Choose one of these.")
    known = {canonical(name) for name in _choices(upload)}
    for place, name in said.items():
        if name == "" and canonical(table.columns[place]) in known:
            form.fault(f"c{place}", "A column of this name is never metadata: choose what it is, or leave it out.")
    dry_run = form.text("step") != "import"
    if not form.is_refused:
        with form.refusing():
            chosen = {place: heading(name.replace(" ", "_")) if name not in ("", IGNORE) else name
                      for place, name in said.items()}  # fmt: skip
            async with view.work() as scope:
                action_id = await actions.import_upload(
                    scope, upload, actions.with_columns(table, chosen), dry_run=dry_run
                )
            if dry_run and action_id is not None:
                kept = {f"c{place}": name or AS_METADATA for place, name in said.items()}
                return view.go(f"/imports/{upload.id}", check=action_id, **kept)
            if action_id is not None:
                return view.go(f"/imports/actions/{action_id}")
    if not form.is_refused:
        raise NotFound.of("upload", upload.id)  # somebody else was faster
    return await _choose(view, upload, table, form, status=400)


async def show(view: View) -> Response:
    action = await _action(view, view.parameter("action_id"))
    return view.page("import.html", action=action, kinds=KINDS, failed_shown=FAILED_SHOWN)


async def _action(view: View, action_id: str) -> AsyncAction:
    """An import. Raises NotFound, for other actions too."""
    async with view.work() as scope:
        action = await get_async_action(scope.connection, scope.project.id, action_id)
    if action is None or action.type not in KINDS:
        raise NotFound.of("import", action_id)
    return action


async def _find(view: View) -> Upload:
    async with view.work() as scope:
        return await actions.get_upload(scope, view.parameter("upload_id"))


def _choices(upload: Upload) -> tuple[str, ...]:
    if upload.kind == CUSTOMERS:
        return CUSTOMER_COLUMNS
    return VOUCHER_COLUMNS if upload.campaign_id is None else CAMPAIGN_COLUMNS


PAGES = [
    Page("/imports", list_),
    Page("/imports", upload, methods=["POST"]),
    Page("/imports/actions/{action_id}", show),
    Page("/imports/{upload_id}", choose, role="user"),
    Page("/imports/{upload_id}", begin, methods=["POST"]),
]
