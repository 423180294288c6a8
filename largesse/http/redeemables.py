"""/v1/customers/{customer_id}/redeemables"""

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.customers import get_customer
from largesse.actions.validation_rules import with_rules
from largesse.domain.errors import InvalidQueryParams, NotFound, QueryTooLarge
from largesse.domain.redeemables import FILTERS
from largesse.http.requests import path_parameter, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.http.vouchers import asset_urls
from largesse.store.redeemables import list_redeemables
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX, TEXT, more_after, page_schema
from largesse.wire.redeemables import render_redeemable


async def list_(request: Request) -> Response:
    """List what a customer holds: every voucher published to him"""
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    order = query.choice("order", ("id", "-id"))
    after, wanted = query.text("starting_after_id"), read_filter(query, FILTERS)
    query.check()
    async with unit_of_work(request) as scope:
        customer = await get_customer(scope, path_parameter(request, "customer_id"))
        found = await list_redeemables(
            scope.connection,
            scope.project,
            {"customer": customer.id},
            wanted,
            after=after,
            descending=order != "id",
            limit=limit + 1,  # one more tells whether there are more
        )
        vouchers = await with_rules(scope.connection, scope.project.id, [held.voucher for held in found])
        found = [replace(held, voucher=voucher) for held, voucher in zip(found, vouchers, strict=True)]
    urls = asset_urls(request)
    data = [render_redeemable(redeemable, urls) for redeemable in found[:limit]]
    has_more = len(found) > limit
    return respond(
        {
            "object": "list",
            "data_ref": "data",
            "data": data,
            "total": len(data),
            "has_more": has_more,
            **more_after(data[-1]["id"] if has_more else None),
        }
    )


ROUTES = [
    Route(
        "/v1/customers/{customer_id}/redeemables",
        list_,
        methods=["GET"],
        query={k: v for k, v in page_schema(("id",), 1).items() if k != "page"}
        | {"starting_after_id": TEXT}
        | filter_schema(FILTERS),
        errors=[NotFound, InvalidQueryParams, QueryTooLarge],
    ),
]
