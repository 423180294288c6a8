"""Webhooks: what is sent where, and when it is tried again (docs/semantics/webhook.md)."""

import base64
from datetime import datetime, timedelta
from typing import Final

import msgspec

WEBHOOKS_MAX: Final = 20
"""Of a project."""
HEADERS_MAX: Final = 20
RETRIES_S: Final = tuple(60 * minutes for minutes in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 1_440))
"""When a delivery is tried again, in seconds after its first attempt. After the last one the webhook is disabled."""
RETRY_AFTER_S_MAX: Final = 3_600
"""A receiver may ask for patience, but not for ever: its events grow old."""
SOONEST_S: Final = 10
"""Between two attempts, when the worker was away and the schedule has passed."""
GONE: Final = 410
PATIENCE: Final = frozenset({429, 503})
"""The statuses whose Retry-After is honoured."""
SECRET_OVERLAP: Final = timedelta(hours=24)
"""How long the secret before signs along after a rotation."""
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - of all of them
SECRET_BYTES: Final = 32

PENDING: Final = "PENDING"
DELIVERED: Final = "DELIVERED"
PARKED: Final = "PARKED"
STATUSES: Final = (PENDING, DELIVERED, PARKED)


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `webhooks`. `headers` are sent along; `disabled_reason` says why we switched it off."""

    id: str
    target_url: str
    events: list[str]
    headers: dict[str, str] = {}
    active: bool = True
    disabled_reason: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `webhook_deliveries`; `tries` are those of this round, `attempts` all."""

    id: str
    webhook_id: str
    event_id: str
    type: str
    entity_id: str
    body: str
    status: str = PENDING
    reason: str | None = None
    tries: int = 0
    tried_at: datetime | None = None
    due_at: datetime
    attempts: int = 0
    created_at: datetime
    ended_at: datetime | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One time that something was sent; `status` is that of HTTP, null without an answer."""

    number: int
    result: str
    status: int | None
    reason: str | None
    answer: str
    elapsed_ms: int
    created_at: datetime


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from an attempt that failed: `due_at` for another one, or `disable` with the reason to give up."""

    due_at: datetime | None = None
    disable: str | None = None
    rest_until: datetime | None = None


def after_failure(
    *, tries: int, tried_at: datetime, now: datetime, status: int | None, retry_after_s: float | None
) -> Verdict:
    """`tries` counts the attempt that just failed, `tried_at` is the first one of this round."""
    if status == GONE:
        return Verdict(disable="The receiver answered 410: it is gone.")
    if tries > len(RETRIES_S):
        return Verdict(disable=f"A delivery failed {tries} times in {RETRIES_S[-1] // 3600} hours.")
    due_at = max(tried_at + timedelta(seconds=RETRIES_S[tries - 1]), now + timedelta(seconds=SOONEST_S))
    if status not in PATIENCE or not retry_after_s:
        return Verdict(due_at=due_at)
    rest_until = now + timedelta(seconds=min(retry_after_s, RETRY_AFTER_S_MAX))
    return Verdict(due_at=max(due_at, rest_until), rest_until=rest_until)


def secrets_in_force(secret: str, before: str | None, since: datetime | None, now: datetime) -> list[str]:
    """What to sign with: the secret, and for a day after a rotation the one before it."""
    if before is None or since is None or now - since > SECRET_OVERLAP:
        return [secret]
    return [secret, before]


def secret_of(entropy: bytes) -> str:
    """A secret as receivers get it, made of SECRET_BYTES random bytes."""
    return SECRET_PREFIX + base64.b64encode(entropy).decode()
