"""What follows from what came of a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.actions.courier import ACCEPTED, REFUSED, UNKNOWN, UNREACHED, Delivery
from largesse.actions.distribution_sending import (
    AWAY,
    GONE,
    LOST,
    PAUSING,
    REASON_LENGTH_MAX,
    RETRY_S,
    RETRY_S_MAX,
    TRIES_MAX,
    USED_UP,
    _outcome,
)
from largesse.domain.distributions import EMAIL, MESSAGE_STATES, SMS, WEBHOOK, Message
from largesse.domain.webhooks import RETRIES_S, RETRY_AFTER_S_MAX
from largesse.store.distribution_messages import Outcome
from tests.domain.moments import NOON

RESULTS = (ACCEPTED, REFUSED, UNREACHED, UNKNOWN)


def message(channel: str = EMAIL, *, tries: int = 1, reason: str | None = None) -> Message:
    return Message(
        id="msg_1", distribution_id="dst_1", customer_id="cust_1", channel=channel, state="sending", tries=tries,
        reason=reason, due_at=NOON, created_at=NOON,
    )  # fmt: skip


def held(reason: str, wait_s: float) -> Outcome:
    return Outcome("msg_1", "held", reason, None, wait_s)


@pytest.mark.parametrize("channel", [EMAIL, SMS, WEBHOOK])
@pytest.mark.parametrize("tries", [1, TRIES_MAX, 50])
def test_what_was_accepted_is_accepted_whatever_came_before(channel: str, tries: int) -> None:
    outcome = _outcome(message(channel, tries=tries, reason=LOST), Delivery(ACCEPTED, "250 ok"))
    assert outcome == Outcome("msg_1", "accepted", None, "250 ok")


@pytest.mark.parametrize("channel", [EMAIL, SMS])
@pytest.mark.parametrize("tries", [1, TRIES_MAX])
def test_a_mail_whose_fate_nobody_knows_is_never_sent_again(channel: str, tries: int) -> None:
    assert _outcome(message(channel, tries=tries), Delivery(UNKNOWN)) == Outcome("msg_1", "unknown", UNKNOWN, None)


@pytest.mark.parametrize("channel", [EMAIL, SMS])
def test_a_refusal_for_good_fails_at_once(channel: str) -> None:
    assert _outcome(message(channel), Delivery(REFUSED, "550 no")) == Outcome("msg_1", "failed", REFUSED, "550 no")


@pytest.mark.parametrize(("tries", "wait_s"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480)])
def test_a_refusal_for_now_waits_twice_as_long_each_time(tries: int, wait_s: float) -> None:
    assert _outcome(message(tries=tries), Delivery(REFUSED, again=True)) == held(REFUSED, wait_s)


def test_after_the_last_try_a_refusal_for_now_is_one_for_good() -> None:
    outcome = _outcome(message(tries=TRIES_MAX), Delivery(REFUSED, again=True))
    assert outcome == Outcome("msg_1", "failed", REFUSED, None)


@pytest.mark.parametrize(("asked_s", "wait_s"), [(5.0, 5.0), (90.0, 90.0), (10**9, RETRY_S_MAX), (0.0, RETRY_S)])
def test_a_server_may_say_how_long_to_wait_for_half_an_hour_at_most(asked_s: float, wait_s: float) -> None:
    outcome = _outcome(message(), Delivery(REFUSED, again=True, retry_after_s=asked_s))
    assert outcome == held(REFUSED, wait_s)


@pytest.mark.parametrize(
    ("tries", "reason"), [(1, UNREACHED), (TRIES_MAX - 1, UNREACHED), (TRIES_MAX, AWAY), (60, AWAY)]
)
def test_a_server_that_is_away_fails_nobody_and_in_the_end_pauses_the_distribution(tries: int, reason: str) -> None:
    outcome = _outcome(message(tries=tries), Delivery(UNREACHED))
    assert (outcome.state, outcome.reason) == ("held", reason)
    assert (reason in PAUSING) == (tries >= TRIES_MAX)


@pytest.mark.parametrize("result", [REFUSED, UNREACHED, UNKNOWN])
@pytest.mark.parametrize("tries", range(1, len(RETRIES_S) + 1))
def test_a_webhook_is_tried_again_by_its_schedule_whatever_went_wrong(result: str, tries: int) -> None:
    before = [0, *RETRIES_S][tries - 1]
    assert _outcome(message(WEBHOOK, tries=tries), Delivery(result)) == held(result, RETRIES_S[tries - 1] - before)


@pytest.mark.parametrize(("asked_s", "wait_s"), [(30, 60), (600, 600), (10**9, RETRY_AFTER_S_MAX)])
def test_a_webhooks_receiver_may_ask_for_more_patience_and_not_for_less(asked_s: float, wait_s: float) -> None:
    outcome = _outcome(message(WEBHOOK), Delivery(REFUSED, retry_after_s=asked_s))
    assert outcome == held(REFUSED, wait_s)


@pytest.mark.parametrize(
    ("result", "before", "state"),
    [
        (REFUSED, None, "failed"),
        (UNREACHED, REFUSED, "failed"),
        (UNKNOWN, None, "unknown"),
        (REFUSED, UNKNOWN, "unknown"),  # an earlier try may have arrived
        (REFUSED, LOST, "unknown"),
    ],
)
def test_after_all_tries_a_webhook_failed_unless_one_of_them_may_have_arrived(
    result: str, before: str | None, state: str
) -> None:
    outcome = _outcome(message(WEBHOOK, tries=len(RETRIES_S) + 1, reason=before), Delivery(result))
    assert outcome == Outcome("msg_1", state, USED_UP, None)
    assert USED_UP in PAUSING


def test_that_a_try_may_have_arrived_is_remembered_from_try_to_try() -> None:
    first = _outcome(message(WEBHOOK, tries=1), Delivery(UNKNOWN))
    second = _outcome(message(WEBHOOK, tries=2, reason=first.reason), Delivery(REFUSED))
    assert second.reason == UNKNOWN


def test_a_receiver_that_is_gone_pauses_the_distribution() -> None:
    outcome = _outcome(message(WEBHOOK), Delivery(REFUSED, gone=True))
    assert (outcome.state, outcome.reason) == ("held", GONE)
    assert GONE in PAUSING


@given(
    channel=st.sampled_from([EMAIL, SMS, WEBHOOK]),
    tries=st.integers(1, 40),
    before=st.sampled_from([None, *RESULTS, LOST]),
    delivery=st.builds(
        Delivery, st.sampled_from(RESULTS), st.none() | st.text(max_size=1_000), st.booleans(),
        st.none() | st.floats(0, 10**9), st.booleans(),
    ),
)  # fmt: skip
def test_every_outcome_is_a_state_and_waits_only_when_it_goes_on(
    channel: str, tries: int, before: str | None, delivery: Delivery
) -> None:
    outcome = _outcome(message(channel, tries=tries, reason=before), delivery)
    assert outcome.state in MESSAGE_STATES
    assert outcome.state != "sending"
    assert outcome.receipt is None or len(outcome.receipt) <= REASON_LENGTH_MAX
    if outcome.state == "held":
        assert 0 < outcome.due_in_s <= max(RETRY_S_MAX, RETRY_AFTER_S_MAX, *RETRIES_S)
    else:
        assert not outcome.due_in_s
