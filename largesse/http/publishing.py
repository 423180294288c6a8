"""The ways to publish besides `POST /v1/publications`; they end in the same queue."""

import contextlib
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.vouchers import entries_of
from largesse.domain.errors import (
    DuplicateSourceId,
    Forbidden,
    IntegrationApiKeyRequired,
    InvalidQueryParams,
    MetadataValidationFailed,
    MethodNotAllowed,
    MissingVouchers,
    NotFound,
    NoVoucherSuitableForPublication,
    TooManyVouchersRequested,
    Unavailable,
    VoucherAlreadyPublished,
    VoucherCannotBePublished,
)
from largesse.http.edge import CLIENT_KEYS, INTEGRATION_KEYS
from largesse.http.publications import publish_wanted, published
from largesse.http.requests import (
    JSON,
    exchange,
    project,
    read_body,
    read_query,
    respond,
    services,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.wire.publications import PublicationInput, read_publication_query, render_publication
from largesse.wire.vouchers import render_voucher

REFUSALS: Final = (
    MissingVouchers,
    TooManyVouchersRequested,
    VoucherAlreadyPublished,
    VoucherCannotBePublished,
    NoVoucherSuitableForPublication,
    DuplicateSourceId,
    NotFound,
    MetadataValidationFailed,
)
_OBJECT: Final = {"type": "object"}
_QUERY: Final = {
    "customer": _OBJECT,
    "voucher": {"type": "string"},
    "campaign": _OBJECT,
    "source_id": {"type": "string"},
    "metadata": _OBJECT,
    "join_once": {"type": "boolean"},
}


async def publish_by_query(request: Request) -> Response:
    """Give one code to a customer, asked for by a query string: for integrations that can only GET"""
    if request.method == "HEAD":  # it would publish, and show nobody the code
        raise MethodNotAllowed("HEAD", ("GET",))
    wanted = read_publication_query(read_query(request))
    return Response(await publish_wanted(exchange(request), wanted, count_max=1, as_texts=True), media_type=JSON)


async def publish_from_client(request: Request) -> Response:
    """Give codes to a customer with a client-side key, where the project has switched that on

    The official client names the campaign in the query; a body that names a source goes before it.
    """
    if not project(request).client_publish:
        raise Forbidden("Publishing with client-side keys is switched off in this project")
    wanted, join_once = await _read_wanted(request)
    return Response(await publish_wanted(exchange(request), wanted, join_once=join_once), media_type=JSON)


async def publish_as_of_old(request: Request) -> Response:
    """Give codes to a customer, as clients of before /v1/publications ask for it: the answer is the voucher

    The campaign may stand in the query. Several codes have no answer of old: theirs is the publication.
    """
    wanted, join_once = await _read_wanted(request)
    publication = await published(exchange(request), wanted, join_once=join_once)
    urls = services(request).assets(project(request).id)
    if publication.voucher is None:
        return respond(render_publication(publication, urls))
    entries = None
    with contextlib.suppress(Unavailable):  # the code is given by now: what can't be read must not hide it
        async with unit_of_work(request) as scope:
            entries = await entries_of(scope, publication.voucher)
    return respond(render_voucher(publication.voucher, urls, with_entries=entries))


async def _read_wanted(request: Request) -> tuple[PublicationInput, bool | None]:
    """The body, and `join_once` of the query. A campaign in the query counts where the body names no source."""
    wanted = await read_body(request, PublicationInput)
    query = read_query(request)
    campaign, join_once = query.text("campaign"), query.boolean("join_once")
    query.check()
    if not (wanted.voucher or wanted.campaign):
        wanted = msgspec.structs.replace(wanted, campaign=campaign)
    return wanted, join_once


ROUTES = [
    Route(
        "/v1/vouchers/publish",
        publish_as_of_old,
        methods=["POST"],
        body=PublicationInput,
        query={"campaign": {"type": "string"}, "join_once": {"type": "boolean"}},
        errors=REFUSALS,
    ),
    Route(
        "/client/v1/publish",
        publish_from_client,
        methods=["POST"],
        body=PublicationInput,
        query={"campaign": {"type": "string"}, "join_once": {"type": "boolean"}},
        errors=[Forbidden, *REFUSALS],
        keys=CLIENT_KEYS,
    ),
    Route(
        "/v1/publications/create",
        publish_by_query,
        methods=["GET"],
        query=_QUERY,
        errors=[InvalidQueryParams, IntegrationApiKeyRequired, *REFUSALS],
        keys=INTEGRATION_KEYS,
        writes=True,
    ),
]
