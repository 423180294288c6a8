"""/v1/customers"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import customers
from largesse.actions.scope import Scope
from largesse.actions.segments import filter_of
from largesse.domain.customers import FILTERS, Customer
from largesse.domain.errors import InvalidQueryParams, NotFound, QueryTooLarge
from largesse.http.requests import (
    expect_no_body,
    nulls_of,
    path_parameter,
    read_body,
    read_query,
    respond,
    respond_empty,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.store.customers import cards_of, count_customers, list_after_moment, list_customers
from largesse.store.lists import CREATED, Narrowing
from largesse.store.referrals import referrals_of
from largesse.wire.customers import CustomerInput, render_customer, render_deletion
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import MOMENT, PERIODS, TEXT, Query, page_schema, present

PAGE_MAX: Final = 99
ORDERS: Final = ("created_at", "updated_at", "source_id")
_MISSING: Final = "redemptions, orders and tiers don't exist yet: their part of the summaries is zero"
PARAMETERS: Final = {"email": TEXT, "name": TEXT, "city": TEXT, "segment_id": TEXT, "starting_after": MOMENT} | PERIODS


async def _render(scope: Scope, customer: Customer) -> dict[str, Any]:
    return (await _rendered(scope, [customer]))[0]


async def _rendered(scope: Scope, found: list[Customer]) -> list[dict[str, Any]]:
    """With what is added up from other records."""
    ids = [customer.id for customer in found]
    cards = await cards_of(scope.connection, scope.project.id, ids)
    referrals = await referrals_of(scope.connection, scope.project.id, ids)
    return [render_customer(customer, cards.get(customer.id), referrals.get(customer.id)) for customer in found]


async def create(request: Request) -> Response:
    """Create or update a customer"""
    sent = await read_body(request, CustomerInput)
    async with unit_of_work(request) as scope:
        customer = await customers.save_customer(scope, sent)
        rendered = await _render(scope, customer)
    return respond(rendered)


async def get(request: Request) -> Response:
    """Get a customer"""
    async with unit_of_work(request) as scope:
        customer = await customers.get_customer(scope, path_parameter(request, "customer_id"))
        rendered = await _render(scope, customer)
    return respond(rendered)


async def update(request: Request) -> Response:
    """Update a customer"""
    sent = await read_body(request, CustomerInput)
    profile = sent.profile(nulls_of(request))
    async with unit_of_work(request) as scope:
        customer = await customers.update_customer(scope, path_parameter(request, "customer_id"), profile)
        rendered = await _render(scope, customer)
    return respond(rendered)


async def delete(request: Request) -> Response:
    """Delete a customer"""
    async with unit_of_work(request) as scope:
        await customers.delete_customer(scope, path_parameter(request, "customer_id"))
    return respond_empty()


async def erase(request: Request) -> Response:
    """Delete a customer for good, with everything personal"""
    await expect_no_body(request)
    async with unit_of_work(request) as scope:
        customer, memberships = await customers.erase_customer(scope, path_parameter(request, "customer_id"))
        receipt = scope.ids.new("del_")
    return respond(render_deletion(receipt, customer, segments=memberships))


async def list_(request: Request) -> Response:
    """List customers"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    given, wanted, cursor = _given(query), read_filter(query, FILTERS), query.date_time("starting_after")
    segment_id = query.text("segment_id")
    if cursor is not None and page.order != CREATED:
        query.fault("starting_after", f"must be used with the order {CREATED} or -{CREATED}")
    # The first page of a walk by moments has no cursor yet. Who names a page wants that one, as long as it is.
    by_moment = page.after is None and (cursor is not None or (page.order == CREATED and query.text("page") is None))
    query.check()
    async with unit_of_work(request, heavy=segment_id is not None) as scope:
        within = None
        if segment_id is not None and (within := await filter_of(scope, segment_id)) is None:
            given |= {"segment": segment_id}
        narrowing = Narrowing(given, wanted, within)
        total = await count_customers(scope.connection, scope.project, narrowing)
        if by_moment and total:
            found, has_more = await list_after_moment(
                scope.connection,
                scope.project,
                narrowing,
                after=cursor,
                descending=page.descending,
                limit=page.limit,
                total=total,
            )
        else:
            one_more = page.wanted | {"limit": page.limit + 1}
            found = await list_customers(scope.connection, scope.project, narrowing, total=total, **one_more)
            has_more, found = len(found) > page.limit, found[: page.limit]
        rendered = await _rendered(scope, found)
    out = {"object": "list", "data_ref": "customers", "customers": rendered, "total": total, "has_more": has_more}
    if page.after is not None and has_more:
        out["more_starting_after"] = rendered[-1]["id"]
    return respond(out)


def _given(query: Query) -> dict[str, Any]:
    return present(
        email=query.text("email"),
        name=query.text("name"),
        city=query.text("city"),
        created_before=query.moment("created_at", "before"),
        created_after=query.moment("created_at", "after"),
        updated_before=query.moment("updated_at", "before"),
        updated_after=query.moment("updated_at", "after"),
    )


ROUTES = [
    Route("/v1/customers", create, methods=["POST"], body=CustomerInput, errors=[NotFound]),
    Route(
        "/v1/customers",
        list_,
        methods=["GET"],
        query=page_schema(ORDERS, PAGE_MAX) | PARAMETERS | filter_schema(FILTERS),
        errors=[InvalidQueryParams, QueryTooLarge],
        missing=_MISSING,
    ),
    Route(
        "/v1/customers/{customer_id}",
        get,
        methods=["GET"],
        errors=[NotFound],
        missing=_MISSING,
    ),
    Route("/v1/customers/{customer_id}", update, methods=["PUT"], body=CustomerInput, errors=[NotFound]),
    Route("/v1/customers/{customer_id}", delete, methods=["DELETE"], errors=[NotFound]),
    Route("/v1/customers/{customer_id}/permanent-deletion", erase, methods=["POST"], errors=[NotFound]),
]
