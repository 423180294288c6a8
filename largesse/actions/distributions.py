"""Make, change, start and stop distributions (docs/semantics/distribution.md)."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from largesse.actions.campaigns import get_campaign
from largesse.actions.memberships import activate
from largesse.actions.rendering import Part, judge_templates
from largesse.actions.scope import Scope
from largesse.actions.segments import get_segment
from largesse.domain.campaigns import AUTO_UPDATE
from largesse.domain.distributions import (
    DELAY_MINUTES,
    DONE,
    DRAFT,
    EDITABLE,
    EXTEND,
    FAIL,
    FAILED,
    IN_PROGRESS,
    LIVE,
    PAUSED,
    PUBLISH,
    RECIPIENTS,
    RELEASE,
    SEND,
    SUPPLIABLE,
    TO_SEND,
    Distribution,
    check_verb,
)
from largesse.domain.errors import InvalidDistribution, InvalidPayload, NotFound
from largesse.domain.segments import PASSIVE
from largesse.store import distributions as store
from largesse.store import jobs
from largesse.store.customers import find_customer
from largesse.store.distribution_messages import let_go
from largesse.store.events import start_reader
from largesse.store.holds import enough_free
from largesse.store.vault import Vault
from largesse.wire.distributions import DistributionInput, keep_secrets

JOB: Final = "DISTRIBUTION"
READER: Final = "distributions"
"""Of the event log: what automatic ones are triggered by."""
DISTRIBUTIONS_MAX: Final = 10_000
"""Of a project."""
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a distribution was made that isn't yet."""


class Judged(NamedTuple):
    """A body whose templates and other parts were found right. The types see to it that no other is stored or tried."""

    sent: DistributionInput


async def judge(project_id: int, sent: DistributionInput) -> Judged:
    """Outside of any transaction: templates are judged in another process, which may take a second.

    Raises InvalidPayload; Unavailable where too many wait for it.
    """
    parts = [Part(name, text, html) for name, (text, html) in sent.templates().items()]
    sent.check(await judge_templates(project_id, parts))
    return Judged(sent)


async def create_distribution(scope: Scope, sent: Judged, vault: Vault) -> Distribution:
    """A draft. Raises InvalidPayload, DuplicateFound; NotFound for a customer, segment or campaign."""
    distribution = await draft_of(scope, sent, vault, scope.ids.new("distr_"))
    if not await store.create_distribution(scope.connection, scope.project.id, distribution, DISTRIBUTIONS_MAX):
        raise InvalidDistribution(f"A project can have up to {DISTRIBUTIONS_MAX} distributions")
    await log(scope, distribution.id, "created")
    return await get_distribution(scope, distribution.id)


async def draft_of(
    scope: Scope, judged: Judged, vault: Vault, id: str, before: Distribution | None = None
) -> Distribution:
    """What a body stands for, its references looked up. Raises InvalidPayload, NotFound."""
    sent = judged.sent
    audience = await _audience(scope, sent)
    action = None if sent.action is None else _said(sent.action)
    when_exhausted = sent.when_exhausted or FAIL
    if action is not None and action["type"] == PUBLISH:
        campaign = await get_campaign(scope, action.pop("campaign"))
        action |= {"campaign_id": campaign.id, "count": action.get("count", 1)}
        if campaign.join_once and action["count"] > 1:
            raise InvalidPayload("Property .action.count must be 1: the campaign gives each customer one code")
        if sent.when_exhausted == EXTEND and campaign.type != AUTO_UPDATE:
            raise InvalidPayload("Property .when_exhausted must not be extend: the campaign is not AUTO_UPDATE")
        if sent.when_exhausted is None and campaign.type == AUTO_UPDATE:
            when_exhausted = EXTEND
    trigger = None if sent.trigger is None else _said(sent.trigger)
    if trigger is not None and "campaign" in trigger:
        trigger["campaign_id"] = (await get_campaign(scope, trigger.pop("campaign"))).id
    if trigger is not None and "segment_id" in trigger:
        await get_segment(scope, trigger["segment_id"])
    base = before or Distribution(id=id, name=sent.name, created_at=NEVER)
    return replace(
        base,
        name=sent.name,
        trigger=trigger,
        audience=audience,
        action=action,
        channels=keep_secrets(sent.stored_channels(), [] if before is None else before.channels, vault.seal),
        recipients_max=sent.limit,
        when_exhausted=when_exhausted,
    )


def _said(part: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(part).items() if value is not None}


