"""Automatic distributions: read the event log, make messages to whom it is about (docs/semantics/distribution.md).

Reading, the messages and the place in the log are one transaction, so an event makes one run of a distribution, whoever
dies when; the index of the messages would refuse a second one.
"""

from typing import Any, Final

from msgspec.structs import replace

from largesse.actions.distribution_runs import Chosen, add_messages, join_once_campaign, narrowing_of
from largesse.actions.distributions import READER, enqueue, finish, pause
from largesse.actions.scope import Scope
from largesse.domain.distributions import (
    BALANCE_TRIGGERS,
    BUILT_TRIGGERS,
    CUSTOM_TRIGGER,
    FAILED,
    LIVE,
    NOTIFY,
    PUBLICATION_TRIGGER,
    REFERRED_TRIGGER,
    SEGMENT_TRIGGERS,
    Distribution,
)
from largesse.domain.errors import AudienceTooSlow, NotFound
from largesse.store import distribution_messages as messages
from largesse.store import distributions as store
from largesse.store import events as log
from largesse.store.events import Event
from largesse.store.lists import Narrowing
from largesse.wire.events import simple_customer

EVENTS_CHUNK: Final = 500
"""Events in one transaction."""
_TYPES: Final = sorted(set(BUILT_TRIGGERS.values()))


async def trigger_chunk(scope: Scope) -> bool:
    """Messages for the next events of the project; False when nothing is left to be read."""
    connection, project_id = scope.connection, scope.project.id
    cursor = await log.claim_cursor(connection, project_id, READER)
    if cursor is None:
        return False
    events = await log.read_events(connection, project_id, cursor, EVENTS_CHUNK)
    if not events:
        return False
    known = [event for event in events if event.type in _TYPES]
    for id_ in await store.live_distributions(connection, project_id) if known else []:
        distribution = await store.lock_distribution(connection, project_id, id_)
        if distribution is not None and distribution.status == LIVE and not distribution.deleted:
            await _trigger(scope, distribution, known)
    await log.move_cursor(connection, project_id, READER, events[-1].cursor)
    return len(events) == EVENTS_CHUNK


async def _trigger(scope: Scope, distribution: Distribution, events: list[Event]) -> None:
    wanted = [(customer_id, event) for event in events if (customer_id := _about(distribution, event)) is not None]
    room = None  # of the limit, for those whom it is for
    if distribution.recipients_max is not None:
        room = max(0, distribution.recipients_max - distribution.considered_count)
    if not wanted or room == 0:
        return
    try:
        narrowing = await narrowing_of(scope, distribution, begun=False)
        joining = await join_once_campaign(scope, distribution)
    except NotFound as error:  # the segment or the campaign is gone
        await finish(scope, distribution, FAILED, str(error))
        await enqueue(scope, distribution.id)
        return
    ids = sorted({customer_id for customer_id, _ in wanted})
    narrowing = Narrowing({**narrowing.given, "customer_ids": ids}, narrowing.filter, narrowing.within)
    try:
        found = await messages.audience(scope.connection, scope.project, narrowing, joining, "", len(ids))
    except AudienceTooSlow as error:  # the events of all others wait
        await pause(scope, distribution, str(error))
        return
    people = {candidate.customer.id: candidate.person for candidate in found}
    chosen = [(customer_id, event) for customer_id, event in wanted if customer_id in people][:room]
    notifies = distribution.action is not None and distribution.action["type"] == NOTIFY
    await add_messages(
        scope,
        distribution,
        [
            Chosen(customer_id, people[customer_id], event.id, _facts(event), event.entity_id if notifies else None)
            for customer_id, event in chosen
        ],
    )
    after = replace(distribution, considered_count=distribution.considered_count + len(chosen))
    await store.consider(scope.connection, scope.project.id, after)
    await enqueue(scope, distribution.id)


def _about(distribution: Distribution, event: Event) -> str | None:
    """The customer whom an event is about, if it triggers the distribution; nobody for what happened before."""
    trigger = distribution.trigger
    if trigger is None or BUILT_TRIGGERS.get(trigger["event"]) != event.type or not _is_later(distribution, event):
        return None
    customer_id, campaign_id = event.entity_id, None
    if trigger["event"] == PUBLICATION_TRIGGER:
        customer_id, campaign_id = (event.data["publication"][name] for name in ("customer_id", "campaign_id"))
    elif trigger["event"] in BALANCE_TRIGGERS:
        customer_id, campaign_id = (event.data["voucher"][name] for name in ("holder_id", "campaign_id"))
    elif trigger["event"] == REFERRED_TRIGGER:
        campaign_id = event.data["campaign"]["id"]
    elif trigger["event"] in SEGMENT_TRIGGERS and event.data["segment"]["id"] != trigger["segment_id"]:
        return None
    if trigger.get("campaign_id") not in (None, campaign_id):
        return None
    named = trigger.get("custom_event")
    return customer_id if named is None or event.data["event"]["type"] == named else None


def _is_later(distribution: Distribution, event: Event) -> bool:
    """Whether the event comes after the distribution was set live, in the order of the log."""
    since = distribution.live_since
    if since is None:  # set live by a former version
        return distribution.set_live_at is not None and event.created_at >= distribution.set_live_at
    return event.cursor > (int(since["xid"]), since["seq"])


def _facts(event: Event) -> dict[str, Any] | None:
    """What the texts of a message can name besides the customer and his codes."""
    data = event.data
    if event.type == BUILT_TRIGGERS[CUSTOM_TRIGGER]:
        return {"event": {"type": data["event"]["type"], "metadata": data["event"]["metadata"]}}
    if event.type in SEGMENT_TRIGGERS:
        return {"segment": data["segment"]}
    if event.type == BUILT_TRIGGERS[REFERRED_TRIGGER]:
        return {"referrer": simple_customer(data["referrer"]), "campaign": _named(data["campaign"])}
    if event.type in {BUILT_TRIGGERS[one] for one in BALANCE_TRIGGERS}:
        balance = {name: data["transaction"][name] for name in ("amount", "total", "balance")}
        voucher = {name: data["voucher"][name] for name in ("code", "type", "expiration_date")}
        campaign = data.get("campaign")
        return {"balance": balance, "voucher": voucher} | ({} if campaign is None else {"campaign": _named(campaign)})
    return None


def _named(campaign: dict[str, Any]) -> dict[str, Any]:
    return {name: campaign[name] for name in ("id", "name", "metadata")}
