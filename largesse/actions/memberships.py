"""Who is in an auto-update segment, kept up to date: each change is a row and an event, in one transaction.

Three things move a customer: what happened to him, which the event log says; time, where the filter depends on it; and
the first pass over everybody after the segment was made. All of them look again, so it doesn't matter who comes first.
"""

from datetime import UTC, datetime
from typing import Any, Final

import structlog

from largesse.actions.scope import Scope
from largesse.domain.errors import InvalidPayload
from largesse.domain.filters import Filter
from largesse.domain.segments import Segment, is_timed
from largesse.events.catalogue import EventType
from largesse.store import events as log
from largesse.store import segments as store
from largesse.store.jobs import enqueue_job
from largesse.wire.segments import render_segment_short, segment_filter

READER: Final = "segments"
SYNC: Final = "SEGMENT_SYNC"
"""The job whose action is the segment: a pass over all customers, or over the members of a segment that is gone."""
CHUNK: Final = 1_000
"""Customers looked at in one transaction."""
EVENTS_CHUNK: Final = 500
CLOCK_S: Final = 900.0
"""How often a segment is looked at anew when its filter depends on the time."""

_log = structlog.get_logger("largesse.segments")


async def follow(scope: Scope, segment_id: str) -> None:
    """From now on the log is read for it, and everybody is looked at once."""
    await log.start_reader(scope.connection, scope.project.id, READER)
    await enqueue_job(scope.connection, scope.project.id, SYNC, segment_id)


async def activate(scope: Scope, segment: Segment) -> None:
    """From now on it is told who enters or leaves a passive segment; whoever is inside hasn't entered it."""
    wanted = _understood(segment)
    is_timed_ = wanted is not None and is_timed(wanted)
    if await store.activate(scope.connection, scope.project.id, segment.id, is_timed=is_timed_):
        await follow(scope, segment.id)


async def tell(
    scope: Scope, type_: str, segment: Segment, customer_ids: list[str], *, since: datetime | None = None
) -> None:
    """Write the events of customers who entered or left. `since`: only of those who were changed since then."""
    if not customer_ids:
        return
    await store.tell_moves(
        scope.connection,
        scope.project.id,
        customer_ids,
        scope.ids.hex_run("ev_", len(customer_ids)),
        type=type_,
        segment=render_segment_short(segment),
        since=since,
        request_id=scope.request_id,
        actor=scope.actor,
    )


async def leave_all(scope: Scope, customer_id: str) -> int:
    """A customer who goes leaves his static segments; how many these were. The others: when the log is read."""
    left = await store.leave_segments(scope.connection, scope.project.id, customer_id)
    for segment_id in left:
        if (segment := await store.get_segment(scope.connection, scope.project.id, segment_id)) is not None:
            await tell(scope, EventType.SEGMENT_LEFT, segment, [customer_id])
    return len(left)


async def sync_chunk(scope: Scope, segment_id: str) -> bool:
    """Look at the next customers; True when that were the last.

    Who is in the segment when it is made hasn't entered it: nobody is told, but of those who changed since then.
    """
    await store.take_turn(scope.connection, scope.project.id)
    followed = await store.lock_segment(scope.connection, scope.project.id, segment_id)
    if followed is None:
        return await store.delete_members(scope.connection, scope.project.id, segment_id, CHUNK) < CHUNK
    segment, after, since = followed
    customers = await store.next_customers(scope.connection, scope.project.id, after, CHUNK)
    wanted = _understood(segment)
    if wanted is not None and customers:
        await _refresh(scope, segment, wanted, customers, since=None if segment.is_synced else since)
    done = len(customers) < CHUNK
    await store.save_sync(
        scope.connection,
        scope.project.id,
        segment_id,
        "" if done else customers[-1],
        datetime.now(UTC),
        is_timed=wanted is not None and is_timed(wanted),
    )
    return done


async def give_up_sync(_scope: Scope, _segment_id: str) -> None:
    """The segment says that it isn't synced; the log is still read for it."""


async def read_chunk(scope: Scope) -> bool:
    """Look again at those whom the next events are about, and move the cursor; True when there may be more."""
    connection, project_id = scope.connection, scope.project.id
    await store.take_turn(connection, project_id)
    cursor = await log.claim_cursor(connection, project_id, READER)
    if cursor is None:
        return False
    customers, end, count = await store.touched_customers(connection, project_id, cursor, EVENTS_CHUNK)
    if count == 0:
        return False
    if customers:
        for segment_id in await store.followed_segments(connection, project_id):
            followed = await store.lock_segment(connection, project_id, segment_id)
            if followed is not None and (wanted := _understood(followed.segment)) is not None:
                await _refresh(scope, followed.segment, wanted, customers, since=None)
    await log.move_cursor(connection, project_id, READER, end)
    return count == EVENTS_CHUNK


async def check_clocks(scope: Scope) -> bool:
    """Have those segments passed over again whose time has come. Never more at once: False."""
    for segment_id in await store.due_segments(scope.connection, scope.project.id, CLOCK_S):
        await follow(scope, segment_id)
    return False


def _understood(segment: Segment) -> Filter | None:
    """None for a filter of a former version: who is in the segment stays as it is, and the others go on."""
    try:
        return segment_filter(segment)
    except InvalidPayload as error:
        _log.warning("segments.filter_not_understood", segment=segment.id, fault=str(error))
        return None


async def _refresh(scope: Scope, segment: Segment, wanted: Filter, customers: list[str], *, since: Any) -> None:
    entered, left = await store.refresh_members(scope.connection, scope.project, segment.id, wanted, customers)
    await tell(scope, EventType.SEGMENT_ENTERED, segment, entered, since=since)
    await tell(scope, EventType.SEGMENT_LEFT, segment, left)
