"""/v1/vouchers/{code}/balance and /v1/vouchers/{code}/transactions"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.transactions import change_balance
from largesse.actions.vouchers import get_voucher
from largesse.domain.errors import InvalidAddBalanceParams, InvalidQueryParams, InvalidVoucher, NotFound
from largesse.http.requests import path_parameter, read_body, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store.transactions import list_transactions
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX
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
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    order = query.choice("order", ORDERS)
    after = query.text("starting_after_id")
    query.check()
    async with unit_of_work(request) as scope:
        voucher = await get_voucher(scope, path_parameter(request, "code"))
        found = await list_transactions(
            scope.connection, scope.project.id, voucher.id, after=after, limit=limit + 1, newest_first=order != "id"
        )
    page, has_more = found[:limit], len(found) > limit
    return respond(
        {
            "object": "list",
            "data_ref": "data",
            "data": [render_transaction(transaction) for transaction in page],
            "has_more": has_more,
            "more_starting_after": page[-1].id if has_more else None,
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
]
