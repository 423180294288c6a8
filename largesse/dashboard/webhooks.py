"""Webhooks: who is told what, every attempt, and telling again."""

from typing import Any, Final

from starlette.responses import Response

from largesse.actions import deliveries, webhooks
from largesse.dashboard.clocks import moment_of
from largesse.dashboard.forms import Form
from largesse.dashboard.listing import ROWS, Listing
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.users import ADMIN
from largesse.domain.webhooks import STATUSES, Webhook
from largesse.events.catalogue import SUBSCRIBABLE
from largesse.store import webhooks as store
from largesse.store.deliveries import count_deliveries, list_deliveries
from largesse.store.lists import Narrowing
from largesse.wire.lists import present
from largesse.wire.parse import parse_value
from largesse.wire.webhooks import RedeliveryInput, WebhookChanges, WebhookInput

PAGES_MAX: Final = 100
LINES_MAX: Final = 20
HIDDEN: Final = "••••••••"
"""What the form shows for the value of a header; left as it is, it keeps the value."""
_FIELDS: Final = {"target_url": "target_url", "events": "events", "headers": "headers"}


async def list_(view: View) -> Response:
    async with view.work() as scope:
        found = await store.list_webhooks(scope.connection, scope.project.id)
        secret = await webhooks.ensure_secret(scope.connection, scope.project.id) if view.may_write else None
    return view.page("webhooks.html", found=found, secret=secret and secret.secret)


async def new(view: View) -> Response:
    return _form(view, Form([("events", "voucher.published"), ("events", "publication.succeeded"), ("active", "on")]))


def _ours(view: View) -> dict[str, Any]:
    return {"vault": view.services.vault, "allow_private": view.services.allow_private_targets}


async def create(view: View) -> Response:
    form = await view.form()
    body = _body(form)
    if not form.is_refused:
        with form.refusing(_FIELDS):
            sent = parse_value(body, WebhookInput)
            async with view.work() as scope:
                webhook = await webhooks.create_webhook(scope, sent, **_ours(view))
            return view.go(f"/developers/webhooks/{webhook.id}", "The webhook is told what happens from now on.")
    return _form(view, form, status=400)


async def edit(view: View) -> Response:
    webhook = await _find(view)
    headers = "\n".join(f"{name}: {HIDDEN}" for name in webhook.headers)
    given = [("target_url", webhook.target_url), ("headers", headers), ("active", "on" if webhook.active else "")]
    return _form(view, Form([*given, *(("events", name) for name in webhook.events)]), webhook)


async def update(view: View) -> Response:
    form, webhook = await view.form(), await _find(view)
    body = _body(form)
    if not form.is_refused:
        with form.refusing(_FIELDS):
            sent = parse_value(body, WebhookChanges)
            async with view.work() as scope:
                await webhooks.update_webhook(scope, webhook.id, sent, **_ours(view))
            return view.go(f"/developers/webhooks/{webhook.id}", "The webhook was changed.")
    return _form(view, form, webhook, 400)


def _body(form: Form) -> dict[str, Any]:
    headers: dict[str, str | None] = {}
    for line in form.text("headers").split("\n")[: LINES_MAX + 1]:
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            form.fault("headers", f"Write name: value; this line has no colon: {line[:60]}")
        if line.strip():
            headers[name.strip()] = None if value.strip() == HIDDEN else value.strip()
    return {
        "target_url": form.text("target_url"),
        "events": form.all("events"),
        "headers": headers,
        "active": form.checked("active"),
    }


def _form(view: View, form: Form, webhook: Webhook | None = None, status: int = 200) -> Response:
    return view.page("webhook_form.html", status, form=form, webhook=webhook, names=sorted(SUBSCRIBABLE))


