"""Segments as JSON."""

from typing import Annotated, Any, Final, Literal

import msgspec

from largesse.domain.customers import FILTERS
from largesse.domain.errors import InvalidPayload
from largesse.domain.filters import Filter
from largesse.domain.segments import CUSTOMERS_MAX, PASSIVE, STATIC, Segment
from largesse.wire.dates import render
from largesse.wire.faults import Faults
from largesse.wire.filters import parse_filter
from largesse.wire.metadata import Metadata
from largesse.wire.names import Id

NAME_LENGTH_MAX: Final = 255


class SegmentInput(msgspec.Struct, frozen=True, kw_only=True):
    """A segment to be made. Without `type` it is passive when it has a `filter`, else static.

    `customers` are ids or source ids; the filter's size has the limit of metadata.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
    type: Literal["static", "passive", "auto-update"] | None = None
    customers: (
        Annotated[
            list[Id],
            msgspec.Meta(max_length=CUSTOMERS_MAX),
        ]
        | None
    ) = None
    filter: Metadata | None = None

    @property
    def meant_type(self) -> str:
        return self.type or (STATIC if self.filter is None else PASSIVE)

    def check(self) -> None:
        """Raises InvalidPayload for what doesn't go with the type, and for a filter that can't be understood."""
        faults = Faults()
        if self.meant_type == STATIC and self.filter is not None:
            faults.add((None, "filter"), "must be absent: a static segment has customers")
        if self.meant_type != STATIC and self.customers:
            faults.add((None, "customers"), "must be absent: the filter says who is in this segment")
        if self.meant_type != STATIC and not self.filter:
            faults.add((None, "filter"), "must have at least one condition")
        if faults:
            raise InvalidPayload(str(faults))
        if self.filter is not None and parse_filter(self.filter, FILTERS) is None:
            raise InvalidPayload("Property .filter must have at least one condition")


def segment_filter(segment: Segment) -> Filter | None:
    """Whom the segment's filter matches; None for a static one. Raises InvalidPayload for one no longer understood."""
    return None if segment.filter is None else parse_filter(segment.filter, FILTERS)


def render_segment(segment: Segment) -> dict[str, Any]:
    """`initial_sync_status`: who is in an auto-update one is found out in the background; the others are asked anew."""
    return {
        "id": segment.id,
        "name": segment.name,
        "created_at": render(segment.created_at),
        "type": segment.type,
        "filter": segment.filter,
        "initial_sync_status": "DONE" if segment.is_synced else "IN_PROGRESS",
        "object": "segment",
    }


def render_segment_short(segment: Segment) -> dict[str, Any]:
    return {"id": segment.id, "name": segment.name, "object": "segment"}
