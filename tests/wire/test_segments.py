from typing import Any

import pytest

from largesse.domain.errors import InvalidPayload
from largesse.domain.segments import AUTO_UPDATE, PASSIVE, STATIC, Segment
from largesse.wire.parse import convert
from largesse.wire.segments import SegmentInput, render_segment
from tests.domain.moments import NOON

FILTER = {"name": {"conditions": {"$is": ["Anna"]}}}


def sent(**body: Any) -> SegmentInput:
    return convert({"name": "s"} | body, SegmentInput)


@pytest.mark.parametrize(
    ("body", "type"),
    [
        ({}, STATIC),
        ({"customers": ["cust_1"]}, STATIC),
        ({"filter": FILTER}, PASSIVE),
        ({"filter": FILTER, "type": AUTO_UPDATE}, AUTO_UPDATE),
        ({"filter": FILTER, "type": PASSIVE, "customers": []}, PASSIVE),
        ({"type": STATIC, "customers": None}, STATIC),
    ],
)
def test_the_type_is_said_or_shown_by_the_filter(body: dict[str, Any], type: str) -> None:
    segment = sent(**body)
    segment.check()
    assert segment.meant_type == type


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"type": STATIC, "filter": FILTER}, [".filter must be absent"]),
        ({"type": STATIC, "filter": {}}, [".filter must be absent"]),
        ({"type": PASSIVE}, [".filter must have at least one condition"]),
        ({"type": PASSIVE, "filter": {}}, [".filter must have at least one condition"]),
        ({"filter": {}}, [".filter must have at least one condition"]),
        ({"type": AUTO_UPDATE, "customers": ["x"]},
         [".customers must be absent", ".filter must have at least one condition"]),
        ({"filter": FILTER, "customers": ["x"]}, [".customers must be absent"]),
        ({"filter": {"junction": "or"}}, [".filter must have at least one condition"]),
        ({"filter": {"nope": {"conditions": {"$is": ["x"]}}}}, ["nope"]),
    ],
)  # fmt: skip
def test_what_does_not_go_with_the_type_is_named(body: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InvalidPayload) as raised:
        sent(**body).check()
    faults = str(raised.value).split("; ")
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))


@pytest.mark.parametrize(
    ("type", "synced", "status"),
    [
        (AUTO_UPDATE, False, "IN_PROGRESS"),
        (AUTO_UPDATE, True, "DONE"),
        (PASSIVE, False, "DONE"),
        (STATIC, False, "DONE"),
    ],
)
def test_only_an_auto_update_segment_is_not_ready_at_once(type: str, synced: bool, status: str) -> None:
    segment = Segment(id="seg_1", name="s", type=type, filter=None, created_at=NOON, synced_at=NOON if synced else None)
    assert render_segment(segment)["initial_sync_status"] == status
