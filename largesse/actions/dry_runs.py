"""What a distribution would do, without doing anything: nobody is written to, no code is touched, no row is made."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from largesse.actions.campaigns import get_campaign
from largesse.actions.distribution_letters import (
    Draft,
    Letter,
    NotRendered,
    preview_id,
    told_of,
    values_of,
    webhook_of,
    write_all,
)
from largesse.actions.distribution_letters import draft_of as letter_draft
from largesse.actions.distribution_runs import join_once_campaign, narrowing_of
from largesse.actions.distributions import Judged, check_complete, draft_of, get_distribution
from largesse.actions.rendering import TOO_LONG
from largesse.actions.scope import Scope
from largesse.domain.campaigns import AUTO_UPDATE, Campaign, template_of
from largesse.domain.distributions import (
    CAMPAIGN_EXPIRED,
    CSV,
    EMAIL,
    SMS,
    WEBHOOK,
    Distribution,
    obstacles,
    state_of,
)
from largesse.domain.errors import InvalidQueryParams
from largesse.domain.projects import Project
from largesse.store import distribution_messages as messages
from largesse.store.counters import free_vouchers
from largesse.store.distribution_messages import Candidate, Sample, Shared, target_of
from largesse.store.vault import Vault
from largesse.wire.customers import render_customer_short
from largesse.wire.template_filters import zone_of

SAMPLE_CODE: Final = "SAMPLE-CODE"
"""Stands for a code that nobody has, where a message is only shown."""
WRITE_WITHIN_S: Final = 5.0
"""For all messages of a page."""
PER_SECOND: Final = {EMAIL: 50, SMS: 50, WEBHOOK: 200, CSV: 2_000}
"""What a channel is taken to carry where no rate says less: a cautious guess, receivers differ."""
EVERYBODY: Final = 2**31 - 1


class DryRun(msgspec.Struct, frozen=True):
    """What was found in the database: sums, the customers of a page, and for each channel what is against a message, or
    what it is made of.
    """

    project: Project
    sums: dict[str, Any]
    channels: list[str]
    page: list[Candidate]
    shared: dict[str, Shared | None]
    drafts: list[Draft | Letter | NotRendered]  # of each customer, one for each channel


async def try_saved(scope: Scope, id: str, limit: int, offset: int) -> DryRun:
    """Raises NotFound, InvalidDistribution; InvalidQueryParams for an audience that takes too long to look through."""
    return await _try(scope, await get_distribution(scope, id), limit, offset)


async def try_unsaved(scope: Scope, sent: Judged, vault: Vault, limit: int, offset: int) -> DryRun:
    """Raises InvalidPayload besides."""
    return await _try(scope, await draft_of(scope, sent, vault, "distr_" + "0" * 26), limit, offset)


async def write(found: DryRun) -> dict[str, Any]:
    """The whole answer. Outside of any transaction: templates take time. Raises Unavailable, InvalidQueryParams."""
    until = time.monotonic() + WRITE_WITHIN_S
    letters: list[Letter | NotRendered] = []
    while len(letters) < len(found.drafts) and (left_s := until - time.monotonic()) > 0:
        letters += await write_all(found.project, found.drafts[len(letters) :], left_s, is_request=True)
    if (missing := len(found.drafts) - len(letters)) > 0:
        if not all(isinstance(one, NotRendered) for one in letters):
            raise InvalidQueryParams("These messages take too long to write. Ask for fewer of them with `limit`")
        letters += [NotRendered(TOO_LONG)] * missing  # none could be written yet: nor will those
    each = len(found.channels)
    data = [
        _recipient(found, candidate, letters[place * each : (place + 1) * each])
        for place, candidate in enumerate(found.page)
    ]
    return found.sums | {"data_ref": "data", "data": data}


async def _try(scope: Scope, distribution: Distribution, limit: int, offset: int) -> DryRun:
    check_complete(distribution)
    connection, project = scope.connection, scope.project
    narrowing = await narrowing_of(scope, distribution, begun=False)
    joining = await join_once_campaign(scope, distribution)
    most = distribution.recipients_max or EVERYBODY
    kinds = await messages.count_audience(connection, project, narrowing, joining, most)
    limit = max(0, min(limit, most - offset))
    page = await messages.page_of_audience(connection, project, narrowing, joining, limit, offset)
    channels = [channel["type"] for channel in distribution.channels]
    shared = {}
    for channel in channels:
        if channel in (EMAIL, SMS):
            shared[channel] = await messages.shared_addresses(connection, project, narrowing, channel, page, most)
    sums = _sums(distribution, kinds) | {
        "shared_addresses": {
            name: None if one is None else {"addresses": one.addresses, "customers": one.customers}
            for name, one in shared.items()
        },
        "codes": None,
        "warnings": [],
    }
    campaign, sampled = None, None
    if distribution.publishes and distribution.action is not None:
        campaign = await get_campaign(scope, distribution.action["campaign_id"])
        sampled = await messages.sample(connection, project, campaign.id, distribution.action["count"])
        free = 0 if sampled.is_expired else await free_vouchers(connection, project.id, campaign.id)
        sums["codes"] = _codes(distribution, campaign, kinds, free, expired=sampled.is_expired)
        sums["warnings"] = [CAMPAIGN_EXPIRED] if sampled.is_expired else []
    people = await messages.materials(connection, project.id, [one.customer.id for one in page], [])
    drafts = await asyncio.to_thread(_drafts, distribution, project, campaign, sampled, page, people)
    return DryRun(project, sums, channels, page, shared, drafts)


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


def _codes(
    distribution: Distribution, campaign: Campaign, kinds: list[tuple[Any, int]], free: int, *, expired: bool
) -> dict[str, Any]:
    types = [channel["type"] for channel in distribution.channels]
    count = distribution.action["count"] if distribution.action else 1
    needed = count * sum(people for person, people in kinds if _is_reached(person, types))
    return {
        "campaign_id": campaign.id,
        "needed": needed,
        "free": free,
        "enough": needed <= free or (campaign.type == AUTO_UPDATE and not expired),
        "when_exhausted": distribution.when_exhausted,
    }


def sample_vouchers(campaign: Campaign, sampled: Sample, count: int) -> list[dict[str, Any]]:
    """Rows of vouchers like those that the campaign gives, with codes that nobody has."""
    made = msgspec.to_builtins(template_of(campaign)) | {"created_at": datetime.now(UTC).isoformat()}
    rows = (sampled.vouchers + [made] * count)[:count]
    until = {} if sampled.valid_until is None else {"expiration_date": sampled.valid_until.isoformat()}
    return [
        row | until | {"id": f"v_sample{number}", "code": SAMPLE_CODE if not number else f"{SAMPLE_CODE}-{number + 1}"}
        for number, row in enumerate(rows)
    ]


def _drafts(
    distribution: Distribution,
    project: Project,
    campaign: Campaign | None,
    sampled: Sample | None,
    page: list[Candidate],
    people: dict[str, dict[str, Any]],
) -> list[Draft | Letter | NotRendered]:
    """Beside the event loop: there may be a thousand, with four channels each."""
    out: list[Draft | Letter | NotRendered] = []
    zone = zone_of(project.time_zone)
    vouchers: list[dict[str, Any]] = []
    if campaign is not None and sampled is not None and distribution.action is not None:
        vouchers = sample_vouchers(campaign, sampled, distribution.action["count"])
    for candidate in page:
        whole = people.get(candidate.customer.id, {})
        values = values_of(distribution, whole, vouchers, campaign, "https://example.com/unsubscribe", zone)
        for channel in distribution.channels:
            against = obstacles(candidate.person, [channel["type"]])[channel["type"]]
            if against is not None:
                out.append(NotRendered(against))
            elif channel["type"] != WEBHOOK or channel.get("body"):
                out.append(letter_draft(channel, preview_id(), values))
            else:
                published = _published(distribution, whole, vouchers, sampled)
                data = told_of(distribution, whole, published)
                now = datetime.now(UTC)
                out.append(webhook_of(project.public_id, channel, preview_id(), now, distribution, data, []))
    return out


def _published(
    distribution: Distribution, customer: dict[str, Any], vouchers: list[dict[str, Any]], sampled: Sample | None
) -> dict[str, Any]:
    """The publication that a message would be about, as `materials` gives it; nothing for one without a code."""
    if sampled is None:
        return {}
    publication = {
        "id": "pub_" + "0" * 18,
        "created_at": datetime.now(UTC).isoformat(),
        "customer_id": customer["id"],
        "tracking_id": customer["source_id"],
        "channel": distribution.publication_channel,
        "source_id": None,
        "metadata": distribution.metadata,
        "result": "HELD",
    }
    return {"publication": publication, "vouchers": vouchers, "campaign": sampled.campaign}


def _recipient(found: DryRun, candidate: Candidate, letters: list[Letter | NotRendered]) -> dict[str, Any]:
    shown = []
    for channel, letter in zip(found.channels, letters, strict=True):
        against = obstacles(candidate.person, [channel])[channel]
        shared = found.shared.get(channel) if against is None else None
        sharing = None if shared is None else shared.by_target.get(target_of(channel, candidate), 1)
        is_none = isinstance(letter, NotRendered)
        shown.append(
            {
                "channel": channel,
                "state": state_of(against) if against is not None or not is_none else "failed",
                "reason": letter.reason if isinstance(letter, NotRendered) else None,
                "customers_with_address": sharing,
                "message": None if isinstance(letter, NotRendered) else letter.shown(),
            }
        )
    return {"customer": render_customer_short(candidate.customer), "messages": shown}
