import pytest

from largesse.domain import filters
from largesse.domain.filters import IN_DAYS, IS, NEXT_MONTH, Condition, Filter
from largesse.domain.segments import (
    AUTO_UPDATE,
    FILTERED_MAX,
    PASSIVE,
    STATIC,
    STATIC_MAX,
    Segment,
    is_timed,
    slots,
)
from tests.domain.moments import NOON


def wanted(*operators: str) -> Filter:
    return Filter(tuple(Condition("created_at", operator, (1,)) for operator in operators))


@pytest.mark.parametrize(
    ("type", "count"), [(STATIC, STATIC_MAX), (PASSIVE, FILTERED_MAX), (AUTO_UPDATE, FILTERED_MAX)]
)
def test_a_project_has_a_slot_for_each_segment_that_it_may_have(type: str, count: int) -> None:
    assert len(slots(type)) == count


def test_segments_with_a_filter_share_their_slots_and_static_ones_have_their_own() -> None:
    assert slots(PASSIVE) == slots(AUTO_UPDATE)
    assert not set(slots(STATIC)) & set(slots(PASSIVE))
    assert min(slots(PASSIVE)) > 0  # 0 is no slot


@pytest.mark.parametrize("operator", sorted(IN_DAYS | {NEXT_MONTH}))
def test_a_filter_by_days_from_now_changes_by_time_alone(operator: str) -> None:
    assert is_timed(wanted(operator))
    assert is_timed(wanted(IS, operator))


@pytest.mark.parametrize("operator", sorted({*filters.DATE_OPERATORS, *filters.COUNTS} - IN_DAYS))
def test_any_other_filter_does_not(operator: str) -> None:
    assert not is_timed(wanted(operator))


def test_a_filter_without_conditions_does_not_either() -> None:
    assert not is_timed(Filter(()))


@pytest.mark.parametrize("type", [STATIC, PASSIVE, AUTO_UPDATE])
@pytest.mark.parametrize("synced", [False, True])
def test_only_an_auto_update_segment_has_to_be_found_out_first(type: str, synced: bool) -> None:
    segment = Segment(
        id="seg_1", name="s", type=type, filter=None, created_at=NOON, synced_at=NOON if synced else None
    )  # fmt: skip
    assert segment.is_synced is (synced or type != AUTO_UPDATE)
