"""The chunks of a distribution: who gets a message, and the codes for them (docs/semantics/distribution.md).

A chunk is one transaction that holds the distribution's row and saves how far it came. What it holds codes for is sent
while the next one is done (actions/distribution_sending.py).
"""

from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from largesse.actions import distributions
from largesse.actions.campaigns import get_campaign
from largesse.actions.distribution_sending import LOST
from largesse.actions.holds import CHUNK, hold_chunk, settle
from largesse.actions.scope import Scope
from largesse.actions.segments import filter_of, get_segment
from largesse.domain.campaigns import AUTO_UPDATE
from largesse.domain.distributions import (
    CAMPAIGN_EXPIRED,
    DONE,
    FAILED,
    IN_PROGRESS,
    LIVE,
    RECIPIENTS,
    REFUSE,
    RELEASE,
    SEND,
    TO_SEND,
    Distribution,
    Person,
    obstacles,
    state_of,
)
from largesse.domain.errors import AudienceTooSlow, NotFound
from largesse.store import distribution_messages as messages
from largesse.store import distributions as store
from largesse.store.counters import free_vouchers
from largesse.store.holds import is_running
from largesse.store.lists import Narrowing
from largesse.wire.distributions import audience_filter

EVERYBODY: Final = 2**31 - 1


async def run_chunk(scope: Scope, id: str) -> bool:
    """The next chunk of a distribution's job; True when nothing is left to do now."""
    distribution = await store.lock_distribution(scope.connection, scope.project.id, id)
    if distribution is None or (distribution.deleted and distribution.phase != RELEASE):
        return True
    if distribution.phase == RELEASE:
        return await _release(scope, distribution)
    if distribution.status == TO_SEND and await store.is_time(scope.connection, scope.project.id, id):
        return await _start(scope, distribution)
    return distribution.status not in (IN_PROGRESS, LIVE) or await _work(scope, distribution)


async def _start(scope: Scope, distribution: Distribution) -> bool:
    """Begin, unless the pool can't serve everybody and that is refused. True when nothing is left to do now."""
    against = await _shortage(scope, distribution)
    if against is not None and distribution.when_exhausted == REFUSE:
        await distributions.pause(scope, distribution, against)
        return True
    await distributions.start(scope, distribution)
    if against is not None:
        await distributions.log(scope, distribution.id, "pool_short", {"reason": against})
    return False


async def _shortage(scope: Scope, distribution: Distribution) -> str | None:
    """What the pool lacks for those who would get a code now; None when it is enough, or when nothing can be said."""
    if not distribution.publishes or distribution.action is None:
        return None
    try:
        campaign = await get_campaign(scope, distribution.action["campaign_id"])
        if not await is_running(scope.connection, scope.project.id, campaign.id):
            return CAMPAIGN_EXPIRED
        if campaign.type == AUTO_UPDATE:
            return None
        narrowing = await narrowing_of(scope, distribution, begun=False)
        joining = campaign.id if campaign.join_once else None
        most = distribution.recipients_max or EVERYBODY
        kinds = await messages.count_audience(scope.connection, scope.project, narrowing, joining, most, limited=False)
    except NotFound:  # said when it works
        return None
    except AudienceTooSlow as error:
        return str(error)
    types = [channel["type"] for channel in distribution.channels]
    needed = distribution.action["count"] * sum(n for person, n in kinds if None in obstacles(person, types).values())
    free = await free_vouchers(scope.connection, scope.project.id, campaign.id)
    return None if needed <= free else f"not_enough_codes: {needed} needed, {free} free"


async def _work(scope: Scope, distribution: Distribution) -> bool:
    try:
        if distribution.phase == RECIPIENTS and not await _is_ready(scope, distribution):
            return True  # it is looked at again soon
        if distribution.phase == RECIPIENTS:
            distribution = await add_recipients(scope, distribution)
        if await _provide(scope, distribution):
            return True
    except NotFound as error:  # the campaign, the segment or the customer is gone
        await distributions.finish(scope, distribution, FAILED, str(error))
        return False
    except AudienceTooSlow as error:  # it would be tomorrow, too
        await distributions.pause(scope, distribution, str(error))
        return True
    work = await messages.work_left(scope.connection, scope.project.id, distribution.id)
    if distribution.phase == RECIPIENTS or work.pending or work.due or work.sending:
        return False
    if not work.held and distribution.status == IN_PROGRESS:
        await distributions.finish(scope, distribution, DONE)
    return True


async def _is_ready(scope: Scope, distribution: Distribution) -> bool:
    """Whether it is known who was in the segment when an automatic one was set live. Raises NotFound."""
    if distribution.segment_id is None:
        return True
    segment = await get_segment(scope, distribution.segment_id)
    return segment.is_synced and await store.is_readable(scope.connection, scope.project.id, distribution.id)


