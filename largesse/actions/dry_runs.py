"""What a distribution would do, without doing anything: nobody is written to, no code is touched, no row is made."""

import asyncio
from typing import Any, Final

from largesse.actions.campaigns import get_campaign
from largesse.actions.distribution_letters import NotRendered, preview, preview_id, sample_voucher, values_of
from largesse.actions.distribution_runs import join_once_campaign, narrowing_of
from largesse.actions.distributions import check_complete, draft_of, get_distribution
from largesse.actions.scope import Scope
from largesse.domain.campaigns import AUTO_UPDATE, Campaign
from largesse.domain.distributions import CSV, EMAIL, SMS, WEBHOOK, Distribution, obstacles, state_of
from largesse.store import distribution_messages as messages
from largesse.store.counters import free_vouchers
from largesse.store.distribution_messages import Candidate
from largesse.store.vault import Vault
from largesse.wire.customers import render_customer_short
from largesse.wire.distributions import DistributionInput

PER_SECOND: Final = {EMAIL: 50, SMS: 50, WEBHOOK: 200, CSV: 2_000}
"""What a channel is taken to carry where no rate says less: a cautious guess, receivers differ."""
EVERYBODY: Final = 2**31 - 1


async def try_saved(scope: Scope, id: str, limit: int, offset: int) -> dict[str, Any]:
    """Raises NotFound, InvalidDistribution; InvalidQueryParams for an audience that takes too long to look through."""
    return await _try(scope, await get_distribution(scope, id), limit, offset)


async def try_unsaved(scope: Scope, sent: DistributionInput, vault: Vault, limit: int, offset: int) -> dict[str, Any]:
    """Raises InvalidPayload besides."""
    return await _try(scope, await draft_of(scope, sent, vault, "distr_" + "0" * 26), limit, offset)


async def _try(scope: Scope, distribution: Distribution, limit: int, offset: int) -> dict[str, Any]:
    check_complete(distribution)
    connection, project = scope.connection, scope.project
    narrowing = await narrowing_of(scope, distribution, begun=False)
    joining = await join_once_campaign(scope, distribution)
    most = distribution.recipients_max or EVERYBODY
    kinds = await messages.count_audience(connection, project, narrowing, joining, most)
    limit = max(0, min(limit, most - offset))
    page = await messages.page_of_audience(connection, project, narrowing, joining, limit, offset)
    campaign, free = None, 0
    if distribution.publishes and distribution.action is not None:
        campaign = await get_campaign(scope, distribution.action["campaign_id"])
        free = await free_vouchers(connection, project.id, campaign.id)
    people = await messages.materials(connection, project.id, [one.customer.id for one in page], [])
    recipients = await asyncio.to_thread(_recipients, distribution, campaign, page, people)
    return _sums(distribution, kinds) | {
        "codes": None if campaign is None else _codes(distribution, campaign, kinds, free),
        "data_ref": "data",
        "data": recipients,
    }


def _sums(distribution: Distribution, kinds: list[tuple[Any, int]]) -> dict[str, Any]:
    types = [channel["type"] for channel in distribution.channels]
    channels: dict[str, dict[str, Any]] = {type_: {"to_send": 0, "left_out": {}} for type_ in types}
    for person, count in kinds:
        for type_, against in obstacles(person, types).items():
            if against is None:
                channels[type_]["to_send"] += count
            else:
                left_out = channels[type_]["left_out"]
                left_out[against] = left_out.get(against, 0) + count
    seconds = [channels[one["type"]]["to_send"] / (one.get("rate") or PER_SECOND[one["type"]])
               for one in distribution.channels]  # fmt: skip
    return {
        "total": sum(count for _, count in kinds),
        "to_send": sum(count for person, count in kinds if _is_reached(person, types)),
        "channels": channels,
        "estimated_seconds": round(max(seconds, default=0.0), 1),
    }


def _is_reached(person: Any, types: list[str]) -> bool:
    return None in obstacles(person, types).values()


def _codes(distribution: Distribution, campaign: Campaign, kinds: list[tuple[Any, int]], free: int) -> dict[str, Any]:
    types = [channel["type"] for channel in distribution.channels]
    count = distribution.action["count"] if distribution.action else 1
    needed = count * sum(people for person, people in kinds if _is_reached(person, types))
    return {
        "campaign_id": campaign.id,
        "needed": needed,
        "free": free,
        "enough": needed <= free or campaign.type == AUTO_UPDATE,
        "when_exhausted": distribution.when_exhausted,
    }


def _recipients(
    distribution: Distribution, campaign: Campaign | None, page: list[Candidate], people: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Beside the event loop: there may be a hundred long messages."""
    out = []
    for candidate in page:
        whole = people.get(candidate.customer.id, {})
        vouchers = sample_voucher(campaign) if campaign is not None else []
        values = values_of(distribution, whole, vouchers, campaign, "https://example.com/unsubscribe")
        shown = []
        for channel in distribution.channels:
            against = obstacles(candidate.person, [channel["type"]])[channel["type"]]
            letter = preview(channel, preview_id(), values) if against is None else NotRendered(against)
            is_none = isinstance(letter, NotRendered)
            shown.append(
                {
                    "channel": channel["type"],
                    "state": state_of(against) if against is not None or not is_none else "failed",
                    "reason": letter.reason if isinstance(letter, NotRendered) else None,
                    "message": None if isinstance(letter, NotRendered) else letter.shown(),
                }
            )
        out.append({"customer": render_customer_short(candidate.customer), "messages": shown})
    return out
