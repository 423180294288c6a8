"""Distributions as JSON: ours, in the contract's manner."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from largesse.domain.contacts import mail_address
from largesse.domain.customers import FILTERS
from largesse.domain.distributions import (
    BUILT_TRIGGERS,
    CODE_TRIGGERS,
    CSV,
    CUSTOM_TRIGGER,
    EMAIL,
    FALLBACK,
    IN_PROGRESS,
    LIVE,
    MESSAGE,
    NOTIFY,
    OF_CAMPAIGNS,
    PUBLICATION_TRIGGER,
    PUBLISH,
    REFUSE,
    SEGMENT_ENTERED,
    SEGMENT_TRIGGERS,
    SMS,
    TO_SEND,
    TRIGGERS,
    WEBHOOK,
    Distribution,
    Message,
)
from largesse.domain.errors import InvalidPayload
from largesse.domain.filters import Filter
from largesse.domain.publications import COUNT_MAX
from largesse.wire.customers import Text
from largesse.wire.dates import render
from largesse.wire.faults import Faults, Place
from largesse.wire.filters import parse_filter
from largesse.wire.metadata import Metadata
from largesse.wire.names import Id, Ref
from largesse.wire.templates import TEMPLATE_CHARACTERS_MAX
from largesse.wire.webhooks import OURS

NAME_LENGTH_MAX: Final = 255
CHANNELS_MAX: Final = 4
HEADERS_MAX: Final = 20
RATE_MAX: Final = 10_000
RECIPIENTS_CEILING: Final = 2**31 - 1
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_TEMPLATES: Final = {"subject": False, "html": True, "text": False, "body": False, "fallback_text": False}
"""Fields of a channel that are templates, and whether they are HTML."""
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    EMAIL: frozenset({"from", "from_name", "reply_to", "subject", "html", "text", "fallback_text", "rate"}),
    SMS: frozenset({"url", "headers", "body", "text", "fallback_text", "rate"}),
    WEBHOOK: frozenset({"url", "headers", "event_name", "body", "rate"}),
    CSV: frozenset(),
}
_BELONGING: Final = {
    "campaign": OF_CAMPAIGNS,
    "custom_event": (CUSTOM_TRIGGER,),
    "segment_id": SEGMENT_TRIGGERS,
    "include_inside": (SEGMENT_ENTERED,),
}
"""Fields of triggers, and the events that they belong to."""
_NEEDED: Final = {EMAIL: ("from", "subject"), SMS: ("url", "text"), WEBHOOK: ("url",), CSV: ()}

_Template = Annotated[str, msgspec.Meta(min_length=1, max_length=TEMPLATE_CHARACTERS_MAX)]
_Short = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class TriggerInput(msgspec.Struct, frozen=True, kw_only=True):
    """What starts an automatic one: an event; of publications, balances and referrals perhaps those of one campaign (id
    or name), of custom events those of one name. `segment_id`: which segment is entered or left; `include_inside`:
    those who are in it already get a message too, when the distribution is set live.
    """

    event: Text
    campaign: Ref | None = None
    custom_event: Text | None = None
    segment_id: Ref | None = None
    include_inside: bool | None = None


class AudienceInput(msgspec.Struct, frozen=True, kw_only=True):
    """One customer (id or source id), or the customers of a segment, or all; of them those that `filter` lets in."""

    customer: Id | None = None
    segment_id: Ref | None = None
    filter: Metadata | None = None


class ActionInput(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign` (id or name) and `count` belong to `publish`."""

    type: Literal["publish", "message", "notify"]
    campaign: Ref | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] | None = None


class ChannelInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a message is on one channel; which fields each type takes is checked. `rate`: messages a second."""

    type: Literal["email", "sms", "webhook", "csv"]
    from_: _Short | None = msgspec.field(default=None, name="from")
    from_name: _Short | None = None
    reply_to: _Short | None = None
    subject: _Template | None = None
    html: _Template | None = None
    text: _Template | None = None
    body: _Template | None = None
    fallback_text: _Template | None = None
    url: _Url | None = None
    event_name: _Short | None = None
    headers: dict[str, Annotated[str, msgspec.Meta(max_length=2_000)] | None] | None = None
    rate: Annotated[int, msgspec.Meta(ge=1, le=RATE_MAX)] | None = None


class DistributionInput(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of a distribution; a draft may lack anything but its name. Null is as good as absent."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
    trigger: TriggerInput | None = None
    audience: AudienceInput | None = None
    action: ActionInput | None = None
    channels: Annotated[list[ChannelInput], msgspec.Meta(max_length=CHANNELS_MAX)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=RECIPIENTS_CEILING)] | None = None
    when_exhausted: Literal["extend", "pause", "fallback", "fail", "refuse"] | None = None
    validation_rules: list[str] | None = None  # refused: whoever sends them means not everybody

    def templates(self) -> dict[str, tuple[str, bool]]:
        """By a name of theirs: the templates, and whether they are HTML."""
        return {
            f"{index}.{name}": (text, html)
            for index, channel in enumerate(self.channels or [])
            for name, html in _TEMPLATES.items()
            if (text := getattr(channel, name)) is not None
        }

    def check(self, templates: Mapping[str, str]) -> None:
        """Raises InvalidPayload with every fault that can be seen without looking anything up. `templates`: by the same
        names what is wrong with those.
        """
        faults = Faults()
        _check_audience(faults, self)
        _check_action(faults, self)
        if self.when_exhausted == REFUSE and self.trigger is not None:
            faults.add((None, "when_exhausted"), f"must not be {REFUSE}: nobody knows whom events will be about")
        if self.validation_rules:
            faults.add((None, "validation_rules"), "can't limit a distribution yet: say it with audience.filter")
        types = [channel.type for channel in self.channels or []]
        if len(set(types)) != len(types):
            faults.add((None, "channels"), "must not have two of one type")
        for index, channel in enumerate(self.channels or []):
            wrong = {name: fault for name in _TEMPLATES if (fault := templates.get(f"{index}.{name}")) is not None}
            fallback = self.when_exhausted == FALLBACK
            _check_channel(faults, ((None, "channels"), index), channel, wrong, fallback=fallback)
        if faults:
            raise InvalidPayload(str(faults))

    def stored_channels(self) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = msgspec.to_builtins(self.channels or [])
        return made


class VerbInput(msgspec.Struct, frozen=True, kw_only=True):
    """`now`: without the delay."""

    now: bool = False


class RetryInput(msgspec.Struct, frozen=True, kw_only=True):
    """Which failed messages: all, unless they are named."""

    messages: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=1_000)] | None = None


class SuppressionInput(msgspec.Struct, frozen=True, kw_only=True):
    """`target`: an e-mail address, a phone number or a customer's id; of a webhook the customer's id."""

    channel: Literal["email", "sms", "webhook"]
    target: Id

    def check(self) -> None:
        """Raises InvalidPayload for a target that the channel doesn't know."""
        if self.channel == WEBHOOK and not self.target.startswith("cust_"):
            raise InvalidPayload("Property .target must be a customer's id: a webhook has no addresses")


def _check_audience(faults: Faults, sent: DistributionInput) -> None:
    audience = sent.audience or AudienceInput()
    place: Place = (None, "audience")
    if audience.customer is not None and audience.segment_id is not None:
        faults.add(place, "must name a customer or a segment, not both")
    if sent.trigger is not None and audience.customer is not None:
        faults.add((place, "customer"), "must be absent: the trigger says whom it is about")
    if audience.filter is not None:
        try:
            parse_filter(audience.filter, FILTERS, name="audience.filter")
        except InvalidPayload as error:
            faults.add(None, f"has a filter that cannot be understood: {error}")
    if sent.trigger is not None:
        _check_trigger(faults, sent.trigger)