async def narrowing_of(scope: Scope, distribution: Distribution, *, begun: bool) -> Narrowing:
    """Whom a manual distribution is for; once it has `begun`, those who were there then. Raises NotFound."""
    given: dict[str, Any] = {}
    within = None
    audience = distribution.audience
    if begun and distribution.started_at is not None:
        given["created_before"] = distribution.started_at
    if (customer_id := audience.get("customer_id")) is not None:
        given["customer_id"] = customer_id
    if (segment_id := audience.get("segment_id")) is not None:
        within = await filter_of(scope, segment_id)
        if within is None:
            given["segment"] = segment_id
    if begun and distribution.segment_id is not None:
        given["member_of"] = distribution.segment_id
    return Narrowing(given, audience_filter(distribution), within)


async def join_once_campaign(scope: Scope, distribution: Distribution) -> str | None:
    """The campaign that gives each customer one code, if it is one. Raises NotFound."""
    if not distribution.publishes or distribution.action is None:
        return None
    campaign = await get_campaign(scope, distribution.action["campaign_id"])
    return campaign.id if campaign.join_once else None


async def add_recipients(scope: Scope, distribution: Distribution) -> Distribution:
    """Messages for the next customers of the audience; the distribution as it is saved then."""
    connection, project = scope.connection, scope.project
    narrowing = await narrowing_of(scope, distribution, begun=True)
    most = CHUNK
    if distribution.recipients_max is not None:
        most = min(CHUNK, distribution.recipients_max - distribution.considered_count)
    joining = await join_once_campaign(scope, distribution)
    found = []
    if most > 0:
        found = await messages.audience(connection, project, narrowing, joining, distribution.considered, most)
    told: set[str] = set()  # by an event that is still to be read
    if distribution.segment_id is not None and distribution.live_since is not None and found:
        ids = [candidate.customer.id for candidate in found]
        told = await store.entered_since(connection, project.id, distribution.segment_id, ids, distribution.live_since)
    people = [Chosen(one.customer.id, one.person) for one in found if one.customer.id not in told]
    await add_messages(scope, distribution, people)
    after = replace(
        distribution,
        considered=found[-1].customer.id if found else distribution.considered,
        considered_count=distribution.considered_count + len(people),
        phase=SEND if len(found) < CHUNK else RECIPIENTS,
    )
    await store.consider(connection, project.id, after)
    return after


class Chosen(NamedTuple):
    """Somebody who is to get a message, if nothing is against it: because of what event (and what of it the texts can
    name), and about which publication.
    """

    customer_id: str
    person: Person
    event_id: str = ""
    facts: dict[str, Any] | None = None
    publication_id: str | None = None


async def add_messages(scope: Scope, distribution: Distribution, people: list[Chosen]) -> None:
    """One for each person and channel."""
    channels = [channel["type"] for channel in distribution.channels]
    ids = iter(scope.ids.hex_run("msg_", len(people) * len(channels)) if people else [])
    made = [
        messages.NewMessage(
            next(ids),
            one.customer_id,
            channel,
            one.event_id,
            state_of(obstacle),
            obstacle,
            one.publication_id,
            one.facts,
        )
        for one in people
        for channel, obstacle in obstacles(one.person, channels).items()
    ]
    if made:
        await messages.add_messages(scope.connection, scope.project.id, distribution.id, made)


async def _provide(scope: Scope, distribution: Distribution) -> bool:
    """Codes for those who wait for one. True when it paused because there are none."""
    if not distribution.publishes:
        await messages.ready_pending(scope.connection, scope.project.id, distribution.id, CHUNK)
        return False
    pick_after, against = await hold_chunk(scope, distribution)
    if pick_after != distribution.pick_after:
        distribution = replace(distribution, pick_after=pick_after)
        await store.consider(scope.connection, scope.project.id, distribution)
    if against is not None:
        await distributions.pause(scope, distribution, against)
    return against is not None


async def _release(scope: Scope, distribution: Distribution) -> bool:
    """A deleted one gives back what it holds; what is under way is decided by what came of it, or by hand."""
    await store.begin_sending(scope.connection, scope.project.id, distribution.id)
    await messages.lose_sending(scope.connection, scope.project.id, distribution.id, LOST)
    given_back = await messages.give_back(scope.connection, scope.project.id, distribution.id, CHUNK)
    if given_back:
        codes = sorted({one for one in given_back if one is not None})
        await settle(scope, distribution.id, codes)
        return False
    await store.move_distribution(
        scope.connection,
        scope.project.id,
        distribution.id,
        status=distribution.status,
        phase=None,
        reason=distribution.reason,
    )
    return True


async def fail_run(scope: Scope, id: str) -> None:
    """Give up: the job failed too often. It pauses, so that somebody may look and let it go on."""
    distribution = await store.lock_distribution(scope.connection, scope.project.id, id)
    if distribution is not None and not distribution.deleted and distribution.status in (TO_SEND, IN_PROGRESS, LIVE):
        await distributions.pause(scope, distribution, "the_job_failed_too_often")