async def show(view: View) -> Response:
    query = view.query
    page = query.page(orders=("created_at",), page_max=PAGES_MAX)
    wanted = query.choice("status", STATUSES) if query.text("status") else None
    query.check()
    webhook = await _find(view)
    narrowing = Narrowing(present(webhook_id=webhook.id, status=wanted))
    async with view.work() as scope:
        total = await count_deliveries(scope.connection, scope.project, narrowing)
        found = await list_deliveries(
            scope.connection, scope.project, narrowing, order="-created_at", limit=ROWS, offset=(page.page - 1) * ROWS
        )
    listing = Listing(view, found, page=page.page, total=total, page_max=PAGES_MAX)
    return view.page("webhook.html", webhook=webhook, listing=listing, wanted=wanted, statuses=STATUSES)


async def show_delivery(view: View) -> Response:
    async with view.work() as scope:
        delivery, attempts = await deliveries.get_delivery(
            scope, view.parameter("webhook_id"), view.parameter("delivery_id")
        )
    return view.page("delivery.html", delivery=delivery, attempts=attempts)


async def send_again(view: View) -> Response:
    await view.form()
    webhook_id = view.parameter("webhook_id")
    async with view.work() as scope:
        delivery = await deliveries.send_one_again(scope, webhook_id, view.parameter("delivery_id"))
    return view.go(
        f"/developers/webhooks/{webhook_id}/deliveries/{delivery.id}", "It is sent again, with the same id and body."
    )


async def send_parked_again(view: View) -> Response:
    """Those of a span of time, or all, as long as they are parked."""
    form = await view.form()
    webhook_id = (await _find(view)).id
    zone = view.project.time_zone
    span = {name: moment_of(form, name, zone) for name in ("since", "until")}
    if not form.is_refused:
        with form.refusing():
            sent = parse_value(span, RedeliveryInput)
            async with view.work() as scope:
                count = await deliveries.send_range_again(scope, webhook_id, sent)
            return view.go(f"/developers/webhooks/{webhook_id}", f"{count} are sent again.")
    return view.go(f"/developers/webhooks/{webhook_id}", " ".join([*form.errors.values(), *form.problems]))


async def send_test(view: View) -> Response:
    await view.form()
    webhook_id = view.parameter("webhook_id")
    async with view.work() as scope:
        delivery = await deliveries.send_test(scope, webhook_id, None)
    return view.go(f"/developers/webhooks/{webhook_id}/deliveries/{delivery.id}", "A test is on its way.")


async def rotate_secret(view: View) -> Response:
    await view.form()
    async with view.work() as scope:
        await webhooks.rotate_secret(scope)
    return view.go("/developers/webhooks", "There is a new secret. The one before signs along for a day.")


async def ask_to_delete(view: View) -> Response:
    return view.page("webhook_delete.html", webhook=await _find(view), form=Form())


async def delete(view: View) -> Response:
    form, webhook = await view.form(), await _find(view)
    if not form.confirms(webhook.target_url):
        return view.page("webhook_delete.html", 400, webhook=webhook, form=form)
    async with view.work() as scope:
        await webhooks.delete_webhook(scope, webhook.id)
    return view.go("/developers/webhooks", "The webhook was deleted.")


async def _find(view: View) -> Webhook:
    async with view.work() as scope:
        return await webhooks.get_webhook(scope, view.parameter("webhook_id"))


ONE: Final = "/developers/webhooks/{webhook_id}"
DELIVERY: Final = ONE + "/deliveries/{delivery_id}"

PAGES = [
    Page("/developers/webhooks", list_),
    Page("/developers/webhooks/new", new, role=ADMIN),
    Page("/developers/webhooks/new", create, methods=["POST"], role=ADMIN),
    Page("/developers/webhooks/secret", rotate_secret, methods=["POST"], role=ADMIN),
    Page(ONE, show),
    Page(ONE + "/edit", edit, role=ADMIN),
    Page(ONE + "/edit", update, methods=["POST"], role=ADMIN),
    Page(ONE + "/again", send_parked_again, methods=["POST"]),
    Page(ONE + "/test", send_test, methods=["POST"]),
    Page(ONE + "/delete", ask_to_delete, role=ADMIN),
    Page(ONE + "/delete", delete, methods=["POST"], role=ADMIN),
    Page(DELIVERY, show_delivery),
    Page(DELIVERY + "/again", send_again, methods=["POST"]),
]
