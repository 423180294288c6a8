from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.async_actions import DONE, VOUCHERS_IMPORT, AsyncAction
from largesse.wire.async_actions import render_async_action
from tests.domain.moments import NOON


def took(duration: timedelta) -> AsyncAction:
    return AsyncAction(
        id="aa_1", type=VOUCHERS_IMPORT, status=DONE, created_at=NOON, started_at=NOON, updated_at=NOON + duration
    )


@given(st.integers(0, 10**9), st.integers(0, 999))
def test_the_time_it_took_is_in_whole_milliseconds(millis: int, micros: int) -> None:
    duration = timedelta(milliseconds=millis, microseconds=micros)
    assert render_async_action(took(duration))["processing_time"] == millis


@pytest.mark.parametrize(("started", "updated"), [(False, False), (True, False), (False, True)])
def test_what_has_not_begun_took_no_time(started: bool, updated: bool) -> None:
    action = AsyncAction(
        id="aa_1", type=VOUCHERS_IMPORT, status="IN_PROGRESS", created_at=NOON,
        started_at=NOON if started else None, updated_at=NOON + timedelta(seconds=1) if updated else None,
    )  # fmt: skip
    shown = render_async_action(action)
    assert shown["processing_time"] == 0
    assert (shown["updated_at"] is None) is not updated


def test_a_list_leaves_the_result_out() -> None:
    action = took(timedelta(0))
    assert set(render_async_action(action)) - set(render_async_action(action, with_result=False)) == {"result"}
