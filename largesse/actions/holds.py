"""Hold codes for the recipients of a distribution, and settle what is held (docs/semantics/hold.md).

A chunk is one transaction: it locks customers, vouchers, publications and counters, in this order, as the publish
statement does.
"""

from typing import Final

from largesse.actions.campaigns import get_campaign
from largesse.actions.generation import top_up
from largesse.actions.scope import Scope
from largesse.domain.campaigns import AUTO_UPDATE, Campaign
from largesse.domain.distributions import (
    ALREADY_JOINED,
    CAMPAIGN_EXPIRED,
    CSV,
    CUSTOMER_GONE,
    FALLBACK,
    HELD,
    MESSAGE_FAILED,
    NO_CODE,
    OUT_OF_CODES,
    PAUSE,
    REFUSE,
    SKIPPED,
    WEBHOOK,
    Distribution,
)
from largesse.store import counters
from largesse.store import distribution_messages as messages
from largesse.store import holds as store
from largesse.store.holds import Changed, Code, Hold, Provenance, Recipient

CHUNK: Final = 500
"""Codes, and recipients, in one transaction: customer rows are locked for that long."""
EXHAUSTED: Final = ("no_voucher_suitable_for_publication", "Couldn't find any voucher suitable for publication")
EXPIRED: Final = ("no_voucher_suitable_for_publication", "Campaign is expired")
UNDELIVERED: Final = ("delivery_failed", "The message could not be delivered")

Recipients = list[tuple[str, str]]


