"""/v1/customers/{customer_id}/activity"""

from typing import Any, Final, get_args

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.customers import get_customer
from largesse.domain.activity import ACTION, EFFECT, NAMES_PREFIX, wanted_types
from largesse.domain.errors import InvalidQueryParams, NotFound
from largesse.http.requests import path_parameter, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store.activity import list_activity
from largesse.store.publications import find_publications
from largesse.wire.activity import render_activity
from largesse.wire.campaigns import CampaignType
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX, MOMENT, TEXT, more_after, page_schema

CAMPAIGN_TYPES: Final = get_args(CampaignType)
ORDERS: Final = ("created_at", "-created_at")
_QUERY: Final[dict[str, dict[str, Any]]] = {
    **{name: schema for name, schema in page_schema(("created_at",), 1).items() if name != "page"},
    "starting_after_id": TEXT,
    "start_date": MOMENT,
    "end_date": MOMENT,
    "campaign_id": TEXT,
    "campaign_type": {"type": "string", "enum": list(CAMPAIGN_TYPES)},
    "category": {"type": "string", "enum": [ACTION, EFFECT]},
    "type": TEXT,
}


async def list_(request: Request) -> Response:
    """List what happened to a customer, newest first"""
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    newest_first = query.choice("order", ORDERS) != "created_at"
    start, end = query.date_time("start_date"), query.date_time("end_date")
    campaign_type = query.choice("campaign_type", CAMPAIGN_TYPES)
    category, type_ = query.choice("category", (ACTION, EFFECT)), query.text("type")
    if type_ is not None and not type_.startswith(NAMES_PREFIX):
        query.fault("type", f"must be the name of an event of customers: {NAMES_PREFIX}…")
    query.check()
    async with unit_of_work(request) as scope:
        found = await list_activity(
            scope.connection,
            scope.project.id,
            await get_customer(scope, path_parameter(request, "customer_id")),
            wanted_types(type_, category),
            start=start,
            end=end,
            campaign_id=query.text("campaign_id"),
            campaign_type=campaign_type,
            after=query.text("starting_after_id"),
            newest_first=newest_first,
            limit=limit + 1,  # one more tells whether there are more
        )
        page = found[:limit]
        publications = await find_publications(scope.connection, scope.project.id, [one.subject for one in page])
    has_more = len(found) > limit
    return respond(
        {
            "object": "list",
            "data_ref": "data",
            "data": [render_activity(one, publications.get(one.subject)) for one in page],
            "has_more": has_more,
            **more_after(page[-1].id if has_more else None),
        }
    )


ROUTES = [
    Route(
        f"/v1/customers/{{customer_id}}/{name}",
        list_,
        methods=["GET"],
        query=_QUERY,
        errors=[NotFound, InvalidQueryParams],
        missing="no redemptions, validations, orders, rewards",
    )
    for name in ("activity", "activities")  # the second is its name of old
]
