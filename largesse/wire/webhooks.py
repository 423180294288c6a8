"""Webhooks as JSON: their management, and what receivers get."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from largesse.domain.errors import InvalidPayload
from largesse.domain.targets import URL_CHARACTERS_MAX, url_fault
from largesse.domain.webhooks import HEADERS_MAX, Attempt, Delivery, Webhook
from largesse.wire.dates import DateTime, render
from largesse.wire.faults import Faults

EVENTS_MAX: Final = 100
HEADER_CHARACTERS_MAX: Final = 4_096
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")
OURS: Final = re.compile(
    r"host|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|webhook-.*"
    r"|x-voucherify-signature",
    re.IGNORECASE,
)
"""Headers that say what we send; a receiver must be able to believe them."""

_Url = Annotated[str, msgspec.Meta(min_length=1, max_length=URL_CHARACTERS_MAX)]
_Events = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)
]
_Headers = Annotated[
    dict[str, Annotated[str, msgspec.Meta(max_length=HEADER_CHARACTERS_MAX)] | None],
    msgspec.Meta(max_length=HEADERS_MAX),
]


class WebhookChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Null is as good as absent: what isn't said stays as it is. `headers` (ours) are replaced as a whole; of
    one that is null, as answers show all of them, the value is kept.
    """

    target_url: _Url | None = None
    events: _Events | None = None
    active: bool | None = None
    headers: _Headers | None = None

    def check(self, subscribable: Mapping[str, str], *, allow_private: bool) -> None:
        """`subscribable`: a name to what is wrong with it, empty for nothing. Raises InvalidPayload with all faults."""
        faults = Faults()
        if self.target_url is not None and (fault := url_fault(self.target_url, allow_private=allow_private)):
            faults.add((None, "target_url"), fault)
        for index, name in enumerate(self.events or []):
            if fault := subscribable.get(name, f"must be the name of an event: nobody knows '{name}'"):
                faults.add(((None, "events"), index), fault)
        names = [name.lower() for name in self.headers or {}]
        for name, value in (self.headers or {}).items():
            place = ((None, "headers"), name)
            if not _HEADER_NAME.fullmatch(name):
                faults.add(place, "has a name that can't be a header's")
            elif OURS.fullmatch(name):
                faults.add(place, "is a header that this server sets itself")
            elif names.count(name.lower()) > 1:
                faults.add(place, "must have a unique name, whatever its case")
            if value is not None and not _HEADER_VALUE.fullmatch(value):
                faults.add(place, "must be printable ASCII")
        if faults:
            raise InvalidPayload(str(faults))


class WebhookInput(WebhookChanges, frozen=True, kw_only=True):
    """A webhook to be made: the same, with an address and the events it wants."""

    target_url: _Url
    events: _Events


class RedeliveryInput(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to send again: those made from `since` to `until`, parked ones unless `status` says DELIVERED or
    ALL.
    """

    since: DateTime | None = None
    until: DateTime | None = None
    status: Literal["PARKED", "DELIVERED", "ALL"] = "PARKED"


class ReplayInput(msgspec.Struct, frozen=True, kw_only=True):
    """From where on in the log a webhook is to be told what it wasn't told; without `after` from the beginning."""

    after: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class TestInput(msgspec.Struct, frozen=True, kw_only=True):
    """Which event to pretend; the first that the webhook wants unless it is said."""

    event: Annotated[str, msgspec.Meta(max_length=100)] | None = None


def without_nulls(headers: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if value is not None}


def render_webhook(webhook: Webhook) -> dict[str, Any]:
    """The values of headers aren't shown: most are keys of somebody."""
    return {
        "id": webhook.id,
        "target_url": webhook.target_url,
        "events": webhook.events,
        "active": webhook.active,
        "headers": dict.fromkeys(webhook.headers),
        "disabled_reason": webhook.disabled_reason,
        "created_at": render(webhook.created_at),
        "updated_at": None if webhook.updated_at is None else render(webhook.updated_at),
        "object": "webhook",
    }


def render_delivery(delivery: Delivery, attempts: list[Attempt] | None = None) -> dict[str, Any]:
    """`attempts`: with them the body is shown too."""
    out: dict[str, Any] = {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "entity_id": delivery.entity_id,
        "status": delivery.status,
        "reason": delivery.reason,
        "attempts_count": delivery.attempts,
        "next_attempt_at": render(delivery.due_at) if delivery.status == "PENDING" else None,
        "created_at": render(delivery.created_at),
        "ended_at": None if delivery.ended_at is None else render(delivery.ended_at),
        "object": "webhook_delivery",
    }
    if attempts is not None:
        out["body"] = msgspec.json.decode(delivery.body)
        out["attempts"] = [render_attempt(attempt) for attempt in attempts]
    return out


def render_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "result": attempt.result,
        "status": attempt.status,
        "reason": attempt.reason,
        "answer": attempt.answer,
        "elapsed_ms": attempt.elapsed_ms,
        "created_at": render(attempt.created_at),
    }


def envelope(
    *,
    id: str,
    project_id: str,
    created_at: datetime,
    type: str,
    data: Mapping[str, Any],
    source: Mapping[str, Any],
    event: Mapping[str, Any] | None,
) -> str:
    """The body, compact: what is signed is what is sent."""
    body = {
        "id": id,
        "project_id": project_id,
        "created_at": render(created_at),
        "type": type,
        "data": data,
        "source": source,
        "event": event,
    }
    return msgspec.json.encode(body).decode()


def webhook_source(webhook: Webhook) -> dict[str, Any]:
    return {"id": webhook.id, "object": "webhook", "target_url": webhook.target_url}
