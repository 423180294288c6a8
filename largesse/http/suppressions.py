"""/v1/suppressions: who wants no messages; and /unsubscribe, the link in every mail and whatever else has it."""

from html import escape
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from largesse.actions import suppressions
from largesse.auth.shares import Holder
from largesse.domain.distributions import SUPPRESSIBLE
from largesse.domain.errors import InvalidQueryParams, NotFound
from largesse.http.connections import NOBODY, connected
from largesse.http.distributions import PAGE_MAX
from largesse.http.requests import (
    path_parameter,
    read_body,
    read_query,
    respond,
    respond_empty,
    services,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.store import suppressions as store
from largesse.store.lists import Narrowing
from largesse.store.projects import is_open
from largesse.wire.dates import render
from largesse.wire.distributions import SuppressionInput
from largesse.wire.lists import TEXT, page_schema, present

PATH: Final = "/v1/suppressions"
_ONE: Final = PATH + "/{channel}/{target}"
_LINK: Final = "/unsubscribe/{token}"
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="robots" content="noindex"><title>{title}</title><main><h1>{title}</h1>{content}</main></html>'
)


async def create(request: Request) -> Response:
    """Send nothing more to an address, a phone number or a customer"""
    sent = await read_body(request, SuppressionInput)
    sent.check()
    async with unit_of_work(request) as scope:
        target = await suppressions.suppress(scope, sent.channel, sent.target)
    return respond(
        {"id": f"{sent.channel}/{target}", "channel": sent.channel, "target": target, "object": "suppression"}
    )


async def list_(request: Request) -> Response:
    """List who wants no messages"""
    query = read_query(request)
    page = query.page(orders=("created_at",), page_max=PAGE_MAX)
    channel, target = query.choice("channel", SUPPRESSIBLE), query.text("target")
    query.check()
    async with unit_of_work(request) as scope:
        targets = await suppressions.spellings(scope, channel, target) if target else None
        narrowing = Narrowing(present(channel=channel, targets=targets))
        found = await store.list_suppressions(scope.connection, scope.project, narrowing, **page.wanted)
        total = await store.count_suppressions(scope.connection, scope.project, narrowing)
    return respond(page.envelope("data", [_render(one) for one in found], total))


def _render(one: store.Suppression) -> dict[str, Any]:
    """The id is the path that takes it off the list."""
    about = {"id": f"{one.channel}/{one.target}", "created_at": render(one.created_at), "object": "suppression"}
    return one._asdict() | about


async def delete(request: Request) -> Response:
    """Let messages go there again"""
    async with unit_of_work(request) as scope:
        await suppressions.allow(scope, path_parameter(request, "channel"), path_parameter(request, "target"))
    return respond_empty()


async def ask(request: Request) -> Response:
    """The page behind the link of a mail: asks before it does anything, because mail filters follow links too"""
    _read(request)
    form = '<form method="post"><button>Unsubscribe</button></form>'
    return _page("Unsubscribe", "<p>No more messages of this kind, please.</p>" + form)


async def unsubscribe(request: Request) -> Response:
    """Send nothing more to whom the token is about; mail programs ask so too (RFC 8058)"""
    project_id, channel, customer_id = _read(request)
    async with connected(services(request), Holder(project_id, NOBODY)) as connection, connection.transaction():
        if not await is_open(connection, project_id):
            raise NotFound("Cannot find what this link is about")
        await suppressions.unsubscribe(connection, project_id, channel, customer_id)
    return _page("Unsubscribed", "<p>You will get no more of these messages.</p>")


def _read(request: Request) -> tuple[int, str, str]:
    """Project, channel and customer. Raises NotFound."""
    token = path_parameter(request, "token")
    project_id, subject = services(request).asset_tokens.read("unsubscribe", token)
    channel, _, customer_id = subject.partition(":")
    return project_id, channel, customer_id


def _page(title: str, content: str) -> Response:
    return HTMLResponse(_PAGE.format(title=escape(title), content=content), headers=_HEADERS)


_QUERY: Final = page_schema(("created_at",), PAGE_MAX) | {
    "channel": {"type": "string", "enum": list(SUPPRESSIBLE)},
    "target": TEXT,
}

ROUTES = [
    Route(PATH, create, methods=["POST"], body=SuppressionInput),
    Route(PATH, list_, methods=["GET"], query=_QUERY, errors=[InvalidQueryParams]),
    Route(_ONE, delete, methods=["DELETE"], errors=[NotFound]),
    Route(_LINK, ask, methods=["GET"], errors=[NotFound]),
    Route(_LINK, unsubscribe, methods=["POST"], errors=[NotFound], writes=False),
]
