"""When a delivery is tried again, and what it is signed with."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.webhooks import (
    GONE,
    PATIENCE,
    RETRIES_S,
    RETRY_AFTER_S_MAX,
    SECRET_OVERLAP,
    SOONEST_S,
    Verdict,
    after_failure,
    secrets_in_force,
)
from tests.domain.moments import NOON, TICK

STATUSES = st.none() | st.sampled_from([301, 400, 404, 410, 429, 500, 503])


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def verdict(
    *, tries: int = 1, since_s: float = 0, status: int | None = 500, retry_after_s: float | None = None
) -> Verdict:
    """Of an attempt that failed at noon, `since_s` after the first one of its round."""
    return after_failure(
        tries=tries, tried_at=NOON - seconds(since_s), now=NOON, status=status, retry_after_s=retry_after_s
    )


@pytest.mark.parametrize(("tries", "after_s"), list(enumerate(RETRIES_S, start=1)))
def test_each_attempt_has_its_place_after_the_first(tries: int, after_s: int) -> None:
    assert verdict(tries=tries) == Verdict(due_at=NOON + seconds(after_s))


def test_attempts_come_ever_later_for_a_day() -> None:
    assert RETRIES_S[0] == 60
    assert RETRIES_S[-1] == 24 * 3_600
    assert all(earlier < later for earlier, later in pairwise(RETRIES_S))


def test_when_the_last_attempt_failed_the_webhook_is_disabled() -> None:
    last = len(RETRIES_S) + 1
    assert verdict(tries=last - 1).disable is None
    assert verdict(tries=last) == Verdict(disable="A delivery failed 13 times in 24 hours.")


@pytest.mark.parametrize("tries", [1, 5, len(RETRIES_S) + 1])
def test_a_receiver_that_is_gone_is_not_asked_again(tries: int) -> None:
    assert verdict(tries=tries, status=GONE, retry_after_s=9) == Verdict(
        disable="The receiver answered 410: it is gone."
    )


@pytest.mark.parametrize("since_s", [60 - SOONEST_S, 60, 10_000])
def test_after_a_break_of_the_worker_attempts_do_not_follow_at_once(since_s: float) -> None:
    assert verdict(since_s=since_s).due_at == NOON + seconds(SOONEST_S)


def test_before_that_the_schedule_counts() -> None:
    assert verdict(since_s=60 - SOONEST_S - 1).due_at == NOON + seconds(SOONEST_S + 1)


@pytest.mark.parametrize("status", sorted(PATIENCE))
@pytest.mark.parametrize(
    ("retry_after_s", "rest_s"),
    [(300, 300), (61, 61), (RETRY_AFTER_S_MAX, RETRY_AFTER_S_MAX), (RETRY_AFTER_S_MAX + 1, RETRY_AFTER_S_MAX)],
)
def test_a_receiver_may_ask_for_an_hours_patience(status: int, retry_after_s: float, rest_s: float) -> None:
    until = NOON + seconds(rest_s)
    assert verdict(status=status, retry_after_s=retry_after_s) == Verdict(due_at=until, rest_until=until)


@pytest.mark.parametrize("status", sorted(PATIENCE))
def test_asking_for_less_patience_than_the_schedule_has_brings_no_earlier_attempt(status: int) -> None:
    assert verdict(status=status, retry_after_s=5) == Verdict(due_at=NOON + seconds(60), rest_until=NOON + seconds(5))


@pytest.mark.parametrize("status", [None, 200, 301, 400, 500, 502])
def test_other_answers_may_not_ask_for_patience(status: int | None) -> None:
    assert verdict(status=status, retry_after_s=300) == Verdict(due_at=NOON + seconds(60))


@pytest.mark.parametrize("retry_after_s", [None, 0])
def test_no_patience_is_asked_for_with_nothing(retry_after_s: float | None) -> None:
    assert verdict(status=429, retry_after_s=retry_after_s) == Verdict(due_at=NOON + seconds(60))


@given(
    tries=st.integers(1, 20),
    since_s=st.integers(0, 10**6),
    status=STATUSES,
    retry_after_s=st.none() | st.floats(0, 10**9),
)
def test_a_failure_leads_to_one_more_attempt_in_bounds_or_to_the_end(
    tries: int, since_s: int, status: int | None, retry_after_s: float | None
) -> None:
    found = verdict(tries=tries, since_s=since_s, status=status, retry_after_s=retry_after_s)
    assert (found.due_at is None) is (found.disable is not None)
    assert (found.disable is not None) is (status == GONE or tries > len(RETRIES_S))
    if found.due_at is not None:
        assert seconds(SOONEST_S) <= found.due_at - NOON <= seconds(RETRIES_S[-1])
        assert found.rest_until is None or NOON <= found.rest_until <= found.due_at


@pytest.mark.parametrize(
    ("before", "age", "expected"),
    [
        (None, None, ["new"]),
        (None, timedelta(0), ["new"]),
        ("old", None, ["new"]),
        ("old", timedelta(0), ["new", "old"]),
        ("old", SECRET_OVERLAP, ["new", "old"]),
        ("old", SECRET_OVERLAP + TICK, ["new"]),
    ],
)
def test_the_secret_before_signs_along_for_a_day(
    before: str | None, age: timedelta | None, expected: list[str]
) -> None:
    since = None if age is None else NOON - age
    assert secrets_in_force("new", before, since, NOON) == expected
