"""Automatic distributions: the event log is read, and whom an event is about gets a message (spec §1, §2).

Reading, the messages and the place in the log are one transaction, so an event makes one run of a distribution, whoever
dies when; the index of the messages would refuse a second one.
"""

from typing import Any, Final

from msgspec.structs import replace

from largesse.actions.distribution_runs import add_messages, join_once_campaign, narrowing_of
from largesse.actions.distributions import READER, enqueue, finish, pause
from largesse.actions.scope import Scope
from largesse.domain.distributions import BUILT_TRIGGERS, FAILED, LIVE, NOTIFY, PUBLICATION_TRIGGER, Distribution
from largesse.domain.errors import AudienceTooSlow, NotFound
from largesse.store import distribution_messages as messages
from largesse.store import distributions as store
from largesse.store import events as log
from largesse.store.events import Event
from largesse.store.lists import Narrowing

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
        [(customer_id, event.id, people[customer_id]) for customer_id, event in chosen],
        publications={event.id: event.entity_id for _, event in chosen} if notifies else None,
    )
    after = replace(distribution, considered_count=distribution.considered_count + len(chosen))
    await store.consider(scope.connection, scope.project.id, after)
    await enqueue(scope, distribution.id)


def _about(distribution: Distribution, event: Event) -> str | None:
    """The customer whom an event is about, if it triggers the distribution; nobody for what happened before."""
    trigger = distribution.trigger
    if trigger is None or BUILT_TRIGGERS.get(trigger["event"]) != event.type:
        return None
    if distribution.set_live_at is None or event.created_at < distribution.set_live_at:
        return None
    if trigger["event"] != PUBLICATION_TRIGGER:
        named = trigger.get("custom_event")
        return event.entity_id if named is None or event.data.get("event", {}).get("type") == named else None
    publication: dict[str, Any] = event.data["publication"]
    if trigger.get("campaign_id") not in (None, publication["campaign_id"]):
        return None
    customer_id: str | None = publication["customer_id"]
    return customer_id