def _check_trigger(faults: Faults, trigger: TriggerInput) -> None:
    event = trigger.event
    if event not in TRIGGERS:
        faults.add(((None, "trigger"), "event"), f"must be one of the triggers [{', '.join(sorted(TRIGGERS))}]")
    elif event not in BUILT_TRIGGERS:
        faults.add(((None, "trigger"), "event"), f"is {event}, which does not happen in this version")
    for name, of in _BELONGING.items():
        if getattr(trigger, name) is not None and event not in of:
            faults.add(((None, "trigger"), name), f"must be absent: it belongs to {', '.join(of)}")
    if event in SEGMENT_TRIGGERS and trigger.segment_id is None:
        faults.add((None, "trigger"), "must have required property 'segment_id'")


def _check_action(faults: Faults, sent: DistributionInput) -> None:
    action = sent.action
    if action is None:
        return
    place: Place = (None, "action")
    if action.type == PUBLISH:
        if action.campaign is None:
            faults.add(place, "must have required property 'campaign'")
        if sent.trigger is not None and sent.trigger.event not in CODE_TRIGGERS:
            # A publication that made a publication would go on for ever.
            faults.add((place, "type"), f"must not be {PUBLISH} with the trigger {sent.trigger.event}")
        return
    for name in ("campaign", "count"):
        if getattr(action, name) is not None:
            faults.add((place, name), f"must be absent: it belongs to {PUBLISH}")
    if action.type == NOTIFY and (sent.trigger is None or sent.trigger.event != PUBLICATION_TRIGGER):
        faults.add((place, "type"), f"must not be {NOTIFY} without the trigger {PUBLICATION_TRIGGER}")
    if action.type == MESSAGE and sent.trigger is None and any(one.type == WEBHOOK for one in sent.channels or []):
        faults.add((place, "type"), f"must not be {MESSAGE} with the channel {WEBHOOK}")
    if sent.when_exhausted is not None:
        faults.add((None, "when_exhausted"), f"must be absent: it belongs to {PUBLISH}")


def _check_channel(
    faults: Faults, place: Place, channel: ChannelInput, wrong: Mapping[str, str], *, fallback: bool
) -> None:
    said = {name for name, value in msgspec.to_builtins(channel).items() if value is not None} - {"type"}
    for name in sorted(said - _ALLOWED[channel.type]):
        faults.add((place, name), f"must be absent: it does not belong to {channel.type}")
    for name in _NEEDED[channel.type]:
        if name not in said:
            faults.add(place, f"must have required property '{name}'")
    if channel.type == EMAIL and not said & {"html", "text"}:
        faults.add(place, "must have required property 'html' or 'text'")
    if fallback and channel.type in (EMAIL, SMS) and channel.fallback_text is None:
        faults.add(place, "must have required property 'fallback_text': what those get for whom no code is left")
    for name, fault in wrong.items():
        faults.add((place, name), fault)
    _check_names(faults, place, channel)
    if channel.url is not None and not _is_url(channel.url):
        faults.add((place, "url"), "must be an address that starts with http:// or https://")
    _check_headers(faults, (place, "headers"), channel.headers or {})


def _check_names(faults: Faults, place: Place, channel: ChannelInput) -> None:
    for name in ("from_", "reply_to"):
        if (address := getattr(channel, name)) is not None and not is_address(address):
            faults.add((place, name.rstrip("_")), "must be an e-mail address")
    if channel.from_name is not None and not channel.from_name.isprintable():
        faults.add((place, "from_name"), "must not have control characters")


def _check_headers(faults: Faults, place: Place, headers: dict[str, str | None]) -> None:
    if len(headers) > HEADERS_MAX:
        faults.add(place, f"must not have more than {HEADERS_MAX} properties")
        return
    if len({name.lower() for name in headers}) != len(headers):
        faults.add(place, "must not have the same name twice")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            faults.add((place, name), "must have a name that a header can have")
        elif not may_be_sent(name):
            faults.add((place, name), "is ours to say")
        elif value is not None and not (value.isascii() and value.isprintable()):
            faults.add((place, name), "must be printable ASCII")


def may_be_sent(header: str) -> bool:
    """Whether a channel may set it: what frames a request, or signs it, is ours."""
    return header.lower() == "content-type" or OURS.fullmatch(header) is None


