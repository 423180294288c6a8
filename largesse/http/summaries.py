"""/v1/campaigns/{campaign_id}/summary"""

from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.campaigns import get_campaign
from largesse.domain.errors import InvalidQueryParams, NotFound
from largesse.http.requests import path_parameter, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store.summaries import campaign_summary
from largesse.wire.summaries import render_campaign_summary

ALWAYS: Final = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
DAY: Final = {"type": "string", "format": "date"}


async def campaign(request: Request) -> Response:
    """Get what happened in a campaign, ever or from a day to a day, both included"""
    query = read_query(request)
    since, last = query.date_time("start_date"), query.date_time("end_date")
    if last is not None and last >= ALWAYS[1]:
        last = None
    query.check()
    async with unit_of_work(request) as scope:
        found = await get_campaign(scope, path_parameter(request, "campaign_id"))
        until = ALWAYS[1] if last is None else last + timedelta(days=1)
        counts = await campaign_summary(scope.connection, scope.project.id, found.id, since or ALWAYS[0], until)
    return respond(render_campaign_summary(found, counts._asdict()))


ROUTES = [
    Route(
        "/v1/campaigns/{campaign_id}/summary",
        campaign,
        methods=["GET"],
        query={"start_date": DAY, "end_date": DAY},
        errors=[NotFound, InvalidQueryParams],
        missing="zeros for redemptions, rollbacks, validations, orders and amounts",
    ),
]
