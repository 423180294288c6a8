"""Exports: what goes into the file, how many codes leave with it, how far it is, and the file."""

from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from largesse.actions import exports as actions
from largesse.actions.campaigns import get_campaign
from largesse.dashboard.clocks import day_of
from largesse.dashboard.downloads import without_formulas
from largesse.dashboard.forms import Form
from largesse.dashboard.listing import ROWS, Listing
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.errors import NotFound
from largesse.domain.exports import CSV, CUSTOMER, OBJECTS, PUBLICATION, TRANSACTION, VOUCHER, Export, heading
from largesse.store import exports as store
from largesse.store.campaigns import list_campaigns
from largesse.store.lists import Narrowing
from largesse.store.provenance import name_actors
from largesse.wire.dates import render
from largesse.wire.exports import MEDIA_TYPES, ORDERS, ExportInput, read_parameters
from largesse.wire.parse import parse_value

PAGES_MAX: Final = 100
CAMPAIGNS: Final = 100
KINDS: Final = {
    PUBLICATION: ("Publications", "who got which code when, and through which channel"),
    VOUCHER: ("Vouchers", "the codes themselves: exporting free codes publishes them, unless you say otherwise"),
    CUSTOMER: ("Customers", "profiles, with what they got"),
    TRANSACTION: ("Balance changes", "what was added to and taken from gift and loyalty cards"),
}
_WITH_CAMPAIGN: Final = frozenset({VOUCHER, PUBLICATION, TRANSACTION})
_FIELDS: Final = {"parameters.fields": "fields"}
_CAMPAIGN_FILTERS: Final = {PUBLICATION: "campaign_name", TRANSACTION: "campaign_id"}


async def list_(view: View) -> Response:
    query = view.query
    page = query.page(orders=ORDERS, page_max=PAGES_MAX)
    query.check()
    order = ("-" if page.descending else "") + page.order
    async with view.work() as scope:
        found = await store.list_exports(
            scope.connection, scope.project, order=order, limit=ROWS, offset=(page.page - 1) * ROWS
        )
        total = await store.count_exports(scope.connection, scope.project)
        names = await name_actors(scope.connection, scope.project.id, [one.user_id for one in found])
    listing = Listing(view, found, page=page.page, total=total, order=order, page_max=PAGES_MAX)
    return view.page("exports.html", listing=listing, kinds=KINDS, names=names)


async def new(view: View) -> Response:
    """Without an object it is asked for one."""
    wanted = view.query.text("object") or ""
    if wanted not in KINDS:
        return view.page("export_kinds.html", kinds=KINDS)
    fields = [("fields", name) for name in OBJECTS[wanted].defaults]
    given = [
        ("object", wanted),
        ("format", CSV),
        ("publish", "on"),
        ("campaign_id", view.query.text("campaign_id") or ""),
    ]
    return await _form(view, Form([*given, *fields]))


async def create(view: View) -> Response:
    """Two steps: what will happen is shown first, and then sent again with `sure`."""
    form = await view.form()
    kind = form.text("object")
    if kind not in KINDS:
        raise NotFound(f"There are no exports of {kind[:50]}")
    body = await _body(view, form)
    if not form.is_refused:
        with form.refusing(_FIELDS):
            sent = parse_value(body, ExportInput)
            if not form.checked("sure"):
                return await _summary(view, form, sent, await _publishable(view, form, sent))
            async with view.work() as scope:
                export = await actions.create_export(scope, sent)
            return view.go(f"/exports/{export.id}")
    return await _form(view, form, 400)


async def _publishable(view: View, form: Form, sent: ExportInput) -> int:
    """How many codes leave the pool with the file. Raises what making it would raise about its parameters."""
    if sent.parameters is not None:
        read_parameters(OBJECTS[sent.exported_object], sent.parameters)
    if form.text("object") != VOUCHER or not (form.checked("publish") and view.project.publish_on_voucher_export):
        return 0
    async with view.work() as scope:
        return await actions.count_publishable(scope, sent)


async def _summary(view: View, form: Form, sent: ExportInput, publishes: int) -> Response:
    return view.page(
        "export_summary.html", form=form, kind=KINDS[sent.exported_object], publishes=publishes, heading=heading,
        campaign=await _campaign_name(view, form.text("campaign_id")),
    )  # fmt: skip