async def hold_chunk(scope: Scope, distribution: Distribution) -> tuple[int, str | None]:
    """Codes for the next recipients who wait for one. Returns where the claim of the pool stopped, and why the
    distribution is to pause because no code can be had, if it is. The caller has locked the distribution.
    """
    action = distribution.action
    assert action is not None
    waiting = await messages.pending_recipients(
        scope.connection, scope.project.id, distribution.id, max(1, CHUNK // action["count"])
    )
    if not waiting:
        return distribution.pick_after, None
    campaign = await get_campaign(scope, action["campaign_id"])
    known = await store.lock_recipients(
        scope.connection, scope.project.id, sorted({customer for customer, _ in waiting}), campaign.id
    )
    able = await _without_obstacles(scope, distribution, campaign, waiting, known)
    codes, made = await _codes(scope, distribution, campaign, len(able) * action["count"])
    served = able[: len(codes) // action["count"]]
    held = await _hold(scope, distribution, campaign, served, known, codes)
    left = able[len(served) :]
    failures, against = 0, None
    # What is left may be too little for one recipient.
    if left and not await store.enough_free(scope.connection, scope.project.id, campaign.id, action["count"]):
        running = await store.is_running(scope.connection, scope.project.id, campaign.id)
        if distribution.when_exhausted in (PAUSE, REFUSE):
            against = OUT_OF_CODES if running else CAMPAIGN_EXPIRED
        else:
            why = EXHAUSTED if running else EXPIRED
            failures = await _go_without(scope, distribution, campaign, left, known, why)
    await counters.change_counters(
        scope.connection, scope.project.id, campaign.id, vouchers=made, held=held, failures=failures
    )
    return (codes[-1].pick_key if codes else distribution.pick_after), against


async def _without_obstacles(
    scope: Scope, distribution: Distribution, campaign: Campaign, waiting: Recipients, known: dict[str, Recipient]
) -> Recipients:
    """Those who may have a code, each once; what became of the others since they were chosen is written down."""
    able: dict[str, tuple[str, str]] = {}
    skipped: dict[str, Recipients] = {ALREADY_JOINED: [], CUSTOMER_GONE: []}
    for customer_id, event_id in waiting:
        recipient = known.get(customer_id)
        if recipient is None or recipient.gone:
            skipped[CUSTOMER_GONE].append((customer_id, event_id))
        elif campaign.join_once and (recipient.joined or customer_id in able):
            skipped[ALREADY_JOINED].append((customer_id, event_id))
        elif customer_id not in able:  # of two events of one customer the second has its turn in the next chunk
            able[customer_id] = (customer_id, event_id)
    for reason, recipients in skipped.items():
        if recipients:
            await messages.decide_pending(
                scope.connection, scope.project.id, distribution.id, recipients, state=SKIPPED, reason=reason
            )
    return list(able.values())


async def _codes(scope: Scope, distribution: Distribution, campaign: Campaign, wanted: int) -> tuple[list[Code], int]:
    """As many locked free codes as there are, up to `wanted`; and how many were made for it."""
    if not wanted:
        return [], 0
    connection, project_id = scope.connection, scope.project.id
    codes = await store.pick_vouchers(connection, project_id, campaign.id, distribution.pick_after, wanted)
    if len(codes) == wanted or campaign.type != AUTO_UPDATE:
        return codes, 0
    if not await store.is_running(connection, project_id, campaign.id):
        return codes, 0  # nobody could have the new ones
    made = await top_up(scope, campaign, wanted - len(codes))
    known = {code.id for code in codes}
    again = await store.pick_vouchers(connection, project_id, campaign.id, -1, wanted)
    return codes + [code for code in again if code.id not in known][: wanted - len(codes)], made


async def _hold(
    scope: Scope,
    distribution: Distribution,
    campaign: Campaign,
    served: Recipients,
    known: dict[str, Recipient],
    codes: list[Code],
) -> int:
    """How many codes are held now."""
    if not served:
        return 0
    count = distribution.action["count"] if distribution.action else 1
    publication_ids = scope.ids.run("pub_", len(served))
    link_ids = scope.ids.hex_run("rh_", len(served) * count)
    holds = [
        Hold(
            publication_id,
            known[customer_id],
            event_id,
            codes[place * count : (place + 1) * count],
            link_ids[place * count : (place + 1) * count],
        )
        for place, (publication_id, (customer_id, event_id)) in enumerate(zip(publication_ids, served, strict=True))
    ]
    there = await store.hold_codes(
        scope.connection, scope.project.id, distribution.id, campaign, holds, _provenance(scope, distribution)
    )
    return len(there) * count


async def _go_without(
    scope: Scope,
    distribution: Distribution,
    campaign: Campaign,
    left: Recipients,
    known: dict[str, Recipient],
    why: tuple[str, str],
) -> int:
    """No code is left for these: another text, or a failure each. Returns how many failures."""
    connection, project_id = scope.connection, scope.project.id
    fallback = distribution.when_exhausted == FALLBACK
    await messages.decide_pending(
        connection,
        project_id,
        distribution.id,
        left,
        state=HELD if fallback else MESSAGE_FAILED,
        reason=NO_CODE,
        fallback=fallback,
        failing=[WEBHOOK, CSV],
    )
    if fallback:
        return 0
    ids = scope.ids.run("pub_", len(left))
    failed = [(known[customer_id], id_) for (customer_id, _), id_ in zip(left, ids, strict=True)]
    origin = _provenance(scope, distribution)
    await store.fail_codes(connection, project_id, campaign, failed, origin, why)
    return len(failed)


def _provenance(scope: Scope, distribution: Distribution) -> Provenance:
    return Provenance(distribution.publication_channel, distribution.metadata, scope.request_id, scope.actor)


async def settle(scope: Scope, distribution_id: str, publication_ids: list[str]) -> None:
    """Publish what was delivered and give back what wasn't, of those that are decided. The caller has locked the
    distribution: of two channels that end at once the second must see what became of the first.
    """
    if not publication_ids:
        return
    connection, project = scope.connection, scope.project
    accepted, failed = await messages.settled_holds(connection, project.id, publication_ids)
    said = {"request_id": scope.request_id, "actor": scope.actor}
    moved: dict[str, dict[str, int]] = {}
    if failed:
        released = await store.release_holds(
            connection, project.id, distribution_id, failed, failure=UNDELIVERED, **said
        )
        for one in released:
            _add(moved, one, held=-one.vouchers, disabled=one.disabled, failures=one.publications)
    if accepted:
        confirmed = await store.confirm_holds(
            connection, project.id, distribution_id, accepted, time_zone=project.time_zone, **said
        )
        for one in confirmed:
            _add(moved, one, held=-one.vouchers, published=one.vouchers, publications=one.publications)
    for campaign_id, changes in sorted(moved.items()):
        await counters.change_counters(connection, project.id, campaign_id, **changes)


def _add(moved: dict[str, dict[str, int]], one: Changed, **changes: int) -> None:
    sums = moved.setdefault(one.campaign_id or "", {})
    for name, change in changes.items():
        sums[name] = sums.get(name, 0) + change
