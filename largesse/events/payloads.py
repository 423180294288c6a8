"""What one row of the log means to a subscriber: its names, each with its payload, made of the frozen records only
(docs/semantics/event-log.md).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from largesse.events.catalogue import VOUCHER_GIFT_BALANCE_ADDED, VOUCHER_LOYALTY_POINTS_ADDED, EventType
from largesse.store.events import Event
from largesse.wire.dates import render
from largesse.wire.events import (
    frozen_assignment,
    frozen_publication,
    frozen_rule,
    frozen_transaction,
    simple_campaign,
    simple_customer,
    simple_voucher,
    whole_customer,
)
from largesse.wire.runways import frozen_runway

PUBLICATION_FAILED: Final = "publication.failed"
"""Written to the log by the publish statement; no subscriber can ask for it."""
LOGGED: Final = frozenset(EventType) - {EventType.VOUCHER_PUBLISHED} | {PUBLICATION_FAILED}
"""The types of the rows of the log."""


class Named(NamedTuple):
    """One thing to be told. `entity_id` is whom it is about: what is told of one keeps its order."""

    type: str
    entity_id: str
    data: dict[str, Any]


def derive(event: Event) -> list[Named]:
    """In the order in which they are to be told; none for what no subscriber can ask for."""
    return [] if (read := _READERS.get(event.type)) is None else read(event)


def shown(event: Event) -> dict[str, Any]:
    """What the log shows of a fact: the payload of its own name, or, of a failure, why."""
    if named := derive(event):
        return named[0].data
    if event.type != PUBLICATION_FAILED:
        return {}
    frozen = event.data["publication"]
    person = simple_customer(event.data["customer"])
    why = {"failure_code": frozen["failure_code"], "failure_message": frozen["failure_message"]}
    return {
        "customer": person,
        "campaign": simple_campaign(event.data["campaign"]),
        "publication": frozen_publication(frozen, person, []) | why,
    }


def _campaign(event: Event) -> list[Named]:
    return [Named(event.type, event.entity_id, {"campaign": simple_campaign(event.data["campaign"])})]


def _low(event: Event) -> list[Named]:
    runway = frozen_runway(event.entity_id, event.data["runway"])
    data = {"campaign": simple_campaign(event.data["campaign"]), "runway": runway}
    return [Named(event.type, event.entity_id, data)]


_ENDED: Final[Mapping[str, str]] = {
    EventType.CAMPAIGN_GENERATION_COMPLETED: "completed_at",
    EventType.CAMPAIGN_GENERATION_FAILED: "failed_at",
}
"""Where the end of a generation stands in its payload."""


def _counted(event: Event) -> list[Named]:
    data = {"campaign": simple_campaign(event.data["campaign"]), "count": event.data["done_count"]}
    ended = _ENDED.get(event.type, "created_at")
    return [Named(event.type, event.entity_id, data | {ended: render(event.created_at)})]


def _customer(event: Event) -> list[Named]:
    return [Named(event.type, event.entity_id, {"customer": whole_customer(event.data["customer"])})]


def _voucher(event: Event) -> list[Named]:
    return [Named(event.type, event.entity_id, {"voucher": simple_voucher(event.data["voucher"])})]


def _rule(event: Event) -> list[Named]:
    return [Named(event.type, event.entity_id, {"rule": frozen_rule(event.data["validation_rule"])})]


def _assignment(event: Event) -> list[Named]:
    return [Named(event.type, event.entity_id, {"assignment": frozen_assignment(event.data["assignment"])})]


def _transaction(event: Event) -> list[Named]:
    frozen = event.data["transaction"]
    campaign = event.data.get("campaign")  # events of former versions have none
    data = {
        "campaign": simple_campaign(campaign),
        "voucher": simple_voucher(event.data["voucher"], campaign),
        **frozen_transaction(frozen),
    }
    named = [Named(event.type, event.entity_id, data)]
    if (added := _ADDED.get(frozen["type"])) is not None:
        named.append(Named(added, event.entity_id, data))
    return named


def _publication(event: Event) -> list[Named]:
    campaign, customer = event.data["campaign"], event.data.get("customer")
    vouchers = event.data["vouchers"] or []
    shown = [simple_voucher(voucher, campaign) for voucher in vouchers]
    person = None if customer is None else simple_customer(customer)
    common: dict[str, Any] = {
        "customer": person,
        "campaign": simple_campaign(campaign),
        "publication": frozen_publication(event.data["publication"], person, [voucher["id"] for voucher in vouchers]),
    }
    whole = common | {"vouchers": shown}
    if len(shown) == 1:
        whole["voucher"] = shown[0]
    named = [Named(event.type, event.entity_id, whole)]
    created_at = common["publication"]["created_at"]
    for voucher in shown:
        data = common | {"voucher": voucher, "created_at": created_at}
        named.append(Named(EventType.VOUCHER_PUBLISHED, voucher["id"], data))
    if person is not None:
        named += [
            Named(EventType.HOLDER_ASSIGNED, voucher["id"], _holder(common, voucher, created_at)) for voucher in shown
        ]
    return named


def _holder(common: dict[str, Any], voucher: dict[str, Any], created_at: str) -> dict[str, Any]:
    holder = {
        "redeemable_id": voucher["id"],
        "redeemable_object": "voucher",
        "campaign_id": voucher["campaign_id"],
        "holder_id": common["customer"]["id"],
        "created_at": created_at,
    }
    return {"holder": holder, "voucher": voucher, "campaign": common["campaign"], "customer": common["customer"]}


def _assigned(event: Event) -> list[Named]:
    """A referee's holder record, made or taken away."""
    data = {
        "holder": event.data["holder"],
        "voucher": simple_voucher(event.data["voucher"]),
        "campaign": simple_campaign(event.data["campaign"]),
        "customer": simple_customer(event.data["customer"]),
    }
    return [Named(event.type, event.entity_id, data)]


