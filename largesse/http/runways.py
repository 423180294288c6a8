"""/v1/campaigns/{campaign_id}/runway (ours)"""

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import runways
from largesse.domain.campaigns import Campaign
from largesse.domain.errors import NotFound
from largesse.domain.runways import Runway
from largesse.http.requests import path_parameter, read_body, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store.runways import AlertMail
from largesse.wire.runways import RunwayAlertInput, render_runway

PATH = "/v1/campaigns/{campaign_id}/runway"


async def get(request: Request) -> Response:
    """Get how long a campaign's codes will last, by what was published in the last seven days"""
    async with unit_of_work(request) as scope:
        found = await runways.get_runway(scope, path_parameter(request, "campaign_id"))
    return _respond(*found)


async def update(request: Request) -> Response:
    """Say below how many days that is to be told (campaign.pool.low), and to whom by mail"""
    sent = await read_body(request, RunwayAlertInput)
    sent.check()
    wanted = None if sent.alert_mail is None else AlertMail(sent.alert_mail.from_, sent.alert_mail.to)
    async with unit_of_work(request) as scope:
        campaign_id = path_parameter(request, "campaign_id")
        found = await runways.set_alert(scope, campaign_id, sent.alert_below_days, wanted)
    return _respond(*found)


def _respond(campaign: Campaign, runway: Runway, mail: AlertMail | None) -> Response:
    shown = None if mail is None else {"from": mail.sender, "to": mail.to}
    return respond(render_runway(campaign.id, runway) | {"alert_mail": shown})


ROUTES = [
    Route(PATH, get, methods=["GET"], errors=[NotFound]),
    Route(PATH, update, methods=["PUT"], body=RunwayAlertInput, errors=[NotFound]),
]
