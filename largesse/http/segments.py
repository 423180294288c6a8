"""/v1/segments, and the segments of a customer"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import segments
from largesse.domain.errors import InvalidQueryParams, NotFound, QueryTooLarge
from largesse.domain.segments import FILTERS
from largesse.http.requests import path_parameter, read_body, read_query, respond, respond_empty, unit_of_work
from largesse.http.routing import Route
from largesse.store.lists import Narrowing
from largesse.store.segments import count_segments, list_segments
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import MOMENT, page_schema, present
from largesse.wire.segments import SegmentInput, render_segment, render_segment_short

PAGE_MAX: Final = 100
ORDERS: Final = ("created_at",)
PERIOD: Final = {"created_at[before]": MOMENT, "created_at[after]": MOMENT}


async def create(request: Request) -> Response:
    """Create a segment"""
    sent = await read_body(request, SegmentInput)
    sent.check()
    async with unit_of_work(request) as scope:
        segment = await segments.create_segment(scope, sent)
    return respond(render_segment(segment))


async def get(request: Request) -> Response:
    """Get a segment"""
    async with unit_of_work(request) as scope:
        segment = await segments.get_segment(scope, path_parameter(request, "segment_id"))
    return respond(render_segment(segment))


async def delete(request: Request) -> Response:
    """Delete a segment; its customers stay"""
    async with unit_of_work(request) as scope:
        await segments.delete_segment(scope, path_parameter(request, "segment_id"))
    return respond_empty()


async def list_(request: Request) -> Response:
    """List segments"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    given = present(
        created_before=query.moment("created_at", "before"), created_after=query.moment("created_at", "after")
    )
    narrowing = Narrowing(given, read_filter(query, FILTERS))
    query.check()
    async with unit_of_work(request) as scope:
        found = await list_segments(
            scope.connection, scope.project, narrowing, **page.wanted | {"limit": page.limit + 1}
        )
        total = await count_segments(scope.connection, scope.project, narrowing)
    data = [render_segment(segment) for segment in found]
    return respond(page.envelope("data", data, total) | {"has_more": len(found) > page.limit})


async def list_of_customer(request: Request) -> Response:
    """List the segments of a customer, or those that an unknown one would be in"""
    async with unit_of_work(request) as scope:
        found = await segments.segments_of(scope, path_parameter(request, "customer_id"))
    data = [render_segment_short(segment) for segment in found]
    return respond({"object": "list", "data_ref": "data", "data": data, "total": len(data)})


ROUTES = [
    Route("/v1/segments", create, methods=["POST"], body=SegmentInput, errors=[NotFound]),
    Route(
        "/v1/segments",
        list_,
        methods=["GET"],
        query=page_schema(ORDERS, PAGE_MAX) | PERIOD | filter_schema(FILTERS),
        errors=[InvalidQueryParams, QueryTooLarge],
    ),
    Route("/v1/segments/{segment_id}", get, methods=["GET"], errors=[NotFound]),
    Route("/v1/segments/{segment_id}", delete, methods=["DELETE"], errors=[NotFound]),
    Route("/v1/customers/{customer_id}/segments", list_of_customer, methods=["GET"], errors=[InvalidQueryParams]),
]