def _referred(event: Event) -> list[Named]:
    data = {
        "customer": simple_customer(event.data["customer"]),
        "referrer": simple_customer(event.data["referrer"]),
        "campaign": simple_campaign(event.data["campaign"]),
        "voucher": simple_voucher(event.data["voucher"]),
        "custom_event": event.data["custom_event"],
    }
    return [Named(event.type, event.entity_id, data)]


def _moved(event: Event) -> list[Named]:
    """Into a segment, or out of it."""
    data = {"customer": whole_customer(event.data["customer"]), "segment": event.data["segment"]}
    return [Named(event.type, event.entity_id, data)]


def _custom(event: Event) -> list[Named]:
    return [Named(event.type, event.entity_id, dict(event.data))]


_ADDED: Final = {
    "CREDITS_ADDITION": VOUCHER_GIFT_BALANCE_ADDED,
    "POINTS_ADDITION": VOUCHER_LOYALTY_POINTS_ADDED,
}
_Reader = Callable[[Event], list[Named]]
_READERS: Final[Mapping[str, _Reader]] = MappingProxyType({
    **dict.fromkeys(
        (EventType.CAMPAIGN_CREATED, EventType.CAMPAIGN_UPDATED, EventType.CAMPAIGN_DELETED,
         EventType.CAMPAIGN_ENABLED, EventType.CAMPAIGN_DISABLED, EventType.CAMPAIGN_GENERATION_STARTED), _campaign),
    **dict.fromkeys(
        (EventType.CAMPAIGN_VOUCHERS_ADDED, EventType.CAMPAIGN_GENERATION_COMPLETED,
         EventType.CAMPAIGN_GENERATION_FAILED), _counted),
    **dict.fromkeys((EventType.CUSTOMER_CREATED, EventType.CUSTOMER_UPDATED, EventType.CUSTOMER_DELETED), _customer),
    **dict.fromkeys(
        (EventType.VOUCHER_CREATED, EventType.VOUCHER_UPDATED, EventType.VOUCHER_DELETED, EventType.VOUCHER_ENABLED,
         EventType.VOUCHER_DISABLED), _voucher),
    **dict.fromkeys((EventType.RULE_CREATED, EventType.RULE_UPDATED, EventType.RULE_DELETED), _rule),
    **dict.fromkeys((EventType.RULE_ASSIGNED, EventType.RULE_UNASSIGNED), _assignment),
    **dict.fromkeys(
        (EventType.VOUCHER_GIFT_TRANSACTION_CREATED, EventType.VOUCHER_LOYALTY_TRANSACTION_CREATED), _transaction),
    EventType.PUBLICATION_SUCCEEDED: _publication,
    EventType.CUSTOM_EVENT: _custom,
    EventType.CAMPAIGN_POOL_LOW: _low,
    **dict.fromkeys((EventType.HOLDER_ASSIGNED, EventType.HOLDER_REMOVED), _assigned),
    EventType.CUSTOMER_REFERRED: _referred,
    **dict.fromkeys((EventType.SEGMENT_ENTERED, EventType.SEGMENT_LEFT), _moved),
})  # fmt: skip
