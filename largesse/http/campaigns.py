"""/v1/campaigns"""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import campaigns, vouchers
from largesse.actions.validation_rules import campaigns_with_rules, with_own_rules
from largesse.domain.campaigns import FILTERS
from largesse.domain.errors import (
    DuplicateFound,
    InvalidCampaign,
    InvalidCampaignParams,
    InvalidCodeConfig,
    InvalidQueryParams,
    InvalidVoucher,
    NotFound,
    QueryTooLarge,
)
from largesse.http import bodies
from largesse.http.requests import (
    exchange,
    expect_no_body,
    nulls_of,
    path_parameter,
    read_body,
    read_query,
    respond,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.http.vouchers import asset_urls
from largesse.store.campaigns import count_campaigns, list_campaigns
from largesse.store.lists import Narrowing
from largesse.wire.campaigns import COUNT_MAX, CampaignChanges, CampaignInput, render_campaign
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import FLAG, PERIODS, TEXT, Query, page_schema, present
from largesse.wire.vouchers import VoucherInput, render_voucher

PAGE_MAX: Final = 100
ORDERS: Final = ("created_at", "updated_at")
PARAMETERS: Final = {"campaign_type": TEXT, "campaign_status": TEXT, "is_referral_code": FLAG, "expand": TEXT} | PERIODS
NUMBER: Final = re.compile(rb"\s*-?\d+(\.\d+)?\s*")
NUMBER_BYTES_MAX: Final = 40
MAKING: Final = (InvalidCampaign, InvalidCampaignParams, InvalidVoucher, InvalidCodeConfig, NotFound, DuplicateFound)


async def create(request: Request) -> Response:
    """Create a campaign"""
    sent = await read_body(request, CampaignInput)
    async with unit_of_work(request) as scope:
        (campaign,) = await campaigns_with_rules(scope, [await campaigns.create_campaign(scope, sent)])
    return respond(render_campaign(campaign))


async def get(request: Request) -> Response:
    """Get a campaign by its id or name"""
    async with unit_of_work(request) as scope:
        campaign = await campaigns.get_campaign(scope, path_parameter(request, "campaign_id"))
        (campaign,) = await campaigns_with_rules(scope, [campaign])
    return respond(render_campaign(campaign))


async def update(request: Request) -> Response:
    """Update a campaign, and in the background its vouchers"""
    sent = await read_body(request, CampaignChanges)
    async with unit_of_work(request) as scope:
        campaign = await campaigns.update_campaign(
            scope, path_parameter(request, "campaign_id"), sent, nulls_of(request)
        )
        (campaign,) = await campaigns_with_rules(scope, [campaign])
    return respond(render_campaign(campaign))


async def delete(request: Request) -> Response:
    """Delete a campaign: into the bin, or with force=true for good"""
    query = read_query(request)
    force = query.boolean("force")
    query.check()
    async with unit_of_work(request) as scope:
        action_id = await campaigns.delete_campaign(scope, path_parameter(request, "campaign_id"), force=bool(force))
    return respond({"async_action_id": action_id}, 202)


async def enable(request: Request) -> Response:
    """Enable a campaign"""
    await expect_no_body(request)
    async with unit_of_work(request) as scope:
        await campaigns.switch_campaign(scope, path_parameter(request, "campaign_id"), active=True)
    return respond({})


async def disable(request: Request) -> Response:
    """Disable a campaign"""
    await expect_no_body(request)
    async with unit_of_work(request) as scope:
        await campaigns.switch_campaign(scope, path_parameter(request, "campaign_id"), active=False)
    return respond({})


async def add_vouchers(request: Request) -> Response:
    """Add vouchers with random codes: one at once, several in the background"""
    query = read_query(request)
    count = query.integer("vouchers_count", minimum=1, maximum=COUNT_MAX, default=1)
    query.check()
    sent = await _voucher_body(request)
    campaign_id = path_parameter(request, "campaign_id")
    async with unit_of_work(request) as scope:
        if count > 1:
            action_id = await campaigns.add_vouchers(scope, campaign_id, sent, count)
            return respond({"async_action_id": action_id}, 202)
        voucher = await with_own_rules(scope, await vouchers.add_voucher(scope, campaign_id, sent, code=sent.code))
    return respond(render_voucher(voucher, asset_urls(request)))


async def add_voucher(request: Request) -> Response:
    """Add the voucher with the code in the path"""
    sent = await _voucher_body(request)
    async with unit_of_work(request) as scope:
        voucher = await vouchers.add_voucher(
            scope, path_parameter(request, "campaign_id"), sent, code=path_parameter(request, "code")
        )
        voucher = await with_own_rules(scope, voucher)
    return respond(render_voucher(voucher, asset_urls(request)))


async def _voucher_body(request: Request) -> VoucherInput:
    """The body is optional here: without one the campaign says everything. So it does with a bare number, which older
    clients send where their caller gave a count and no body.
    """
    known = exchange(request)
    if known.header(b"content-length") in {"", "0"} and not known.header(b"transfer-encoding"):
        return VoucherInput()
    body = await bodies.read_body(known, request.receive)
    if len(body) <= NUMBER_BYTES_MAX and NUMBER.fullmatch(body):
        return VoucherInput()
    return await bodies.parse_body(known, body, VoucherInput)


async def list_(request: Request) -> Response:
    """List campaigns"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    expand = query.choice("expand", ("category",))
    narrowing = Narrowing(_given(query), read_filter(query, FILTERS))
    query.check()
    async with unit_of_work(request) as scope:
        total = await count_campaigns(scope.connection, scope.project, narrowing)
        found = await list_campaigns(scope.connection, scope.project, narrowing, total=total, **page.wanted)
        found = await campaigns_with_rules(scope, found)
    rendered = [render_campaign(campaign, with_categories=expand is not None) for campaign in found]
    return respond(page.envelope("campaigns", rendered, total))


def _given(query: Query) -> dict[str, Any]:
    return present(
        campaign_type=query.text("campaign_type"),
        generation_status=query.text("campaign_status"),
        is_referral_code=query.boolean("is_referral_code"),
        created_before=query.moment("created_at", "before"),
        created_after=query.moment("created_at", "after"),
        updated_before=query.moment("updated_at", "before"),
        updated_after=query.moment("updated_at", "after"),
    )


ROUTES = [
    Route(
        "/v1/campaigns",
        create,
        methods=["POST"],
        body=CampaignInput,
        errors=MAKING,
        missing="`PROMOTION` campaigns, `access_settings`; a `referee_reward` is kept and not paid out",
    ),
    Route(
        "/v1/campaigns",
        list_,
        methods=["GET"],
        query=page_schema(ORDERS, PAGE_MAX) | PARAMETERS | filter_schema(FILTERS),
        errors=[InvalidQueryParams, QueryTooLarge],
        missing="`access_settings`",
    ),
    Route("/v1/campaigns/{campaign_id}", get, methods=["GET"], errors=[NotFound]),
    Route(
        "/v1/campaigns/{campaign_id}",
        update,
        methods=["PUT"],
        body=CampaignChanges,
        errors=[InvalidCampaign, InvalidVoucher, NotFound],
    ),
    Route(
        "/v1/campaigns/{campaign_id}",
        delete,
        methods=["DELETE"],
        statuses=[202],
        query={"force": FLAG},
        errors=[NotFound],
    ),
    Route("/v1/campaigns/{campaign_id}/enable", enable, methods=["POST"], errors=[NotFound]),
    Route("/v1/campaigns/{campaign_id}/disable", disable, methods=["POST"], errors=[NotFound]),
    Route(
        "/v1/campaigns/{campaign_id}/vouchers",
        add_vouchers,
        methods=["POST"],
        statuses=[200, 202],
        body=VoucherInput,
        query={"vouchers_count": {"type": "integer", "minimum": 1, "default": 1}},
        errors=MAKING,
    ),
    Route(
        "/v1/campaigns/{campaign_id}/vouchers/{code}", add_voucher, methods=["POST"], body=VoucherInput, errors=MAKING
    ),
]