async def _body(view: View, form: Form) -> dict[str, Any]:
    kind = form.text("object")
    filters: dict[str, Any] = {}
    zone = view.project.time_zone
    days = {"$after": day_of(form, "from", zone), "$before": day_of(form, "until", zone, after=1)}
    if given := {operator: [render(day)] for operator, day in days.items() if day is not None}:
        filters["created_at"] = {"conditions": given}
    if kind == PUBLICATION and form.given("result"):
        filters["result"] = {"conditions": {"$is": [form.text("result")]}}
    parameters: dict[str, Any] = {"fields": form.all("fields"), "format": form.text("format") or CSV}
    campaign_id = form.given("campaign_id")
    if campaign_id and kind == VOUCHER:
        parameters["campaign_id"] = campaign_id
    elif campaign_id and kind in _CAMPAIGN_FILTERS:
        value = await _campaign_name(view, campaign_id) if kind == PUBLICATION else campaign_id
        filters[_CAMPAIGN_FILTERS[kind]] = {"conditions": {"$is": [value]}}
    if kind == VOUCHER:
        parameters["publish"] = form.checked("publish")
    if not form.all("fields"):
        form.fault("fields", "Choose at least one column.")
    return {"exported_object": kind, "parameters": parameters | ({"filters": filters} if filters else {})}


async def _campaign_name(view: View, campaign_id: str) -> str:
    if not campaign_id:
        return ""
    async with view.work() as scope:
        return (await get_campaign(scope, campaign_id)).name


async def _form(view: View, form: Form, status: int = 200) -> Response:
    kind = form.text("object")
    campaigns = []
    if kind in _WITH_CAMPAIGN:
        async with view.work() as scope:
            campaigns = await list_campaigns(
                scope.connection, scope.project, Narrowing(), order="-created_at", limit=CAMPAIGNS, offset=0
            )
    return view.page(
        "export_form.html", status, form=form, kind=KINDS[kind], columns=list(OBJECTS[kind].fields), heading=heading,
        campaigns=[("", "All"), *((one.id, one.name) for one in campaigns)],
    )  # fmt: skip


async def show(view: View) -> Response:
    export = await _find(view)
    async with view.work() as scope:
        names = await name_actors(scope.connection, scope.project.id, [export.user_id])
    return view.page("export.html", export=export, kind=KINDS[export.exported_object], names=names, heading=heading)


async def ask_to_delete(view: View) -> Response:
    export = await _find(view)
    return view.page("export_delete.html", export=export, kind=KINDS[export.exported_object], form=Form())


async def delete(view: View) -> Response:
    form, export = await view.form(), await _find(view)
    if not form.confirms(KINDS[export.exported_object][0]):
        return view.page("export_delete.html", 400, export=export, kind=KINDS[export.exported_object], form=form)
    async with view.work() as scope:
        await actions.delete_export(scope, export.id)
    return view.go("/exports", "The export was deleted. What it published stays published.")


async def download(view: View) -> Response:
    """The file, without formulas in it if it is for a spreadsheet."""
    export = await _find(view)
    if not export.available:
        raise NotFound("The file isn't ready, or its time is up: make the export again")
    pieces = _pieces(view, export)
    return StreamingResponse(
        without_formulas(pieces) if export.format == CSV else pieces,
        media_type="text/csv; charset=utf-8" if export.format == CSV else MEDIA_TYPES[export.format],
        headers={"content-disposition": f'attachment; filename="{export.id}.{export.format.lower()}"'},
    )


async def _pieces(view: View, export: Export) -> AsyncIterator[bytes]:
    """One at a time: a slow reader keeps one in memory, and no connection of ours."""
    for number in range(export.pieces):
        async with view.connected() as connection:
            piece = await store.get_piece(connection, view.project.id, export.id, number)
        if piece is None:  # deleted meanwhile: all that is left is to cut the connection
            raise NotFound.of("export", export.id)
        yield piece


async def _find(view: View) -> Export:
    async with view.work() as scope:
        return await actions.get_export(scope, view.parameter("export_id"))


PAGES = [
    Page("/exports", list_),
    Page("/exports/new", new, role="user"),
    Page("/exports/new", create, methods=["POST"]),
    Page("/exports/{export_id}", show),
    Page("/exports/{export_id}/file", download),
    Page("/exports/{export_id}/delete", ask_to_delete, role="user"),
    Page("/exports/{export_id}/delete", delete, methods=["POST"]),
]
