"""Codes in bulk: random, unique in the project, exactly as many as asked (docs/semantics/code.md).

A generation is an async action worked off in chunks. Each chunk is one transaction that inserts, moves the counters and
saves how far it came, so a worker that is killed anywhere leaves a whole number of chunks, and the next one goes on.
"""

import os
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.domain import async_actions as states
from largesse.domain.async_actions import VOUCHERS_GENERATE, AsyncAction
from largesse.domain.campaigns import (
    GENERATION_DONE,
    GENERATION_FAILED,
    GENERATION_IN_PROGRESS,
    STANDALONE,
    Campaign,
    check_room,
    code_config_of,
    template_of,
)
from largesse.domain.codes import (
    PICK_KEY_BITS,
    CodeConfig,
    capacity,
    check_capacity,
    codes_at,
    new_codes,
    pick_keys,
    shape,
)
from largesse.domain.errors import InvalidCampaign, InvalidCodeConfig
from largesse.domain.vouchers import NewVoucher, VoucherTemplate
from largesse.events.catalogue import EventType
from largesse.events.outbox import append
from largesse.store import async_actions, campaigns, counters, jobs, vouchers

CHUNK: Final = 10_000
"""Codes in one transaction: a tenth of a second on a small machine."""
DRAWS_MAX: Final = 50
DRAWS_BEFORE_WALK: Final = 5
WALK_STEP: Final = 20_000
"""Codes looked at in one step through a space that is nearly full."""
WALK_STEPS_MAX: Final = 50
"""In one request: a second or two. A generation goes on in its next chunk."""
RUN_MIN: Final = 100
BLOCK: Final = 64
"""Vouchers side by side, at most: one or two pages."""
WIDE: Final = 10**11
"""Of a space of this size two chunks have one code in common in a thousand cases, two in a million."""
SPARSE: Final = 4
"""A space this many times larger than all that is in it needs no counting."""


def new_vouchers(ids: IdSource, config: CodeConfig, count: int) -> list[NewVoucher]:
    """Ids, codes and pick keys; no code twice, so there may be fewer than `count` in a tiny space.

    Whether the codes are new in the project is for the insert to decide. Cheap for the few that a publication needs.
    """
    codes = set(new_codes(config, count, os.urandom))
    keyed = list(zip(codes, pick_keys(len(codes), os.urandom), strict=True))
    # Of a large pool, what is handed out one after the other lies side by side: a claim writes to a few pages of the
    # table and of its indexes by id and by time, and isn't scattered over all of them. In blocks, and in each by code,
    # so that a list of codes doesn't tell which is next. Otherwise all by code; in a narrow space always: two who fill
    # it at the same moment draw the same codes, and mustn't wait for each other in a circle.
    blocks = len(codes) // BLOCK if len(codes) >= CHUNK and capacity(config) >= WIDE else 0
    shift = PICK_KEY_BITS - blocks.bit_length()
    return _numbered(ids, sorted(keyed, key=lambda one: (one[1] >> shift, one[0])))


def _numbered(ids: IdSource, keyed: list[tuple[str, int]]) -> list[NewVoucher]:
    # A run takes two milliseconds of the id clock for itself: too many for a handful of codes.
    numbers = ids.run("v_", len(keyed)) if len(keyed) > RUN_MIN else [ids.new("v_") for _ in keyed]
    return [NewVoucher(number, code, pick_key) for number, (code, pick_key) in zip(numbers, keyed, strict=True)]


async def check_space(scope: Scope, config: CodeConfig, count: int) -> None:
    """Raises InvalidCodeConfig when `count` more codes of this shape can't exist in the project."""
    sensitive = scope.project.case_sensitive_codes
    room = capacity(config, case_sensitive=sensitive)
    taken = 0
    if room < SPARSE * (count + await counters.total_vouchers(scope.connection, scope.project.id)):
        # Only now is it worth a look at every code: the bin and other campaigns take room as well.
        pattern = shape(config, case_sensitive=sensitive)
        taken = await vouchers.count_codes_like(scope.connection, scope.project.id, pattern)
    check_capacity(config, count, taken, case_sensitive=sensitive)


async def _draw(scope: Scope, template: VoucherTemplate, config: CodeConfig, count: int) -> int:
    """Insert up to `count` vouchers with random codes; fewer where most of the codes drawn are taken."""
    made = 0
    for _ in range(DRAWS_MAX):
        batch = new_vouchers(scope.ids, config, count - made)
        made += await vouchers.insert_vouchers(scope.connection, scope.project, template, batch)
        if made == count or made < count // 2:
            break
    return made


