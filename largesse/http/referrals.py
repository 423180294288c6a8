"""/v1/referrals: the holders of referral codes, with and without the campaign in the path"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import referrals
from largesse.domain.errors import (
    DuplicateFound,
    Forbidden,
    HolderDuplication,
    InvalidQueryParams,
    MetadataValidationFailed,
    NotFound,
    NotPublished,
    QueryTooLarge,
)
from largesse.domain.referrals import FILTERS
from largesse.http.requests import path_parameter, read_body, read_query, respond, respond_empty, unit_of_work
from largesse.http.routing import Route
from largesse.store.redeemables import count_holders, list_redeemables
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX, TEXT, more_after, page_schema
from largesse.wire.referrals import HoldersInput, render_holder, render_referee

PATHS: Final = (
    "/v1/referrals/members/{member_id}/holders",
    "/v1/referrals/{campaign_id}/members/{member_id}/holders",
)


def _named(request: Request) -> tuple[str, str | None]:
    """The code and the campaign, if the path has one."""
    campaign_id = path_parameter(request, "campaign_id") if "campaign_id" in request.path_params else None
    return path_parameter(request, "member_id"), campaign_id


async def add(request: Request) -> Response:
    """Give a referral code to customers as referees: to all or to none"""
    sent = await read_body(request, HoldersInput)
    sent.check()
    member_id, campaign_id = _named(request)
    async with unit_of_work(request) as scope:
        voucher, added = await referrals.add_holders(scope, member_id, sent, campaign_id)
    return respond({"holders": [render_referee(each, voucher, sent.metadata or {}) for each in added]})


async def remove(request: Request) -> Response:
    """Take a referral code from a referee"""
    member_id, campaign_id = _named(request)
    async with unit_of_work(request) as scope:
        await referrals.remove_holder(scope, member_id, path_parameter(request, "holder_id"), campaign_id)
    return respond_empty()


async def list_(request: Request) -> Response:
    """List who holds a referral code: the referrer and the referees"""
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    order = query.choice("order", ("id", "-id"))
    after, wanted = query.text("starting_after_id"), read_filter(query, FILTERS)
    query.check()
    member_id, campaign_id = _named(request)
    async with unit_of_work(request) as scope:
        _, voucher = await referrals.get_code(scope, member_id, campaign_id)
        found = await list_redeemables(
            scope.connection,
            scope.project,
            {"voucher": voucher.id},
            wanted,
            after=after,
            descending=order != "id",
            limit=limit + 1,  # one more tells whether there are more
        )
        total = await count_holders(scope.connection, scope.project, voucher.id, wanted)
    data = [render_holder(holder) for holder in found[:limit]]
    has_more = len(found) > limit
    return respond(
        {
            "object": "list",
            "data_ref": "data",
            "data": data,
            "total": total,
            "has_more": has_more,
            **more_after(data[-1]["id"] if has_more else None),
        }
    )


_QUERY: Final = (
    {name: schema for name, schema in page_schema(("id",), 1).items() if name != "page"}
    | {"starting_after_id": TEXT}
    | filter_schema(FILTERS)
)
ROUTES = [
    route
    for path in PATHS
    for route in (
        Route(
            path,
            add,
            methods=["POST"],
            body=HoldersInput,
            errors=[NotFound, NotPublished, DuplicateFound, HolderDuplication, MetadataValidationFailed],
        ),
        Route(path, list_, methods=["GET"], query=_QUERY, errors=[NotFound, InvalidQueryParams, QueryTooLarge]),
        Route(path + "/{holder_id}", remove, methods=["DELETE"], errors=[NotFound, Forbidden]),
    )
]
