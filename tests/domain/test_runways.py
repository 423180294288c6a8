from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.campaigns import AUTO_UPDATE, STANDALONE, STATIC, Campaign
from largesse.domain.runways import COUNTED_MAX, RECENT, Burn, Runway, burn_of, low_words, runway_of

DAY = timedelta(days=1)
WEEK = Burn(codes=70, over=timedelta(days=7))


def campaign(type: str = STATIC, name: str = "Spring") -> Campaign:
    return Campaign(
        id="camp_1", name=name, campaign_type="DISCOUNT_COUPONS", type=type, voucher={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("publications", "oldest_age", "age", "over"),
    [
        (0, None, timedelta(0), DAY),
        (5, timedelta(minutes=1), timedelta(minutes=2), DAY),  # a new campaign isn't judged by its first minutes
        (5, timedelta(hours=3), DAY, DAY),
        (5, timedelta(hours=3), 3 * DAY, 3 * DAY),
        (5, timedelta(hours=3), 7 * DAY, 7 * DAY),
        (5, timedelta(hours=3), 400 * DAY, RECENT),
        (COUNTED_MAX - 1, timedelta(hours=1), 400 * DAY, RECENT),
        (COUNTED_MAX, timedelta(hours=1), 400 * DAY, timedelta(hours=1)),
        (COUNTED_MAX, timedelta(hours=1), timedelta(hours=2), timedelta(hours=1)),
        (COUNTED_MAX, timedelta(0), 400 * DAY, timedelta(seconds=1)),  # never over no time at all
        (COUNTED_MAX, None, 400 * DAY, RECENT),
    ],
)
def test_the_rate_is_that_of_the_last_seven_days_or_of_the_time_that_could_be_counted(
    publications: int, oldest_age: timedelta | None, age: timedelta, over: timedelta
) -> None:
    assert burn_of(9, publications, oldest_age, age) == Burn(codes=9, over=over)


@given(st.integers(0, 10**9), st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=7)))
def test_codes_a_day_are_those_of_the_time_stretched_to_a_day(codes: int, over: timedelta) -> None:
    assert Burn(codes=codes, over=over).per_day * over.total_seconds() == pytest.approx(codes * 86_400)


@pytest.mark.parametrize("type", [STATIC, STANDALONE])
@pytest.mark.parametrize(
    ("free", "burn", "days"),
    [
        (100, WEEK, 10.0),
        (5, WEEK, 0.5),
        (0, WEEK, 0.0),
        (100, Burn(codes=0, over=RECENT), None),
        (0, Burn(codes=0, over=RECENT), 0.0),  # empty is empty, whether anybody asks or not
    ],
)
def test_a_pool_lasts_as_many_days_as_its_codes_at_this_rate(
    type: str, free: int, burn: Burn, days: float | None
) -> None:
    assert runway_of(campaign(type), free, burn, None).days == days


@pytest.mark.parametrize("free", [0, 1, 100])
def test_a_campaign_that_makes_its_codes_has_no_end_and_is_never_low(free: int) -> None:
    runway = runway_of(campaign(AUTO_UPDATE), free, WEEK, 3_650)
    assert runway.days is None
    assert not runway.is_low
    assert runway.per_day == 10


@pytest.mark.parametrize(
    ("days", "below_days", "is_low"),
    [(2.9, 3, True), (3.0, 3, False), (0.0, 1, True), (0.0, None, False), (None, 3, False), (0.0, 0, False)],
)
def test_a_pool_is_low_when_it_ends_sooner_than_somebody_wants_to_know(
    days: float | None, below_days: int | None, is_low: bool
) -> None:
    assert Runway(free=1, per_day=1.0, days=days, below_days=below_days).is_low is is_low


def test_the_mail_names_the_campaign_and_how_long_it_lasts() -> None:
    subject, text = low_words(campaign(), runway_of(campaign(), 25, WEEK, 3))
    assert subject == "Spring: codes for 2.5 days"
    assert text == (
        "The campaign Spring (camp_1) has 25 codes left. 10.0 a day are published, so they will last 2.5 days."
        " You wanted to know below 3 days.\n"
    )


@given(st.text())
def test_a_name_adds_no_line_to_a_mails_head(name: str) -> None:
    subject, text = low_words(campaign(name=name), Runway(free=1, per_day=1.0, days=1.0, below_days=2))
    assert subject.isprintable()
    assert text.count("\n") == 1


def test_a_pool_without_an_end_has_words_too() -> None:
    assert low_words(campaign(), Runway(free=1, per_day=0.0, days=None))[0] == "Spring: codes for 0.0 days"
