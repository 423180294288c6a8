"""/management/v1/projects/{id}/webhooks; secret, deliveries, re-delivery and test are ours."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import deliveries, webhooks
from largesse.domain.errors import InvalidPayload, InvalidQueryParams, NotFound
from largesse.domain.webhooks import STATUSES
from largesse.http.edge import MANAGEMENT_KEYS
from largesse.http.requests import (
    expect_no_body,
    path_parameter,
    read_body,
    read_query,
    respond,
    respond_empty,
    services,
    work_on_project,
)
from largesse.http.routing import Route
from largesse.store.deliveries import count_deliveries, list_deliveries
from largesse.store.events import BEGINNING, Cursor
from largesse.store.lists import Narrowing
from largesse.store.webhooks import Secret, list_webhooks
from largesse.wire.dates import render
from largesse.wire.events import parse_cursor, render_cursor
from largesse.wire.lists import TEXT, page_schema, present
from largesse.wire.webhooks import (
    RedeliveryInput,
    ReplayInput,
    TestInput,
    WebhookChanges,
    WebhookInput,
    render_delivery,
    render_webhook,
)

PROJECT: Final = "/management/v1/projects/{project_id}"
PATH: Final = f"{PROJECT}/webhooks"
ONE: Final = f"{PATH}/{{webhook_id}}"
DELIVERIES: Final = f"{ONE}/deliveries"
ORDERS: Final = ("created_at",)
PAGE_MAX: Final = 1_000


def _ours(request: Request) -> dict[str, Any]:
    """What the installation has to do with webhooks of any project."""
    return {"vault": services(request).vault, "allow_private": services(request).allow_private_targets}


async def create(request: Request) -> Response:
    """Create a webhook: it is told what happens from now on"""
    sent = await read_body(request, WebhookInput)
    async with work_on_project(request) as scope:
        webhook = await webhooks.create_webhook(scope, sent, **_ours(request))
    return respond(render_webhook(webhook))


async def list_(request: Request) -> Response:
    """List the webhooks of the project, oldest first"""
    async with work_on_project(request) as scope:
        data = [render_webhook(one) for one in await list_webhooks(scope.connection, scope.project.id)]
    return respond({"object": "list", "data_ref": "data", "data": data, "total": len(data)})


async def get(request: Request) -> Response:
    """Get a webhook"""
    async with work_on_project(request) as scope:
        webhook = await webhooks.get_webhook(scope, path_parameter(request, "webhook_id"))
    return respond(render_webhook(webhook))


async def update(request: Request) -> Response:
    """Change a webhook; switched off, what it was still to be told is parked"""
    sent = await read_body(request, WebhookChanges)
    async with work_on_project(request) as scope:
        webhook = await webhooks.update_webhook(
            scope,
            path_parameter(request, "webhook_id"),
            sent,
            **_ours(request),
        )
    return respond(render_webhook(webhook))


async def delete(request: Request) -> Response:
    """Delete a webhook, with its deliveries"""
    async with work_on_project(request) as scope:
        await webhooks.delete_webhook(scope, path_parameter(request, "webhook_id"))
    return respond_empty()


async def list_of_webhook(request: Request) -> Response:
    """List what a webhook was told, or will be"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    given = present(status=query.choice("status", STATUSES), event_id=query.text("event_id"))
    query.check()
    async with work_on_project(request) as scope:
        webhook = await webhooks.get_webhook(scope, path_parameter(request, "webhook_id"))
        narrowing = Narrowing({"webhook_id": webhook.id, **given})
        found = await list_deliveries(scope.connection, scope.project, narrowing, **page.wanted)
        total = await count_deliveries(scope.connection, scope.project, narrowing)
    data = [render_delivery(delivery) for delivery in found]
    return respond(page.envelope("data", data, total))


async def get_delivery(request: Request) -> Response:
    """Get a delivery, with its body and every attempt"""
    async with work_on_project(request) as scope:
        delivery, attempts = await deliveries.get_delivery(scope, *_named(request))
    return respond(render_delivery(delivery, attempts))


