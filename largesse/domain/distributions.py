"""Distributions: who gets which message when, and with what code (docs/semantics/distribution.md).

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
REFUSE: Final = "refuse"
"""What is done when the pool can't serve everybody; `refuse`: nothing at all."""
OUT_OF_CODES: Final = "no_codes_left"
CAMPAIGN_EXPIRED: Final = "campaign_expired"
SUPPLIABLE: Final = (OUT_OF_CODES, CAMPAIGN_EXPIRED)
"""Reasons of a pause that end by themselves as soon as codes can be had."""

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

SEGMENT_ENTERED: Final = "customer.segment.entered"
SEGMENT_LEFT: Final = "customer.segment.left"
SEGMENT_TRIGGERS: Final = (SEGMENT_ENTERED, SEGMENT_LEFT)
GIFT_ADJUSTED: Final = "customer.gift.balance_adjusted"
LOYALTY_ADJUSTED: Final = "customer.loyalty.balance_adjusted"
BALANCE_TRIGGERS: Final = (GIFT_ADJUSTED, LOYALTY_ADJUSTED)
REFERRED_TRIGGER: Final = "customer.referred"
CUSTOM_TRIGGER: Final = "customer.custom_event"
CODE_TRIGGERS: Final = frozenset(
    {
        *SEGMENT_TRIGGERS, CUSTOM_TRIGGER,
        "customer.order.created", "customer.order.updated", "customer.order.paid", "customer.order.canceled",
    }
)  # fmt: skip
"""Those that may publish codes; the others take plain messages only (docs/semantics/distribution.md)."""
PUBLICATION_TRIGGER: Final = "customer.publication.succeeded"
TRIGGERS: Final = CODE_TRIGGERS | {
    PUBLICATION_TRIGGER, "customer.created", "customer.redemption.succeeded", "customer.redemption.rollback.succeeded",
    *BALANCE_TRIGGERS, REFERRED_TRIGGER,
    "customer.rewarded", "customer.rewarded.loyalty_points", "customer.reward_redemptions.completed",
    *(f"customer.voucher.loyalty_card.{what}" for what in (
        "points_expired", "pending_points.added", "pending_points.updated", "pending_points.activated",
        "pending_points.canceled")),
    *(f"customer.loyalty.tier.{what}" for what in ("joined", "left", "upgraded", "downgraded", "prolonged")),
}  # fmt: skip
BUILT_TRIGGERS: Final[Mapping[str, str]] = {
    PUBLICATION_TRIGGER: "publication.succeeded",
    "customer.created": "customer.created",
    CUSTOM_TRIGGER: "customer.custom_event",
    SEGMENT_ENTERED: "customer.segment.entered",
    SEGMENT_LEFT: "customer.segment.left",
    GIFT_ADJUSTED: "voucher.gift.transaction.created",
    LOYALTY_ADJUSTED: "voucher.loyalty_card.transaction.created",
    REFERRED_TRIGGER: "customer.referred",
}
"""Triggers whose facts exist here, and the event of our log that each of them is."""
OF_CAMPAIGNS: Final = (PUBLICATION_TRIGGER, REFERRED_TRIGGER, *BALANCE_TRIGGERS)
"""Triggers that can be meant of one campaign only."""


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
    live_since: dict[str, Any] | None = None  # xid and seq: the place in the log where an automatic one was set live
    created_at: datetime
    updated_at: datetime | None = None
    deleted: bool = False

    @property
    def is_manual(self) -> bool:
        return self.trigger is None

    @property
    def segment_id(self) -> str | None:
        """Of an automatic one that is about a segment."""
        return None if self.trigger is None else self.trigger.get("segment_id")

    @property
    def includes_inside(self) -> bool:
        return self.trigger is not None and bool(self.trigger.get("include_inside"))

    @property
    def publishes(self) -> bool:
        return self.action is not None and self.action["type"] == PUBLISH

    @property
    def publication_channel(self) -> str:
        return DASHBOARD if self.is_manual else AUTOMATION

    @property
    def metadata(self) -> dict[str, Any]:
        """Of its publications."""
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
    facts: dict[str, Any] | None = None  # of the event that triggered it


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
    """Of a new message: without an address it fails, against somebody's will it isn't meant to go."""
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
