"""Publications. `POST /v1/publications` is the hot path: a bare function instead of a Starlette route."""

import contextlib
from functools import partial
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from largesse.actions.metadata_schemas import check_publication
from largesse.actions.publications import publication_request
from largesse.actions.validation_rules import with_rules
from largesse.domain.errors import (
    DuplicateSourceId,
    InvalidQueryParams,
    MissingVouchers,
    NotFound,
    NoVoucherSuitableForPublication,
    PageOverLimit,
    QueryTooLarge,
    TooManyAtOnce,
    TooManyVouchersRequested,
    Unauthorized,
    Unavailable,
    VoucherAlreadyPublished,
    VoucherCannotBePublished,
)
from largesse.domain.projects import Project
from largesse.domain.publications import COUNT_MAX, FILTERS, Publication
from largesse.domain.vouchers import VOUCHER_TYPES
from largesse.http.bodies import parse_body, read_body
from largesse.http.connections import connected, holder_of
from largesse.http.edge import Exchange, Reply, is_python_client
from largesse.http.requests import path_parameter, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store import publications as store
from largesse.store import vouchers as vouchers_store
from largesse.store.lists import Narrowing
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import PUBLICATIONS_PAGE_MAX, Page, Query, page_schema, present
from largesse.wire.publications import (
    PublicationInput,
    render_publication,
    render_publication_in_list,
    typed_publication,
)

ORDERS: Final = ("created_at", "id", "voucher_code", "tracking_id", "customer_id", "channel")


async def publish(exchange: Exchange, receive: Receive) -> Reply:
    """Give one code, or several of a campaign, to a customer."""
    wanted = await parse_body(exchange, await read_body(exchange, receive), PublicationInput)
    return Reply(200, await publish_wanted(exchange, wanted, join_once=_join_once(exchange)))


async def publish_wanted(
    exchange: Exchange,
    wanted: PublicationInput,
    *,
    join_once: bool | None = None,
    count_max: int = COUNT_MAX,
    as_texts: bool = False,
) -> bytes:
    """The publication as JSON: see `published`."""
    publication = await published(exchange, wanted, join_once=join_once, count_max=count_max, as_texts=as_texts)
    assert exchange.caller is not None
    assert exchange.caller.project is not None
    assets = exchange.services.assets(exchange.caller.project.id)
    return msgspec.json.encode(render_publication(publication, assets))


async def published(
    exchange: Exchange,
    wanted: PublicationInput,
    *,
    join_once: bool | None = None,
    count_max: int = COUNT_MAX,
    as_texts: bool = False,
) -> Publication:
    """The publication, with its voucher's rules. `join_once` of the query goes before the body's.

    `as_texts`: metadata came as texts, which the project's schemas turn into what they mean.
    """
    caller, services = exchange.caller, exchange.services
    if caller is None or caller.project is None:
        raise Unauthorized
    schemas = await services.keys.schemas(caller.project.id)
    if schemas and as_texts:
        wanted = typed_publication(schemas, wanted)
    request = publication_request(
        wanted,
        services.ids,
        join_once=join_once,
        count_max=count_max,
        request_id=exchange.request_id,
        actor=caller.app_id,
    )
    if schemas:
        await check_publication(partial(connected, services, holder_of(exchange)), caller.project.id, schemas, request)
    has_rules = await services.keys.has_rules(caller.project.id)
    publication = await services.publisher.publish(caller.project, request)
    if has_rules and publication.voucher is not None:
        publication = await _with_rules(exchange, caller.project, publication)
    return publication


async def _with_rules(exchange: Exchange, project: Project, publication: Publication) -> Publication:
    """The publication with its voucher's rules. The code is given by now: rules that can't be read must not hide it."""
    assert publication.voucher is not None
    with contextlib.suppress(Unavailable, TooManyAtOnce):
        async with connected(exchange.services, holder_of(exchange)) as connection:
            (voucher,) = await with_rules(connection, project.id, [publication.voucher])
        return msgspec.structs.replace(publication, voucher=voucher)
    return publication


def _join_once(exchange: Exchange) -> bool | None:
    query_string: bytes = exchange.scope["query_string"]
    if not query_string:
        return None
    query = Query.parse(query_string, drop_none=is_python_client(exchange))
    join_once = query.boolean("join_once")
    query.check()
    return join_once


