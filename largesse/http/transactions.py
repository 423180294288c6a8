"""Balances of cards, and the transactions of a card or a campaign."""

from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.campaigns import get_campaign
from largesse.actions.scope import Scope
from largesse.actions.transactions import change_balance
from largesse.actions.vouchers import get_voucher
from largesse.domain.campaigns import Campaign
from largesse.domain.errors import InvalidAddBalanceParams, InvalidQueryParams, InvalidVoucher, NotFound, QueryTooLarge
from largesse.domain.filters import Fields, Filter
from largesse.domain.transactions import CAMPAIGN_FILTERS
from largesse.domain.vouchers import Voucher
from largesse.http.requests import path_parameter, read_body, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store.transactions import list_transactions
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX, more_after
from largesse.wire.transactions import BalanceInput, render_balance, render_transaction

ORDERS: Final = ("id", "-id")
_QUERY: Final[dict[str, dict[str, Any]]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    "order": {"type": "string", "enum": list(ORDERS), "default": "-id"},
    "starting_after_id": {"type": "string"},
}


async def change(request: Request) -> Response:
    """Add credits or points to a card, or remove some"""
    sent = (await read_body(request, BalanceInput)).checked()
    async with unit_of_work(request) as scope:
        _, transaction = await change_balance(scope, path_parameter(request, "code"), sent)
    return respond(render_balance(transaction))


async def list_(request: Request) -> Response:
    """List what changed the balance of a card, newest first"""
    wanted = _read_list(request, {})
    async with unit_of_work(request) as scope:
        voucher = await get_voucher(scope, path_parameter(request, "code"))
        return await _respond_list(scope, voucher, wanted)


async def list_of_campaign(request: Request) -> Response:
    """List what changed the balances of a campaign's cards, newest first"""
    wanted = _read_list(request, CAMPAIGN_FILTERS)
    async with unit_of_work(request) as scope:
        campaign = await get_campaign(scope, path_parameter(request, "campaign_id"))
        return await _respond_list(scope, campaign, wanted)


class _Wanted(NamedTuple):
    limit: int
    after: str | None
    newest_first: bool
    filter: Filter | None


def _read_list(request: Request, fields: Fields) -> _Wanted:
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    order = query.choice("order", ORDERS)
    wanted = None
    if fields:
        wanted = read_filter(query, fields)
    elif any(name.lstrip("[").startswith("filters") for name, _ in query.pairs):
        query.fault("filters", "is not supported here")
    query.check()
    return _Wanted(limit, query.text("starting_after_id"), order != "id", wanted)


async def _respond_list(scope: Scope, of: Voucher | Campaign, wanted: _Wanted) -> Response:
    found = await list_transactions(
        scope.connection,
        scope.project,
        of,
        wanted.filter,
        after=wanted.after,
        limit=wanted.limit + 1,
        newest_first=wanted.newest_first,
    )
    page, has_more = found[: wanted.limit], len(found) > wanted.limit
    return respond(
        {
            "object": "list",
            "data_ref": "data",
            "data": [render_transaction(transaction) for transaction in page],
            "has_more": has_more,
            **more_after(page[-1].id if has_more else None),
        }
    )


ROUTES = [
    Route(
        "/v1/vouchers/{code}/balance",
        change,
        methods=["POST"],
        body=BalanceInput,
        errors=[InvalidVoucher, InvalidAddBalanceParams, NotFound],
    ),
    Route(
        "/v1/vouchers/{code}/transactions", list_, methods=["GET"], query=_QUERY, errors=[InvalidQueryParams, NotFound]
    ),
    Route(
        "/v1/campaigns/{campaign_id}/transactions",
        list_of_campaign,
        methods=["GET"],
        query=_QUERY | filter_schema(CAMPAIGN_FILTERS),
        errors=[InvalidQueryParams, QueryTooLarge, NotFound],
    ),
]