async def _audience(scope: Scope, sent: DistributionInput) -> dict[str, Any]:
    if sent.audience is None:
        return {}
    audience = _said(sent.audience)
    if (name := audience.pop("customer", None)) is not None:
        customer = await find_customer(scope.connection, scope.project.id, name)
        if customer is None:
            raise NotFound.of("customer", name)
        audience["customer_id"] = customer.id
    if "segment_id" in audience:
        await get_segment(scope, audience["segment_id"])
    return audience


async def get_distribution(scope: Scope, id: str) -> Distribution:
    """Raises NotFound."""
    distribution = await store.get_distribution(scope.connection, scope.project.id, id)
    if distribution is None:
        raise NotFound.of("distribution", id)
    return distribution


async def locked(scope: Scope, id: str) -> Distribution:
    """The distribution, held until the transaction ends. Raises NotFound, for a deleted one too."""
    distribution = await store.lock_distribution(scope.connection, scope.project.id, id)
    if distribution is None or distribution.deleted:
        raise NotFound.of("distribution", id)
    return distribution


async def update_distribution(scope: Scope, id: str, sent: Judged, vault: Vault) -> Distribution:
    """The whole of it, until it has begun; after that what the messages say, but not to whom, through what, with what.

    Raises NotFound, InvalidDistribution, InvalidPayload, DuplicateFound.
    """
    before = await locked(scope, id)
    check_verb(before, "changed", EDITABLE)
    after = await draft_of(scope, sent, vault, id, before)
    if before.started_at is not None or before.set_live_at is not None:
        _check_begun(before, after)
    if before.status != DRAFT:
        check_complete(after)
    await store.update_distribution(scope.connection, scope.project.id, after)
    await log(scope, id, "updated")
    return await get_distribution(scope, id)


def _check_begun(before: Distribution, after: Distribution) -> None:
    """What is on its way keeps its meaning: texts may change, whom they reach and how may not."""
    changed = [name for name in ("trigger", "audience", "action") if getattr(after, name) != getattr(before, name)]
    if {one["type"] for one in after.channels} != {one["type"] for one in before.channels}:
        changed.append("channels")
    if changed:
        raise InvalidDistribution(
            f"Property .{changed[0]} cannot be changed any more: the distribution has begun",
            resource_id=before.id,
            resource_type="distribution",
        )


async def delete_distribution(scope: Scope, id: str) -> None:
    """Nobody sees it any more; what it holds goes back. Raises NotFound, InvalidDistribution while it is at work."""
    distribution = await locked(scope, id)
    check_verb(distribution, "deleted", frozenset({DRAFT, TO_SEND, PAUSED, DONE, FAILED}))
    await _move(scope, distribution, distribution.status, RELEASE, now=("deleted_at",))
    await log(scope, id, "deleted")
    await enqueue(scope, id)


def check_complete(distribution: Distribution) -> None:
    """Raises InvalidDistribution for what a draft may lack and a message needs."""
    missing = [name for name in ("action", "channels") if not getattr(distribution, name)]
    if distribution.is_manual and not distribution.audience:
        missing.insert(0, "audience")
    if missing:
        raise InvalidDistribution(
            f"Distribution {distribution.id} lacks: {', '.join(missing)}",
            resource_id=distribution.id,
            resource_type="distribution",
        )


async def schedule_distribution(scope: Scope, id: str, *, now: bool) -> Distribution:
    """Send a manual one in DELAY_MINUTES, or now; set an automatic one live. Raises NotFound, InvalidDistribution."""
    distribution = await locked(scope, id)
    allowed = frozenset({DRAFT, TO_SEND}) if distribution.is_manual and now else frozenset({DRAFT})
    check_verb(distribution, "sent" if distribution.is_manual else "set live", allowed)
    check_complete(distribution)
    if not distribution.is_manual:
        await _set_live(scope, distribution)
    elif now:
        await _move(scope, distribution, TO_SEND, None, starts_in_minutes=0)
        await log(scope, id, "sent_now")
        await enqueue(scope, id)
    else:
        await _move(scope, distribution, TO_SEND, None, starts_in_minutes=DELAY_MINUTES)
        await log(scope, id, "scheduled")
    return await get_distribution(scope, id)


async def _set_live(scope: Scope, distribution: Distribution) -> None:
    """From here on in the log events trigger it; who is in its segment already may be meant too."""
    if distribution.segment_id is not None:
        segment = await get_segment(scope, distribution.segment_id)
        if segment.type == PASSIVE:
            await activate(scope, segment)
    await start_reader(scope.connection, scope.project.id, READER)
    phase = RECIPIENTS if distribution.includes_inside else None
    await _move(scope, distribution, LIVE, phase, now=("set_live_at",))
    await store.set_live_since(scope.connection, scope.project.id, distribution.id)
    await log(scope, distribution.id, "set_live")
    if phase is not None:
        await enqueue(scope, distribution.id)


