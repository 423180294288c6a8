"""What webhooks are to be told: made of the event log, sent again when somebody asks (docs/semantics/webhook.md)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from largesse.actions.scope import Scope
from largesse.actions.webhooks import READER, get_webhook
from largesse.domain.errors import InvalidPayload, NotFound
from largesse.domain.webhooks import Attempt, Delivery, Webhook
from largesse.events.catalogue import MISSPELT
from largesse.events.payloads import derive
from largesse.store import deliveries as store
from largesse.store import events as log
from largesse.store import webhooks
from largesse.store.deliveries import NewDelivery
from largesse.store.events import BEGINNING, Cursor, Event
from largesse.wire.events import render_event
from largesse.wire.webhooks import RedeliveryInput, envelope, webhook_source

EVENTS_CHUNK: Final = 50
"""Events in one transaction of the reader. One may name fifty vouchers, and twenty webhooks may want each."""
ROWS_CHUNK: Final = 500
SEND_AGAIN_MAX: Final = 10_000
DELIVERED_KEPT: Final = timedelta(days=7)
PARKED_KEPT: Final = timedelta(days=30)
CLEAR_CHUNK: Final = 1_000
RESOURCE_TYPE: Final = "webhook_delivery"


async def fan_out(scope: Scope, now: datetime) -> int:
    """Make the deliveries of the next events, and move the cursor with them; how many events were read.

    The bodies are frozen here. An event from before a webhook was made isn't told to it.
    """
    connection, project_id = scope.connection, scope.project.id
    cursor = await log.claim_cursor(connection, project_id, READER)
    if cursor is None:
        return 0
    events = await log.read_events(connection, project_id, cursor, EVENTS_CHUNK)
    if not events:
        return 0
    active = [one for one in await webhooks.list_webhooks(connection, project_id) if one.active]
    if active:
        await _make(scope, (each for event in events for each in _deliveries(scope, event, active, now)), now)
    await log.move_cursor(connection, project_id, READER, events[-1].cursor)
    return len(events)


async def _make(scope: Scope, new: Iterator[NewDelivery], now: datetime) -> int:
    """How many weren't there yet."""
    made = 0
    while rows := list(islice(new, ROWS_CHUNK)):
        await store.wake_turns(scope.connection, scope.project.id, [row.webhook_id for row in rows], now)
        made += len(await store.insert_deliveries(scope.connection, scope.project.id, rows, now))
    return made


async def replay(scope: Scope, webhook_id: str, after: Cursor) -> tuple[int, Cursor, bool]:
    """Tell a webhook what it wasn't told of the next events behind a place in the log: what happened while it was off.

    How many deliveries were made, the place behind those events, and whether more follow. Raises NotFound;
    InvalidPayload when the webhook is switched off.
    """
    webhook = await _wake(scope, webhook_id)
    now = _now()
    events, end, more = await log.page_of_events(scope.connection, scope.project.id, after, EVENTS_CHUNK)
    made = await _make(scope, (each for event in events for each in _deliveries(scope, event, [webhook], now)), now)
    return made, end, more


def _deliveries(scope: Scope, event: Event, active: list[Webhook], now: datetime) -> Iterator[NewDelivery]:
    wanting = [
        (one, {MISSPELT.get(name, name) for name in one.events}) for one in active if one.created_at <= event.created_at
    ]
    if not wanting:
        return
    fact = render_event(event.id, event.type, event.entity_id, event.created_at, event.request_id, event.actor)
    for part, named in enumerate(derive(event)):
        for webhook, names in wanting:
            if named.type in names:
                delivery_id = scope.ids.new("whs_")
                body = envelope(
                    id=delivery_id,
                    project_id=scope.project.public_id,
                    created_at=now,
                    type=named.type,
                    data=named.data,
                    source=webhook_source(webhook),
                    event=fact,
                )
                place = (event.cursor, part, body)
                yield NewDelivery(delivery_id, webhook.id, event.id, named.type, named.entity_id, *place)


async def get_delivery(scope: Scope, webhook_id: str, id: str) -> tuple[Delivery, list[Attempt]]:
    """Raises NotFound."""
    await get_webhook(scope, webhook_id)
    delivery = await store.get_delivery(scope.connection, scope.project.id, webhook_id, id)
    if delivery is None:
        raise NotFound.of(RESOURCE_TYPE, id)
    return delivery, await store.list_attempts(scope.connection, scope.project.id, id)


async def send_one_again(scope: Scope, webhook_id: str, id: str) -> Delivery:
    """Another round of attempts, with the same id and body; one that is pending goes on as it is.

    Raises NotFound; InvalidPayload when the webhook is switched off.
    """
    await get_delivery(scope, webhook_id, id)
    await _wake(scope, webhook_id)
    await store.send_again(scope.connection, scope.project.id, webhook_id, _now(), 1, id=id)
    return (await get_delivery(scope, webhook_id, id))[0]


async def send_range_again(scope: Scope, webhook_id: str, sent: RedeliveryInput) -> int:
    """How many get another round; the earliest first, at most SEND_AGAIN_MAX, so ask until it is 0.

    Raises NotFound; InvalidPayload when the webhook is switched off.
    """
    await _wake(scope, webhook_id)
    return await store.send_again(
        scope.connection,
        scope.project.id,
        webhook_id,
        _now(),
        SEND_AGAIN_MAX,
        since=sent.since,
        until=sent.until,
        status=None if sent.status == "ALL" else sent.status,
    )


async def send_test(scope: Scope, webhook_id: str, event: str | None) -> Delivery:
    """Something to try the receiver with. Raises NotFound; InvalidPayload for an event that it doesn't want."""
    webhook = await _wake(scope, webhook_id)
    type_ = event or webhook.events[0]
    if type_ not in webhook.events:
        raise InvalidPayload(f"Property .event must be one that the webhook wants: {', '.join(webhook.events)}")
    now, delivery_id, event_id = _now(), scope.ids.new("whs_"), scope.ids.new("ev_")
    body = envelope(
        id=delivery_id,
        project_id=scope.project.public_id,
        created_at=now,
        type=type_,
        data={"test": True},
        source=webhook_source(webhook),
        event=render_event(event_id, type_, delivery_id, now, scope.request_id, scope.actor),
    )
    new = NewDelivery(delivery_id, webhook.id, event_id, type_, delivery_id, BEGINNING, 0, body)
    await store.insert_deliveries(scope.connection, scope.project.id, [new], now)
    return (await get_delivery(scope, webhook_id, delivery_id))[0]


async def clear_deliveries(scope: Scope) -> bool:
    """A chunk of what nobody looks at any more; False when none is left."""
    now = _now()
    cleared = await store.clear_deliveries(
        scope.connection,
        scope.project.id,
        ended_before=now - PARKED_KEPT,
        delivered_before=now - DELIVERED_KEPT,
        limit=CLEAR_CHUNK,
    )
    if cleared == 0:
        await webhooks.clear_webhooks(scope.connection, scope.project.id)
    return cleared == CLEAR_CHUNK


async def _wake(scope: Scope, webhook_id: str) -> Webhook:
    """Before anything is made due."""
    webhook = await get_webhook(scope, webhook_id)
    if not webhook.active:
        raise InvalidPayload(f"Webhook {webhook_id} is switched off: nothing is sent to it")
    await store.wake_turns(scope.connection, scope.project.id, [webhook_id], _now())
    return webhook


def _now() -> datetime:
    return datetime.now(UTC)