class Walk(msgspec.Struct, frozen=True):
    """How far a walk through a space of codes has come: `at` is the next place, `walked` the places behind it.

    Where more than half of a space is taken, drawing at random finds little and never knows that nothing is left. A
    walk from a random place looks at every code once. Codes of such a space can be guessed whatever we do.
    """

    at: int
    walked: int


def _start_of_walk(room: int) -> Walk:
    return Walk(at=int.from_bytes(os.urandom(16), "big") % room, walked=0)


async def _walk(
    scope: Scope, template: VoucherTemplate, config: CodeConfig, count: int, walk: Walk
) -> tuple[list[NewVoucher], Walk]:
    """One step: insert up to `count` vouchers of the next codes that nobody has. Returns them and where it came to."""
    project = scope.project
    room = capacity(config, case_sensitive=project.case_sensitive_codes)
    step = min(WALK_STEP, room - walk.walked)
    codes = codes_at(config, walk.at, step, case_sensitive=project.case_sensitive_codes)
    places = {project.code_key(code): place for place, code in enumerate(codes)}
    free = await vouchers.free_codes(scope.connection, project.id, list(places), count)
    if len(free) == count:  # there may be more behind the last one taken
        step = places[free[-1]] + 1
    found = sorted(codes[places[key]] for key in free)
    batch = _numbered(scope.ids, list(zip(found, pick_keys(len(found), os.urandom), strict=True)))
    made = await vouchers.insert_vouchers(scope.connection, project, template, batch) if batch else 0
    went = Walk(at=(walk.at + step) % room, walked=walk.walked + step)
    # Of codes that somebody else took since we looked there are fewer; the next step makes up for them.
    return batch[:made], went


async def make_voucher(scope: Scope, template: VoucherTemplate, config: CodeConfig) -> str:
    """Insert one voucher with a random code; returns the code. Raises InvalidCodeConfig when none is left."""
    for _ in range(DRAWS_BEFORE_WALK):
        batch = new_vouchers(scope.ids, config, 1)
        if await vouchers.insert_vouchers(scope.connection, scope.project, template, batch) == 1:
            return batch[0].code
    room = capacity(config, case_sensitive=scope.project.case_sensitive_codes)
    walk = _start_of_walk(room)
    for _ in range(WALK_STEPS_MAX):
        found, walk = await _walk(scope, template, config, 1, walk)
        if found:
            return found[0].code
        if walk.walked == room:
            break
    raise InvalidCodeConfig(f"The code configuration allows {room} codes, and no unused one was found")


async def top_up(scope: Scope, campaign: Campaign, count: int) -> int:
    """Insert up to `count` more codes of an AUTO_UPDATE campaign; fewer where its space is nearly full.

    The counters are the caller's.
    """
    config = code_config_of(campaign)
    template = template_of(campaign)
    made = await _draw(scope, template, config, count)
    if made < count:
        room = capacity(config, case_sensitive=scope.project.case_sensitive_codes)
        walk = _start_of_walk(room)
        for _ in range(WALK_STEPS_MAX):
            found, walk = await _walk(scope, template, config, count - made, walk)
            made += len(found)
            if made == count or walk.walked == room:
                break
    return made


def check_can_generate(campaign: Campaign) -> None:
    if campaign.type == STANDALONE:
        raise InvalidCampaign("You can not generate vouchers for STANDALONE type campaign.")


async def check_ceiling(scope: Scope, campaign: Campaign, wanted: int) -> None:
    """The caller holds the campaign's lock, so that two requests can't both take the last room."""
    running = await jobs.jobs_about(scope.connection, scope.project.id, VOUCHERS_GENERATE, campaign.id)
    promised = await async_actions.remaining_codes(scope.connection, scope.project.id, list(running.values()))
    check_room(campaign.vouchers_count, promised, wanted, scope.project.codes_per_campaign_max)


async def start_generation(
    scope: Scope, campaign: Campaign, config: CodeConfig, count: int, overrides: dict[str, Any] | None = None
) -> str:
    """Enqueue the making of `count` codes; returns the async action's id.

    `overrides`: columns of VoucherTemplate for these vouchers only.
    """
    action_id = scope.ids.new("aa_")
    arguments = {
        "campaign_id": campaign.id,
        "count": count,
        "code_config": config,
        "overrides": overrides or {},
    }
    await async_actions.create_async_action(
        scope.connection, scope.project.id, action_id, VOUCHERS_GENERATE, scope.request_id, arguments
    )
    await jobs.enqueue_job(scope.connection, scope.project.id, VOUCHERS_GENERATE, action_id, subject=campaign.id)
    await campaigns.set_generation_status(scope.connection, scope.project.id, campaign.id, GENERATION_IN_PROGRESS)
    await append(scope, EventType.CAMPAIGN_GENERATION_STARTED, campaign.id, {"campaign": campaign})
    return action_id