async def pause_distribution(scope: Scope, id: str) -> Distribution:
    """What is being sent at this moment still goes. Raises NotFound, InvalidDistribution."""
    distribution = await locked(scope, id)
    check_verb(distribution, "paused", frozenset({TO_SEND, IN_PROGRESS, LIVE}))
    await pause(scope, distribution)
    return await get_distribution(scope, id)


async def pause(scope: Scope, distribution: Distribution, reason: str | None = None) -> None:
    """The caller has locked it. `reason`: why it pauses by itself."""
    resumes_as = distribution.status
    await _move(scope, distribution, PAUSED, distribution.phase, resumes_as=resumes_as, reason=reason)
    await log(scope, distribution.id, "paused", {} if reason is None else {"reason": reason})


async def resume_distribution(scope: Scope, id: str) -> Distribution:
    """Goes on where it stopped; one that hadn't begun waits DELAY_MINUTES again.

    Raises NotFound, InvalidDistribution.
    """
    distribution = await locked(scope, id)
    check_verb(distribution, "resumed", frozenset({PAUSED}))
    check_complete(distribution)
    status = distribution.resumes_as or TO_SEND
    if status == TO_SEND:
        await _move(scope, distribution, TO_SEND, None, starts_in_minutes=DELAY_MINUTES)
    else:
        await _move(scope, distribution, status, distribution.phase)
        await let_go(scope.connection, scope.project.id, id)
        await enqueue(scope, id)
    await log(scope, id, "resumed")
    return await get_distribution(scope, id)


async def start_due(scope: Scope) -> bool:
    """Give a job to every distribution of the project whose time has come. Always False: nothing is left."""
    for id_ in await store.due_distributions(scope.connection, scope.project.id, JOB):
        await jobs.enqueue_job(scope.connection, scope.project.id, JOB, id_, subject=id_)
    return False


async def resume_supplied(scope: Scope) -> bool:
    """Let those go on that paused because no code was left, where there are some again. Always False."""
    for id_ in await store.paused_for(scope.connection, scope.project.id, SUPPLIABLE):
        paused = await get_distribution(scope, id_)
        if paused.is_manual and paused.started_at is None:
            continue  # it was refused: nobody gets anything unless a person says so again
        action = paused.action or {}
        if await enough_free(scope.connection, scope.project.id, action.get("campaign_id", ""), action.get("count", 1)):
            await resume_distribution(scope, id_)
    return False


async def enqueue(scope: Scope, id: str) -> None:
    """A job, unless it has one. The caller has locked the distribution, which a job does before it ends."""
    if not await jobs.jobs_about(scope.connection, scope.project.id, JOB, id):
        await jobs.enqueue_job(scope.connection, scope.project.id, JOB, id, subject=id)


async def start(scope: Scope, distribution: Distribution) -> None:
    """Its time has come: the audience is those who are there now."""
    await _move(scope, distribution, IN_PROGRESS, RECIPIENTS, now=("started_at",))
    await log(scope, distribution.id, "started")


async def finish(scope: Scope, distribution: Distribution, status: str, reason: str | None = None) -> None:
    """A failed one gives back what it still holds."""
    phase = RELEASE if status == FAILED else None
    await _move(scope, distribution, status, phase, reason=reason, now=("finished_at",))
    await log(scope, distribution.id, "finished", {"status": status} | ({} if reason is None else {"reason": reason}))


async def reopen(scope: Scope, distribution: Distribution) -> None:
    """Failed messages are to be tried again after all was done."""
    if distribution.status == DONE:
        await _move(scope, distribution, IN_PROGRESS, SEND)
    await log(scope, distribution.id, "retried")
    await enqueue(scope, distribution.id)


async def _move(scope: Scope, distribution: Distribution, status: str, phase: str | None, **more: Any) -> None:
    await store.move_distribution(
        scope.connection, scope.project.id, distribution.id, status=status, phase=phase, **more
    )


async def log(scope: Scope, id: str, type: str, data: dict[str, Any] | None = None) -> None:
    """A line of its activity log."""
    line = scope.ids.new("msg_")
    await store.log_activity(
        scope.connection, scope.project.id, id, line, f"distribution.{type}", data or {}, scope.actor
    )
