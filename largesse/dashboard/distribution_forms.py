"""The builder of distributions: trigger, audience, action and channels as one form, and the body that it means."""

from typing import Any, Final

from largesse.dashboard.forms import Form
from largesse.domain.distributions import (
    BUILT_TRIGGERS,
    CSV,
    CUSTOM_TRIGGER,
    EMAIL,
    EXTEND,
    FAIL,
    FALLBACK,
    MESSAGE,
    NOTIFY,
    OF_CAMPAIGNS,
    PAUSE,
    PUBLISH,
    REFUSE,
    SEGMENT_ENTERED,
    SEGMENT_TRIGGERS,
    SMS,
    WEBHOOK,
    Distribution,
)

BY_HAND: Final = ""
TRIGGERS: Final = {
    BY_HAND: "By hand, when I send it",
    "customer.created": "A customer is made",
    SEGMENT_ENTERED: "A customer enters a segment",
    "customer.segment.left": "A customer leaves a segment",
    CUSTOM_TRIGGER: "A custom event happens",
    "customer.publication.succeeded": "A code was published to somebody",
    "customer.gift.balance_adjusted": "A gift card's balance changed",
    "customer.loyalty.balance_adjusted": "A loyalty card's points changed",
    "customer.referred": "A customer was referred",
}
assert TRIGGERS.keys() - {BY_HAND} == BUILT_TRIGGERS.keys()

ACTIONS: Final = (
    (PUBLISH, "Send a code from a campaign", "each gets a code of their own, published as the message is accepted"),
    (MESSAGE, "Send a message", "without a code"),
    (NOTIFY, "Tell about the published code", "only after a code was published to somebody"),
)
EXHAUSTED: Final = (
    (FAIL, "Skip them: it counts as a failure"),
    (PAUSE, "Wait until there are codes again"),
    (FALLBACK, "Send them another text"),
    (EXTEND, "Make new codes (campaigns that extend themselves)"),
    (REFUSE, "Don't begin, if codes are short"),
)
CHANNELS: Final = {EMAIL: "E-mail", SMS: "SMS", WEBHOOK: "Webhook", CSV: "A file"}
_CHANNEL_FIELDS: Final = {
    EMAIL: ("from", "from_name", "subject", "text", "html", "fallback_text"),
    SMS: ("url", "text", "body", "fallback_text"),
    WEBHOOK: ("url", "event_name", "body"),
    CSV: (),
}
FIELDS: Final = {
    "trigger.event": "event",
    "trigger.campaign": "trigger_campaign",
    "trigger.custom_event": "custom_event",
    "trigger.segment_id": "trigger_segment",
    "audience.customer": "customer",
    "audience.segment_id": "segment_id",
    "action.type": "action",
    "action.campaign": "campaign",
    "action.count": "count",
    "limit": "limit",
    "when_exhausted": "when_exhausted",
}


def body_of(form: Form, kept: Distribution | None) -> dict[str, Any]:
    """What the form means. `kept`: what it is an edit of, for what the form doesn't show (filters, headers, rates)."""
    event, action = form.text("event"), form.text("action")
    body: dict[str, Any] = {"name": form.text("name"), "limit": form.integer("limit")}
    if event != BY_HAND:
        body["trigger"] = _trigger(form, event)
    audience: dict[str, Any] = {"segment_id": form.given("segment_id")}
    if event == BY_HAND:
        audience["customer"] = form.given("customer")
    if kept is not None and "filter" in kept.audience:
        audience["filter"] = kept.audience["filter"]
    elif event == BY_HAND and not any(audience.values()):
        audience["filter"] = {}  # "Everybody" is a choice; without a word the API takes it for forgotten
    body["audience"] = audience
    if action:
        body["action"] = {"type": action}
    if action == PUBLISH:
        body["action"] |= {"campaign": form.given("campaign"), "count": form.integer("count") or 1}
        body["when_exhausted"] = form.given("when_exhausted")
    body["channels"] = [_channel(form, type_, kept) for type_ in CHANNELS if form.checked(type_)]
    return body


def _trigger(form: Form, event: str) -> dict[str, Any]:
    """Only what belongs to the event: without scripts the other fields are there too."""
    trigger: dict[str, Any] = {"event": event}
    if event in OF_CAMPAIGNS:
        trigger["campaign"] = form.given("trigger_campaign")
    if event == CUSTOM_TRIGGER:
        trigger["custom_event"] = form.given("custom_event")
    if event in SEGMENT_TRIGGERS:
        trigger["segment_id"] = form.given("trigger_segment")
    if event == SEGMENT_ENTERED:
        trigger["include_inside"] = form.checked("include_inside")
    return trigger


def _channel(form: Form, type_: str, kept: Distribution | None) -> dict[str, Any]:
    before = (kept.channel(type_) if kept is not None else None) or {}
    channel: dict[str, Any] = {name: form.given(f"{type_}_{name}") for name in _CHANNEL_FIELDS[type_]}
    if "headers" in before:
        channel["headers"] = dict.fromkeys(before["headers"])  # null keeps the value, which no page shows
    return {"type": type_, "rate": before.get("rate")} | channel


def fields_of(form: Form) -> dict[str, str]:
    """Where in the form the API's properties are: channels have a place in its list and none here."""
    types = [type_ for type_ in CHANNELS if form.checked(type_)]
    return FIELDS | {f"channels.{name}": f"{type_}_{name}" for type_ in types for name in _CHANNEL_FIELDS[type_]}


def form_of(distribution: Distribution) -> Form:
    """What `body_of` reads back."""
    trigger, audience, action = distribution.trigger or {}, distribution.audience, distribution.action or {}
    given: dict[str, Any] = {
        "name": distribution.name,
        "event": trigger.get("event", BY_HAND),
        "trigger_campaign": trigger.get("campaign_id"),
        "custom_event": trigger.get("custom_event"),
        "trigger_segment": trigger.get("segment_id"),
        "include_inside": trigger.get("include_inside"),
        "customer": audience.get("customer_id"),
        "segment_id": audience.get("segment_id"),
        "action": action.get("type"),
        "campaign": action.get("campaign_id"),
        "count": action.get("count"),
        "limit": distribution.recipients_max,
        "when_exhausted": distribution.when_exhausted,
    }
    for channel in distribution.channels:
        given[channel["type"]] = True
        for name in _CHANNEL_FIELDS[channel["type"]]:
            given[f"{channel['type']}_{name}"] = channel.get(name)
    return Form.of(**given)