async def send_one_again(request: Request) -> Response:
    """Send a delivery again, with the same id and body"""
    await expect_no_body(request)
    async with work_on_project(request) as scope:
        delivery = await deliveries.send_one_again(scope, *_named(request))
    return respond(render_delivery(delivery))


async def send_range_again(request: Request) -> Response:
    """Send the deliveries of a span of time again, with the same ids and bodies"""
    sent = await read_body(request, RedeliveryInput)
    async with work_on_project(request) as scope:
        count = await deliveries.send_range_again(scope, path_parameter(request, "webhook_id"), sent)
    return respond({"count": count, "count_max": deliveries.SEND_AGAIN_MAX})


async def replay(request: Request) -> Response:
    """Tell a webhook what it wasn't told: the next events of the log behind a cursor"""
    sent = await read_body(request, ReplayInput)
    if (parsed := parse_cursor(sent.after or render_cursor(BEGINNING))) is None:
        raise InvalidPayload("Property .after must be a cursor of the event log")
    async with work_on_project(request) as scope:
        count, end, has_more = await deliveries.replay(scope, path_parameter(request, "webhook_id"), Cursor(*parsed))
    return respond({"count": count, "cursor": render_cursor(end), "has_more": has_more})


async def send_test(request: Request) -> Response:
    """Send something that didn't happen, to try the receiver"""
    sent = await read_body(request, TestInput)
    async with work_on_project(request) as scope:
        delivery = await deliveries.send_test(scope, path_parameter(request, "webhook_id"), sent.event)
    return respond(render_delivery(delivery))


async def get_secret(request: Request) -> Response:
    """Get the secret that the project's webhooks are signed with"""
    async with work_on_project(request) as scope:
        secret = await webhooks.ensure_secret(scope.connection, scope.project.id)
    return respond(_render_secret(secret))


async def rotate_secret(request: Request) -> Response:
    """Sign with another secret from now on; the one before signs along for a day"""
    await expect_no_body(request)
    async with work_on_project(request) as scope:
        secret = await webhooks.rotate_secret(scope)
    return respond(_render_secret(secret))


def _render_secret(secret: Secret) -> dict[str, str | None]:
    return {
        "object": "webhook_secret",
        "secret": secret.secret,
        "rotated_at": None if secret.since is None else render(secret.since),
    }


def _named(request: Request) -> tuple[str, str]:
    return path_parameter(request, "webhook_id"), path_parameter(request, "delivery_id")


_QUERY: Final = page_schema(ORDERS, PAGE_MAX) | {
    "status": {"type": "string", "enum": list(STATUSES)},
    "event_id": TEXT,
}


def _managed(path: str, endpoint: object, method: str, **options: object) -> Route:
    return Route(path, endpoint, methods=[method], errors=[NotFound], keys=MANAGEMENT_KEYS, **options)  # type: ignore[arg-type]


ROUTES = [
    _managed(PATH, create, "POST", body=WebhookInput),
    _managed(PATH, list_, "GET"),
    _managed(ONE, get, "GET"),
    _managed(ONE, update, "PUT", body=WebhookChanges),
    _managed(ONE, delete, "DELETE"),
    Route(
        DELIVERIES,
        list_of_webhook,
        methods=["GET"],
        query=_QUERY,
        errors=[NotFound, InvalidQueryParams],
        keys=MANAGEMENT_KEYS,
    ),
    _managed(f"{DELIVERIES}/{{delivery_id}}", get_delivery, "GET"),
    _managed(f"{DELIVERIES}/{{delivery_id}}/redeliver", send_one_again, "POST"),
    _managed(f"{ONE}/redeliver", send_range_again, "POST", body=RedeliveryInput),
    _managed(f"{ONE}/replay", replay, "POST", body=ReplayInput),
    _managed(f"{ONE}/test", send_test, "POST", body=TestInput),
    _managed(f"{PROJECT}/webhook-secret", get_secret, "GET"),
    _managed(f"{PROJECT}/webhook-secret/rotate", rotate_secret, "POST"),
]
