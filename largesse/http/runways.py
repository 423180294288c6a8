"""/v1/campaigns/{campaign_id}/runway (ours)"""

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import runways
from largesse.domain.errors import NotFound
from largesse.http.requests import path_parameter, read_body, respond, unit_of_work
from largesse.http.routing import Route
from largesse.wire.runways import RunwayAlertInput, render_runway

PATH = "/v1/campaigns/{campaign_id}/runway"


async def get(request: Request) -> Response:
    """Get how long a campaign's codes will last, by what was published in the last seven days"""
    async with unit_of_work(request) as scope:
        campaign, runway = await runways.get_runway(scope, path_parameter(request, "campaign_id"))
    return respond(render_runway(campaign.id, runway))


async def update(request: Request) -> Response:
    """Say below how many days that is to be told (campaign.pool.low)"""
    sent = await read_body(request, RunwayAlertInput)
    async with unit_of_work(request) as scope:
        campaign, runway = await runways.set_alert(scope, path_parameter(request, "campaign_id"), sent.alert_below_days)
    return respond(render_runway(campaign.id, runway))


ROUTES = [
    Route(PATH, get, methods=["GET"], errors=[NotFound]),
    Route(PATH, update, methods=["PUT"], body=RunwayAlertInput, errors=[NotFound]),
]
