"""/v1/exports, and the files that they make."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from largesse.actions import exports
from largesse.actions.scope import Scope
from largesse.auth.shares import Holder
from largesse.domain.errors import (
    Forbidden,
    InvalidExportFields,
    InvalidPayload,
    InvalidQueryParams,
    LargesseError,
    NotBuilt,
    NotFound,
    TooManyExports,
    Unauthorized,
)
from largesse.domain.exports import Export, scopes_of
from largesse.http import edge
from largesse.http.connections import NOBODY, connected
from largesse.http.edge import SERVER_KEYS, Exchange
from largesse.http.requests import (
    caller,
    exchange,
    path_parameter,
    project,
    read_body,
    read_query,
    require_scopes,
    respond,
    respond_empty,
    services,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.store import exports as store
from largesse.store.projects import is_open
from largesse.wire.exports import (
    MEDIA_TYPES,
    ORDERS,
    ExportInput,
    TransactionExportInput,
    TransactionParameters,
    render_export,
)
from largesse.wire.lists import TEXT, page_schema

PATH: Final = "/v1/exports/"
PAGE_MAX: Final = 100
_MISSING: Final = (
    "the objects `redemption`, `order` and `points_expiration` (501); of customers"
    " the filters on how often they redeemed and ordered, and on loyalty tiers"
)
_ERRORS: Final[list[type[LargesseError]]] = [
    InvalidPayload,
    InvalidExportFields,
    NotFound,
    NotBuilt,
    TooManyExports,
]


def is_download(exchange: Exchange) -> bool:
    """Whether the address may be what opens it: the route decides."""
    query: bytes = exchange.scope["query_string"]
    return exchange.path.startswith(PATH) and exchange.method in {"GET", "HEAD"} and b"token=" in query


async def create(request: Request) -> Response:
    """Begin an export; its file is made in the background. Exporting vouchers publishes them"""
    sent = await read_body(request, ExportInput)
    async with unit_of_work(request) as scope:
        export = await exports.create_export(scope, sent)
        require_scopes(request, scopes_of(export))
        if export.publishes and not caller(request).may("publications"):
            raise Forbidden(
                "This export publishes vouchers, which needs the scope publications: or send publish: false"
            )
    return _respond(request, export)


async def list_(request: Request) -> Response:
    """List exports, newest first"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    query.check()
    async with unit_of_work(request) as scope:
        found = await store.list_exports(scope.connection, scope.project, **page.wanted)
        total = await store.count_exports(scope.connection, scope.project)
    shown = [_render(request, export) for export in found]
    for export, each in zip(found, shown, strict=True):
        if not caller(request).may(*scopes_of(export)):
            each["result"] = None  # its address opens the file
    return respond(page.envelope("exports", shown, total))


async def get(request: Request) -> Response:
    """Get an export; with `token`, its file. Keys open the file too, whatever the token"""
    token = read_query(request).text("token")
    known = exchange(request)
    id_ = path_parameter(request, "export_id")
    if token is not None:
        return await _download(request, await _owner(request, token, id_), id_)
    if known.caller is None:  # a `token` that says nothing
        await edge.admit(known)
        edge.check_kind(known, SERVER_KEYS)
    async with unit_of_work(request) as scope:
        export = await exports.get_export(scope, id_)
    require_scopes(request, scopes_of(export))
    return _respond(request, export)


async def delete(request: Request) -> Response:
    """Delete an export with its file; one that isn't done gives back the vouchers that it holds"""
    async with unit_of_work(request) as scope:
        export = await exports.get_export(scope, path_parameter(request, "export_id"))
        require_scopes(request, scopes_of(export))
        await exports.delete_export(scope, export.id)
    return respond_empty()


async def export_voucher_transactions(request: Request) -> Response:
    """Export what changed the balance of a card"""
    return await _export_transactions(request, "code", exports.export_voucher_transactions)


async def export_campaign_transactions(request: Request) -> Response:
    """Export what changed the balances of a campaign's cards"""
    return await _export_transactions(request, "campaign_id", exports.export_campaign_transactions)


async def _export_transactions(
    request: Request, name: str, begin: Callable[[Scope, str, TransactionParameters], Awaitable[Export]]
) -> Response:
    sent = await read_body(request, TransactionExportInput)
    async with unit_of_work(request) as scope:
        export = await begin(scope, path_parameter(request, name), sent.parameters or TransactionParameters())
    return _respond(request, export)


def _respond(request: Request, export: Export) -> Response:
    return respond(_render(request, export))


def _render(request: Request, export: Export) -> dict[str, Any]:
    ours = services(request)
    return render_export(export, ours.asset_tokens, ours.public_url, project(request).id)


async def _owner(request: Request, token: str, id: str) -> int:
    """The project whose export the token, or else the keys, may open. Raises Unauthorized."""
    known = exchange(request)
    try:
        project_id, export_id = known.services.asset_tokens.read("export", token)
    except NotFound:
        export_id = None
    if export_id == id:
        return project_id
    await edge.authenticate(known)
    edge.limit_rate(known)
    edge.check_scope(known)
    edge.check_kind(known, SERVER_KEYS)
    return project(request).id


async def _download(request: Request, project_id: int, id: str) -> Response:
    ours = services(request)
    async with connected(ours, Holder(project_id, NOBODY)) as connection:
        export = await store.get_export(connection, project_id, id) if await is_open(connection, project_id) else None
    if export is None or not export.available:
        raise NotFound.of("export", id)
    if exchange(request).caller is not None:  # keys opened it, not its address
        require_scopes(request, scopes_of(export))
    headers = {
        "content-length": str(export.bytes),
        "content-disposition": f'attachment; filename="{export.id}.{export.format.lower()}"',
        "x-content-type-options": "nosniff",
    }
    media_type = MEDIA_TYPES[export.format]
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type=media_type)
    return StreamingResponse(_pieces(request, project_id, export), headers=headers, media_type=media_type)


async def _pieces(request: Request, project_id: int, export: Export) -> AsyncIterator[bytes]:
    """Piece by piece: a slow reader keeps one in memory, and no connection of ours."""
    for number in range(export.pieces):
        async with connected(services(request), Holder(project_id, NOBODY)) as connection:
            piece = await store.get_piece(connection, project_id, export.id, number)
        if piece is None:  # deleted meanwhile: all that is left is to cut the connection
            raise NotFound.of("export", export.id)
        yield piece


_QUERY: Final = page_schema(ORDERS, PAGE_MAX)

ROUTES = [
    Route("/v1/exports", create, methods=["POST"], body=ExportInput, errors=_ERRORS, missing=_MISSING),
    Route("/v1/exports", list_, methods=["GET"], query=_QUERY, errors=[InvalidQueryParams]),
    Route("/v1/exports/{export_id}", get, methods=["GET"], query={"token": TEXT}, errors=[NotFound, Unauthorized]),
    Route("/v1/exports/{export_id}", delete, methods=["DELETE"], errors=[NotFound]),
    Route(
        "/v1/vouchers/{code}/transactions/export",
        export_voucher_transactions,
        methods=["POST"],
        body=TransactionExportInput,
        errors=_ERRORS,
    ),
    Route(
        "/v1/campaigns/{campaign_id}/transactions/export",
        export_campaign_transactions,
        methods=["POST"],
        body=TransactionExportInput,
        errors=[*_ERRORS, Forbidden],
    ),
]