def is_address(text: str | None) -> bool:
    """Whether mail can be sent there, as far as can be seen: and no header or second recipient hides in it."""
    return mail_address(text) is not None


def _is_url(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def audience_filter(distribution: Distribution) -> Filter | None:
    """The filter of an audience that was checked before."""
    sent = distribution.audience.get("filter")
    return None if sent is None else parse_filter(sent, FILTERS, name="audience.filter")


def keep_secrets(
    channels: list[dict[str, Any]], before: list[dict[str, Any]], seal: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Values of headers are stored sealed. One sent as null keeps the value that it had, which answers don't show; one
    that had none goes.

    Raises InvalidPayload where it would follow to another address: whoever may only change a distribution could have
    a secret sent to himself.
    """
    known = {one["type"]: one.get("headers") or {} for one in before}
    urls = {one["type"]: one.get("url") for one in before}
    faults = Faults()
    for index, one in enumerate(channels):
        for name, value in (one.get("headers") or {}).items():
            if value is None and name in known.get(one["type"], {}) and one["url"] != urls[one["type"]]:
                faults.add(((((None, "channels"), index), "headers"), name), "must be sent again: the url has changed")
    if faults:
        raise InvalidPayload(str(faults))
    return [
        one | {"headers": _merged(one["headers"], known.get(one["type"], {}), seal)} if one.get("headers") else one
        for one in channels
    ]


def _merged(sent: dict[str, str | None], known: dict[str, str], seal: Callable[[str], str]) -> dict[str, str]:
    kept = {name: known.get(name) if value is None else seal(value) for name, value in sent.items()}
    return {name: value for name, value in kept.items() if value is not None}


def render_distribution(distribution: Distribution) -> dict[str, Any]:
    """The values of headers aren't shown: most are keys of somebody."""
    moments = ("starts_at", "started_at", "finished_at", "set_live_at", "created_at", "updated_at")
    return {
        "id": distribution.id,
        "name": distribution.name,
        "type": "manual" if distribution.is_manual else "automatic",
        "status": distribution.status,
        "reason": distribution.reason,
        "trigger": distribution.trigger,
        "audience": distribution.audience,
        "action": distribution.action,
        "channels": [_shown(channel) for channel in distribution.channels],
        "limit": distribution.recipients_max,
        "when_exhausted": distribution.when_exhausted if distribution.publishes else None,
        **{name: None if (at := getattr(distribution, name)) is None else render(at) for name in moments},
        "object": "distribution",
    }


def _shown(channel: dict[str, Any]) -> dict[str, Any]:
    return channel | {"headers": dict.fromkeys(channel["headers"])} if channel.get("headers") else channel


def simple_distribution(distribution: Distribution) -> dict[str, Any]:
    """As webhooks are told of it: in the contract's statuses only."""
    status = TO_SEND if distribution.status in (LIVE, IN_PROGRESS) else distribution.status
    action = distribution.action or {}
    return {
        "id": distribution.id,
        "created_at": render(distribution.created_at),
        "updated_at": None if distribution.updated_at is None else render(distribution.updated_at),
        "status": status,
        "parameters": {
            "method": "direct",
            "subject": None,
            "customer": distribution.audience.get("customer_id"),
            "campaign_id": action.get("campaign_id"),
            "promotion_tier_id": None,
        },
        "consents": {"disabled": True},
        "set_live_at": None if distribution.set_live_at is None else render(distribution.set_live_at),
        "distribution_channels": [channel["type"] for channel in distribution.channels],
    }


def render_message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": message.id,
        "customer_id": message.customer_id,
        "channel": message.channel,
        "event_id": message.event_id or None,
        "state": message.state,
        "reason": message.reason,
        "receipt": message.receipt,
        "publication_id": message.publication_id,
        "fallback": message.fallback,
        "tries": message.tries,
        "due_at": render(message.due_at),
        "sent_at": None if message.sent_at is None else render(message.sent_at),
        "created_at": render(message.created_at),
    }
    return out | {"object": "distribution_message"}