async def list_publications(request: Request) -> Response:
    """Successes and failures, newest first."""
    page, narrowing = _read_list(request)
    return await _respond_list(request, page, narrowing)


async def list_publications_of_voucher(request: Request) -> Response:
    """What `publish.url` of a voucher points to."""
    page, narrowing = _read_list(request)
    code = path_parameter(request, "code")
    async with unit_of_work(request) as scope:
        voucher = await vouchers_store.get_voucher(scope.connection, scope.project, code)
    if voucher is None:
        raise NotFound.of("voucher", code)
    given = {**narrowing.given, "voucher_id": voucher.id}
    return await _respond_list(request, page, Narrowing(given, narrowing.filter))


async def _respond_list(request: Request, page: Page, narrowing: Narrowing) -> Response:
    async with unit_of_work(request) as scope:
        total = await store.count_publications(scope.connection, scope.project, narrowing)
        found = await store.list_publications(scope.connection, scope.project, narrowing, total=total, **page.wanted)
    rendered = [render_publication_in_list(publication) for publication in found]
    return respond(page.envelope("publications", rendered, total))


def _read_list(request: Request) -> tuple[Page, Narrowing]:
    """Page and conditions of the query. Raises InvalidQueryParams with every fault, PageOverLimit."""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PUBLICATIONS_PAGE_MAX)
    voucher_type = query.choice("voucher_type", VOUCHER_TYPES)
    given = present(
        campaign=query.text("campaign", "campaign_name"),
        customer=query.text("customer", "customer_id"),
        voucher=query.text("voucher", "voucher_code"),
        result=query.choice("result", ("SUCCESS", "FAILURE")),
        voucher_type=VOUCHER_TYPES.get(voucher_type or ""),
        is_referral_code=query.boolean("is_referral_code") or None,  # false restricts nothing
        source_id=query.text("source_id"),
        parent_object_id=query.text("parent_object_id"),
        voucher_id=query.text("related_object_id"),
        created_before=query.moment("created_at", "before"),
        created_after=query.moment("created_at", "after"),
    )
    narrowing = Narrowing(given, read_filter(query, FILTERS))
    query.check()
    return page, narrowing


_TEXT: Final[dict[str, Any]] = {"type": "string"}
_LIST_QUERY: Final[dict[str, dict[str, Any]]] = {
    **page_schema(ORDERS, PUBLICATIONS_PAGE_MAX),
    "campaign": _TEXT,
    "customer": _TEXT,
    "voucher": _TEXT,
    "result": {"type": "string", "enum": ["SUCCESS", "FAILURE"]},
    "voucher_type": {"type": "string", "enum": list(VOUCHER_TYPES)},
    "is_referral_code": {"type": "boolean"},
    "source_id": _TEXT,
    "parent_object_id": _TEXT,
    "related_object_id": _TEXT,
    "created_at[before]": {"type": "string", "format": "date-time"},
    "created_at[after]": {"type": "string", "format": "date-time"},
    **filter_schema(FILTERS),
}
_LIST_ERRORS: Final = (InvalidQueryParams, QueryTooLarge, PageOverLimit)

# The first is for /openapi.json and the list of allowed methods; its requests go straight to `publish`.
ROUTES: list[Route] = [
    Route(
        "/v1/publications",
        publish,
        methods=["POST"],
        body=PublicationInput,
        query={"join_once": {"type": "boolean"}},
        errors=[
            MissingVouchers,
            TooManyVouchersRequested,
            VoucherAlreadyPublished,
            VoucherCannotBePublished,
            NoVoucherSuitableForPublication,
            DuplicateSourceId,
            NotFound,
        ],
    ),
    Route(
        "/v1/publications",
        list_publications,
        methods=["GET"],
        query=_LIST_QUERY,
        errors=_LIST_ERRORS,
    ),
    Route(
        "/v1/vouchers/{code}/publications",
        list_publications_of_voucher,
        methods=["GET"],
        query=_LIST_QUERY,
        errors=[*_LIST_ERRORS, NotFound],
    ),
]
