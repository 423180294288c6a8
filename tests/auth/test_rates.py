import pytest

from largesse.auth import rates as rates_module
from largesse.auth.rates import BULK_API_CALLS, RateLimits


class Clock:
    now = 600.0

    def __call__(self) -> float:
        return self.now


def test_a_key_has_so_many_calls_a_minute() -> None:
    clock = Clock()
    rates = RateLimits(calls=2, clock=clock)
    clock.now = 645
    first, second, third = (rates.take("key") for _ in range(3))
    assert (first.limit, first.remaining, first.retry_at, first.exceeded) == (2, 1, 645, False)
    assert (second.remaining, second.retry_at, second.exceeded) == (0, 660, False)
    assert (third.remaining, third.retry_at, third.exceeded) == (0, 660, True)
    assert not rates.take("another key").exceeded
    clock.now = 660
    assert not rates.take("key").exceeded


def test_keys_do_not_count_each_others_calls() -> None:
    rates = RateLimits(calls=1, clock=Clock())
    assert [rates.take(key).exceeded for key in ("a", "b", "a", "b")] == [False, False, True, True]


def test_more_keys_than_anybody_has_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates_module, "_KEYS_MAX", 10)
    rates = RateLimits(clock=Clock())
    for number in range(100):
        rates.take(f"key-{number}")
    assert len(rates._counts) <= 10


def test_refused_calls_do_not_count() -> None:
    rates = RateLimits(calls=1, clock=Clock())
    assert [rates.take("key").exceeded for _ in range(3)] == [False, True, True]


def test_bulk_calls_have_a_bucket_of_their_own() -> None:
    rates = RateLimits(calls=1, bulk_calls=1, clock=Clock())
    assert not rates.take("key").exceeded
    assert not rates.take("key", BULK_API_CALLS).exceeded
    assert rates.take("key", BULK_API_CALLS).kind == BULK_API_CALLS


def test_a_process_has_its_share_and_at_least_one() -> None:
    assert RateLimits(calls=100, processes=4).take("key").limit == 25
    assert RateLimits(calls=1, processes=4).take("key").limit == 1
