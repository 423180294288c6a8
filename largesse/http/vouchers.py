"""/v1/vouchers"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import vouchers
from largesse.actions.validation_rules import with_own_rules, with_rules
from largesse.domain.errors import (
    DuplicateFound,
    InvalidCodeConfig,
    InvalidQueryParams,
    InvalidVoucher,
    NotFound,
    QueryTooLarge,
)
from largesse.domain.vouchers import FILTERS
from largesse.http.requests import (
    caller,
    expect_no_body,
    nulls_of,
    path_parameter,
    project,
    read_body,
    read_query,
    respond,
    respond_empty,
    services,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.store.lists import Narrowing
from largesse.store.vouchers import count_vouchers, list_vouchers
from largesse.wire.assets import AssetUrls
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import FLAG, PERIODS, TEXT, Query, page_schema, present
from largesse.wire.vouchers import VoucherChanges, VoucherInput, render_voucher

PAGE_MAX: Final = 99
ORDERS: Final = ("created_at", "updated_at", "code")
PARAMETERS: Final = dict.fromkeys(("campaign", "campaign_id", "category", "customer", "code", "ids"), TEXT) | PERIODS
IDS_MAX: Final = 100


def asset_urls(request: Request) -> AssetUrls:
    return services(request).assets(project(request).id)


async def create(request: Request) -> Response:
    """Create a voucher with a random code, or the code in the body"""
    sent = await read_body(request, VoucherInput)
    async with unit_of_work(request) as scope:
        voucher = await with_own_rules(scope, await vouchers.create_voucher(scope, sent))
    return respond(render_voucher(voucher, asset_urls(request)))


async def create_with_code(request: Request) -> Response:
    """Create a voucher with the code in the path"""
    sent = await read_body(request, VoucherInput)
    async with unit_of_work(request) as scope:
        voucher = await vouchers.create_voucher(scope, sent, code=path_parameter(request, "code"))
        voucher = await with_own_rules(scope, voucher)
    return respond(render_voucher(voucher, asset_urls(request)))


async def get(request: Request) -> Response:
    """Get a voucher by its code or id, with its latest publications where the scopes allow it"""
    async with unit_of_work(request) as scope:
        voucher = await with_own_rules(scope, await vouchers.get_voucher(scope, path_parameter(request, "code")))
        entries = await vouchers.entries_of(scope, voucher) if caller(request).may("publications") else None
    return respond(render_voucher(voucher, asset_urls(request), with_entries=entries))


async def update(request: Request) -> Response:
    """Update a voucher"""
    sent = await read_body(request, VoucherChanges)
    async with unit_of_work(request) as scope:
        voucher = await vouchers.update_voucher(scope, path_parameter(request, "code"), sent, nulls_of(request))
        voucher = await with_own_rules(scope, voucher)
    return respond(render_voucher(voucher, asset_urls(request)))


async def delete(request: Request) -> Response:
    """Delete a voucher: into the bin, or with force=true for good"""
    query = read_query(request)
    force = query.boolean("force")
    query.check()
    async with unit_of_work(request) as scope:
        await vouchers.delete_voucher(scope, path_parameter(request, "code"), force=bool(force))
    return respond_empty()


async def enable(request: Request) -> Response:
    """Enable a voucher"""
    return await _switch(request, active=True)


async def disable(request: Request) -> Response:
    """Disable a voucher"""
    return await _switch(request, active=False)


async def _switch(request: Request, *, active: bool) -> Response:
    await expect_no_body(request)
    async with unit_of_work(request) as scope:
        voucher = await vouchers.switch_voucher(scope, path_parameter(request, "code"), active=active)
        voucher = await with_own_rules(scope, voucher)
    return respond(render_voucher(voucher, asset_urls(request)))


async def list_(request: Request) -> Response:
    """List vouchers"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    narrowing = Narrowing(_given(query), read_filter(query, FILTERS))
    query.check()
    async with unit_of_work(request) as scope:
        total = await count_vouchers(scope.connection, scope.project, narrowing)
        found = await list_vouchers(scope.connection, scope.project, narrowing, total=total, **page.wanted)
        found = await with_rules(scope.connection, scope.project.id, found)
    urls = asset_urls(request)
    rendered = [render_voucher(voucher, urls) for voucher in found]
    return respond(page.envelope("vouchers", rendered, total))


def _given(query: Query) -> dict[str, Any]:
    ids = [text for name, text in query.pairs if text and (name == "ids" or name.startswith("ids["))]
    if len(ids) > IDS_MAX:
        query.fault("ids", f"must not have more than {IDS_MAX} items")
    return present(
        campaign=query.text("campaign"),
        campaign_id=query.text("campaign_id"),
        category=query.text("category"),
        customer=query.text("customer"),
        code=query.text("code"),
        ids=ids or None,
        created_before=query.moment("created_at", "before"),
        created_after=query.moment("created_at", "after"),
        updated_before=query.moment("updated_at", "before"),
        updated_after=query.moment("updated_at", "after"),
    )


ROUTES = [
    Route(
        "/v1/vouchers",
        create,
        methods=["POST"],
        body=VoucherInput,
        errors=[InvalidVoucher, InvalidCodeConfig, NotFound, DuplicateFound],
    ),
    Route(
        "/v1/vouchers",
        list_,
        methods=["GET"],
        query=page_schema(ORDERS, PAGE_MAX) | PARAMETERS | filter_schema(FILTERS),
        errors=[InvalidQueryParams, QueryTooLarge],
    ),
    Route(
        "/v1/vouchers/{code}",
        create_with_code,
        methods=["POST"],
        body=VoucherInput,
        errors=[InvalidVoucher, InvalidCodeConfig, NotFound, DuplicateFound],
    ),
    Route("/v1/vouchers/{code}", get, methods=["GET"], errors=[NotFound]),
    Route("/v1/vouchers/{code}", update, methods=["PUT"], body=VoucherChanges, errors=[InvalidVoucher, NotFound]),
    Route("/v1/vouchers/{code}", delete, methods=["DELETE"], query={"force": FLAG}, errors=[NotFound]),
    Route("/v1/vouchers/{code}/enable", enable, methods=["POST"], errors=[NotFound]),
    Route("/v1/vouchers/{code}/disable", disable, methods=["POST"], errors=[NotFound]),
]