async def generate_chunk(scope: Scope, action_id: str) -> bool:
    """The next chunk of a generation; True when nothing is left to do. Running it twice at once has one effect."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is None or action.finished:
        return True
    campaign = await campaigns.get_campaign(scope.connection, scope.project.id, action.arguments["campaign_id"])
    if campaign is None:
        await _finish(scope, None, action, action.cursor.get("done", 0), "The campaign was deleted.")
        return True
    count: int = action.arguments["count"]
    done: int = action.cursor.get("done", 0)
    wanted = min(CHUNK, count - done)
    template = _template(campaign, action)
    config = msgspec.convert(action.arguments["code_config"], CodeConfig)
    known = action.cursor.get("walk")
    walk = None if known is None else msgspec.convert(known, Walk)
    made = 0 if walk else await _draw(scope, template, config, wanted)
    if made < wanted:
        room = capacity(config, case_sensitive=scope.project.case_sensitive_codes)
        walk = walk or _start_of_walk(room)
        found, walk = await _walk(scope, template, config, wanted - made, walk)
        made += len(found)
        if made < wanted and walk.walked >= room:
            await _finish(scope, campaign, action, done + made, "No unused codes of this configuration are left.")
            await _count(scope, campaign, template, made)
            return True
    done += made
    if done == count:
        await _finish(scope, campaign, action, done, None)
    else:
        cursor = {"done": done, "walk": walk}
        progress = 100 * done // count
        await _save(scope, replace(action, status=states.IN_PROGRESS, progress=progress, cursor=cursor))
    await _count(scope, campaign, template, made)
    return done == count


async def _count(scope: Scope, campaign: Campaign, template: VoucherTemplate, made: int) -> None:
    disabled = 0 if template.active else made
    await counters.change_counters(scope.connection, scope.project.id, campaign.id, vouchers=made, disabled=disabled)


def _template(campaign: Campaign, action: AsyncAction) -> VoucherTemplate:
    # The campaign as it is now, so that a change made meanwhile isn't undone by later chunks.
    columns = msgspec.to_builtins(template_of(campaign)) | action.arguments["overrides"]
    return msgspec.convert(columns, VoucherTemplate)


async def _save(scope: Scope, action: AsyncAction) -> None:
    await async_actions.save_async_action(scope.connection, scope.project.id, action)


async def _finish(scope: Scope, campaign: Campaign | None, action: AsyncAction, done: int, failure: str | None) -> None:
    """`failure` None: all codes are there. The campaign is done when no other generation of it is under way."""
    await _save(
        scope,
        replace(
            action,
            status=states.FAILED if failure else states.DONE,
            operation_status="FAILED" if failure else "SUCCESS",
            progress=100,
            cursor={"done": done},
            result={"message": failure or f"Generated {done} vouchers.", "done_count": done},
        ),
    )
    if campaign is None:
        return
    project_id = scope.project.id
    others = await jobs.jobs_about(scope.connection, project_id, VOUCHERS_GENERATE, campaign.id)
    if failure:
        await campaigns.set_generation_status(scope.connection, project_id, campaign.id, GENERATION_FAILED)
    elif set(others.values()) <= {action.id}:
        await campaigns.set_generation_status(scope.connection, project_id, campaign.id, GENERATION_DONE)
    name = EventType.CAMPAIGN_GENERATION_FAILED if failure else EventType.CAMPAIGN_GENERATION_COMPLETED
    await append(scope, name, campaign.id, {"campaign": campaign, "done_count": done})
    if not failure:
        await append(scope, EventType.CAMPAIGN_VOUCHERS_ADDED, campaign.id, {"campaign": campaign, "done_count": done})


async def fail_generation(scope: Scope, action_id: str) -> None:
    """Give up: the job failed too often."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is None or action.finished:
        return
    campaign = await campaigns.get_campaign(scope.connection, scope.project.id, action.arguments["campaign_id"])
    await _finish(scope, campaign, action, action.cursor.get("done", 0), "The job failed too often.")
