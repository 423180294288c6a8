"""The ways to publish besides `POST /v1/publications`; they end in the same queue."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.metadata_schemas import check_publication
from largesse.actions.publications import publication_request
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
    VoucherAlreadyPublished,
    VoucherCannotBePublished,
)
from largesse.http.edge import CLIENT_KEYS, INTEGRATION_KEYS
from largesse.http.publications import publish
from largesse.http.requests import JSON, caller, exchange, project, read_query, services
from largesse.http.routing import Route
from largesse.wire.publications import PublicationInput, read_publication_query, render_publication, typed_publication

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
    exchange(request).no_store = True
    if request.method == "HEAD":  # it would publish, and show nobody the code
        raise MethodNotAllowed("HEAD", ("GET",))
    wanted = read_publication_query(read_query(request))
    known, owner = services(request), project(request)
    schemas = await known.keys.schemas(owner.id)
    if schemas:
        wanted = typed_publication(schemas, wanted)
    asked = publication_request(
        wanted,
        known.ids,
        count_max=1,
        request_id=exchange(request).request_id,
        actor=caller(request).app_id,
    )
    if schemas:
        await check_publication(known.pool, owner.id, schemas, asked)
    publication = await known.publisher.publish(owner, asked)
    body = msgspec.json.encode(render_publication(publication, known.assets(owner.id)))
    return Response(body, media_type=JSON)


async def publish_from_client(request: Request) -> Response:
    """Give codes to a customer with a client-side key, where the project has switched that on"""
    if not project(request).client_publish:
        raise Forbidden("Publishing with client-side keys is switched off in this project")
    reply = await publish(exchange(request), request.receive)
    return Response(reply.body, media_type=JSON)


ROUTES = [
    Route(
        "/client/v1/publish",
        publish_from_client,
        methods=["POST"],
        body=PublicationInput,
        query={"join_once": {"type": "boolean"}},
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
