"""Make and delete segments; say who is in them (docs/semantics/segment.md)."""

from largesse.actions.memberships import SYNC, follow, tell
from largesse.actions.scope import Scope
from largesse.domain.customers import FILTERS
from largesse.domain.errors import InvalidPayload, NotFound
from largesse.domain.filters import Filter
from largesse.domain.segments import AUTO_UPDATE, CUSTOMERS_MAX, STATIC, Segment, is_timed, slots
from largesse.events.catalogue import EventType
from largesse.store import segments as store
from largesse.store.customers import find_customer, find_ids
from largesse.store.jobs import enqueue_job
from largesse.wire.filters import parse_filter
from largesse.wire.segments import SegmentInput, segment_filter

UNKNOWN_NAMED_MAX = 10
"""Customers that an error names."""


async def create_segment(scope: Scope, sent: SegmentInput) -> Segment:
    """Raises NotFound for customers who don't exist, InvalidPayload when the project has as many as it may have."""
    members = await _members(scope, sent.customers or [])
    wanted = None if sent.filter is None else parse_filter(sent.filter, FILTERS)
    segment = await store.create_segment(
        scope.connection,
        scope.project.id,
        scope.ids.new("seg_"),
        sent.name,
        sent.meant_type,
        sent.filter,
        is_timed=wanted is not None and is_timed(wanted),
    )
    if segment is None:
        count = len(slots(sent.meant_type))
        kind = "static" if sent.meant_type == STATIC else "passive and auto-update"
        raise InvalidPayload(f"A project can have up to {count} {kind} segments")
    if members:
        await store.add_members(scope.connection, scope.project.id, segment.id, members)
        await tell(scope, EventType.SEGMENT_ENTERED, segment, members)
    if segment.type == AUTO_UPDATE:
        await follow(scope, segment.id)
    return segment


async def _members(scope: Scope, names: list[str]) -> list[str]:
    found = await find_ids(scope.connection, scope.project.id, sorted(set(names))) if names else {}
    unknown = [name for name in dict.fromkeys(names) if name not in found]
    if len(unknown) == 1:
        raise NotFound.of("customer", unknown[0])
    if unknown:
        more = len(unknown) - UNKNOWN_NAMED_MAX
        shown = ", ".join(unknown[:UNKNOWN_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
        raise NotFound(f"Cannot find customers with ids {shown}", resource_id=unknown[0], resource_type="customer")
    return sorted(set(found.values()))


async def get_segment(scope: Scope, id: str) -> Segment:
    segment = await store.get_segment(scope.connection, scope.project.id, id)
    if segment is None:
        raise NotFound.of("segment", id)
    return segment


async def delete_segment(scope: Scope, id: str) -> None:
    """Its members don't leave it, it leaves them: nobody is told. Raises NotFound."""
    segment = await get_segment(scope, id)
    if not await store.delete_segment(scope.connection, scope.project.id, id):
        raise NotFound.of("segment", id)
    if segment.type == AUTO_UPDATE:  # it may have millions
        await enqueue_job(scope.connection, scope.project.id, SYNC, id)
    else:
        await store.delete_members(scope.connection, scope.project.id, id, CUSTOMERS_MAX)


async def filter_of(scope: Scope, segment_id: str) -> Filter | None:
    """Who is in a segment that has a filter; None for a static or unknown one, whose members are rows, or none."""
    segment = await store.get_segment(scope.connection, scope.project.id, segment_id)
    return None if segment is None else segment_filter(segment)


async def segments_of(scope: Scope, id_or_source_id: str) -> list[Segment]:
    """Those that a customer is in, newest first; of an unknown one those that he would be in with that source id."""
    customer = await find_customer(scope.connection, scope.project.id, id_or_source_id)
    candidates = await store.filter_segments(scope.connection, scope.project.id)
    filters = [wanted for one in candidates if (wanted := segment_filter(one)) is not None]
    name = id_or_source_id if customer is None else customer.id
    matches = await store.matching(scope.connection, scope.project, name, filters, known=customer is not None)
    found = [one for one, matched in zip(candidates, matches, strict=True) if matched]
    if customer is not None:
        found += await store.static_segments_of(scope.connection, scope.project.id, customer.id)
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)
