"""Distributions: who gets which message when, and with what code (spec distributions-exports-webhooks §1–§3).

Ours, in the contract's manner: the vendor has them in its dashboard only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.errors import InvalidDistribution

DRAFT: Final = "DRAFT"
TO_SEND: Final = "TO SEND"
IN_PROGRESS: Final = "IN_PROGRESS"
LIVE: Final = "LIVE"
PAUSED: Final = "PAUSED"
DONE: Final = "DONE"
FAILED: Final = "FAILED"
STATUSES: Final = (DRAFT, TO_SEND, IN_PROGRESS, LIVE, PAUSED, DONE, FAILED)
EDITABLE: Final = frozenset({DRAFT, TO_SEND, PAUSED})

RECIPIENTS: Final = "recipients"
SEND: Final = "send"
RELEASE: Final = "release"

PUBLISH: Final = "publish"
MESSAGE: Final = "message"
NOTIFY: Final = "notify"
"""Actions: a code from a campaign; a plain message; a message about the publication that triggered it."""

EMAIL: Final = "email"
SMS: Final = "sms"
WEBHOOK: Final = "webhook"
CSV: Final = "csv"
CHANNELS: Final = (EMAIL, SMS, WEBHOOK, CSV)
SUPPRESSIBLE: Final = (EMAIL, SMS, WEBHOOK)
"""Those that somebody can want nothing through: their messages carry a link."""

EXTEND: Final = "extend"
PAUSE: Final = "pause"
FALLBACK: Final = "fallback"
FAIL: Final = "fail"

DASHBOARD: Final = "Dashboard"
AUTOMATION: Final = "Automation"
"""Channels of the publications that manual and automatic ones make."""

PENDING: Final = "pending"
HELD: Final = "held"
SENDING: Final = "sending"
ACCEPTED: Final = "accepted"
MESSAGE_FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
SKIPPED: Final = "skipped"
MESSAGE_STATES: Final = (PENDING, HELD, SENDING, ACCEPTED, MESSAGE_FAILED, UNKNOWN, SKIPPED)

ALREADY_JOINED: Final = "already_joined"
SUPPRESSED: Final = "suppressed"
NO_EMAIL: Final = "no_email"
NO_PHONE: Final = "no_phone"
NO_CODE: Final = "no_code"
CUSTOMER_GONE: Final = "customer_gone"
CODE_GONE: Final = "code_deleted"
CODE_DISABLED: Final = "code_disabled"
CODE_EXPIRED: Final = "code_expired"
CODE_REASONS: Final = frozenset({CODE_GONE, CODE_DISABLED, CODE_EXPIRED})
"""What happened to a code while it was held."""
_SKIPPING: Final = frozenset({ALREADY_JOINED, SUPPRESSED, CUSTOMER_GONE})

DELAY_MINUTES: Final = 10
"""Between saying so and the first message of a manual one: it can be changed and stopped meanwhile."""

CODE_TRIGGERS: Final = frozenset(
    {
        "customer.segment.entered", "customer.segment.left",
        "customer.order.created", "customer.order.updated", "customer.order.paid", "customer.order.canceled",
        "customer.custom_event",
    }
)  # fmt: skip
"""Those that may publish codes; the others take plain messages only (spec §2)."""
PUBLICATION_TRIGGER: Final = "customer.publication.succeeded"
TRIGGERS: Final = CODE_TRIGGERS | {
    PUBLICATION_TRIGGER, "customer.created", "customer.redemption.succeeded", "customer.redemption.rollback.succeeded",
    "customer.gift.balance_adjusted", "customer.loyalty.balance_adjusted", "customer.referred",
}  # fmt: skip
BUILT_TRIGGERS: Final[Mapping[str, str]] = {
    PUBLICATION_TRIGGER: "publication.succeeded",
    "customer.created": "customer.created",
    "customer.custom_event": "customer.custom_event",
}
"""Triggers whose facts exist here, and the event of our log that each of them is."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `distributions`. `trigger` None: a manual one. `channels` are as they were sent, checked."""

    id: str
    name: str
    status: str = DRAFT
    trigger: dict[str, Any] | None = None
    audience: dict[str, Any] = {}
    action: dict[str, Any] | None = None
    channels: list[dict[str, Any]] = []
    recipients_max: int | None = None
    when_exhausted: str = FAIL
    resumes_as: str | None = None
    reason: str | None = None
    phase: str | None = None
    considered: str = ""
    considered_count: int = 0
    pick_after: int = -1
    attempt: int = 0
    starts_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    set_live_at: datetime | None = None
    created_at: datetime
    updated_at: datetime | None = None
    deleted: bool = False

    @property
    def is_manual(self) -> bool:
        return self.trigger is None

    @property
    def publishes(self) -> bool:
        return self.action is not None and self.action["type"] == PUBLISH

    @property
    def publication_channel(self) -> str:
        return DASHBOARD if self.is_manual else AUTOMATION

    @property
    def metadata(self) -> dict[str, Any]:
        """Of its publications (spec §2.1)."""
        return {"distribution_id": self.id, "source_type": "distribution", "source_id": self.id}

    def channel(self, type: str) -> dict[str, Any] | None:
        return next((one for one in self.channels if one["type"] == type), None)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Of `distribution_messages`: to one customer through one channel. `body`: what a webhook is told, frozen."""

    id: str
    distribution_id: str
    customer_id: str
    channel: str
    event_id: str = ""
    state: str
    publication_id: str | None = None
    reason: str | None = None
    receipt: str | None = None
    fallback: bool = False
    tries: int = 0
    due_at: datetime
    sent_at: datetime | None = None
    created_at: datetime
    updated_at: datetime | None = None
    body: str | None = None


class Person(msgspec.Struct, frozen=True):
    """What decides whether somebody of the audience gets a message."""

    joined: bool  # has a code of the campaign, which gives each customer one
    has_email: bool
    has_phone: bool
    no_email: bool  # doesn't want any
    no_sms: bool
    no_webhook: bool = False


def obstacles(person: Person, channels: list[str]) -> dict[str, str | None]:
    """By channel why the person gets no message through it; None where it can go."""
    if person.joined:
        return dict.fromkeys(channels, ALREADY_JOINED)
    against = {
        EMAIL: SUPPRESSED if person.no_email else None if person.has_email else NO_EMAIL,
        SMS: SUPPRESSED if person.no_sms else None if person.has_phone else NO_PHONE,
        WEBHOOK: SUPPRESSED if person.no_webhook else None,
    }
    return {channel: against.get(channel) for channel in channels}


def state_of(obstacle: str | None) -> str:
    """Of a new message: without an address it fails, against somebody's will it isn't meant to go (spec §3)."""
    if obstacle is None:
        return PENDING
    return SKIPPED if obstacle in _SKIPPING else MESSAGE_FAILED


def check_verb(distribution: Distribution, verb: str, allowed: frozenset[str]) -> None:
    """Raises InvalidDistribution when its status doesn't allow that."""
    if distribution.status not in allowed:
        raise InvalidDistribution(
            f"Distribution {distribution.id} cannot be {verb}: its status is {distribution.status}",
            resource_id=distribution.id,
            resource_type="distribution",
        )
