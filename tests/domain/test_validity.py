from datetime import UTC, datetime
from typing import Any

import pytest

from largesse.domain.errors import InvalidPayload, InvalidVoucher
from largesse.domain.validity import check_dates, check_duration, check_hours, check_timeframe, check_validity

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["P24D", "P1000Y", "PT48H", "P1Y2M3W4DT5H6M7S", "PT1H"])
def test_iso_8601_durations_are_accepted(text: str) -> None:
    assert check_duration(text, ".x") == text


NO_DURATIONS = [
    "", "P", "PT", "P0D", "24D", "P-1D", "P1.5D", "P1H", "p1d", "P1D ", "P999999D",
    "P1001Y", "PT99999999H", "٣",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidPayload, match=r"Property \.x must be an ISO 8601 duration"):
        check_duration(text, ".x")


def test_an_end_before_the_start_is_refused() -> None:
    check_dates(EARLY, EARLY)
    check_dates(None, EARLY)
    with pytest.raises(InvalidVoucher):
        check_dates(LATE, EARLY)


def test_a_timeframe_needs_a_start() -> None:
    check_timeframe({"interval": "P2D", "duration": "PT1H"}, EARLY)
    with pytest.raises(InvalidVoucher, match="start_date"):
        check_timeframe({"interval": "P2D", "duration": "PT1H"}, None)


def window(start: str, end: str, *days: int) -> dict[str, Any]:
    return {"start_time": start, "expiration_time": end, "days_of_week": list(days)}


@pytest.mark.parametrize(
    "windows",
    [
        [window("12:00", "14:00", 1)],
        [window("12:00", "14:00", 1), window("14:00", "15:00", 1)],
        [window("12:00", "14:00", 1), window("12:00", "14:00", 2)],
    ],
)
def test_windows_side_by_side_are_accepted(windows: list[dict[str, Any]]) -> None:
    check_hours({"daily": windows})


@pytest.mark.parametrize(
    "windows",
    [
        [window("12:00", "14:00", 1), window("13:59", "15:00", 2, 1)],
        [
            {"start_time": "12:00", "expiration_time": "14:00"},
            window("13:00", "15:00", 6),
        ],
        [window("14:00", "14:00", 1)],
        [window("23:00", "01:00", 1)],
        [window("24:00", "25:00", 1)],
        [window("1:00", "02:00", 1)],
        [window("12:00", "14:00", 7)],
        [{"expiration_time": "14:00"}],
    ],
)
def test_windows_that_overlap_or_run_backwards_are_refused(windows: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidPayload, match=r"\.validity_hours"):
        check_hours({"daily": windows})


def test_hours_stand_alone() -> None:
    with pytest.raises(InvalidVoucher, match="cannot be combined"):
        check_validity(start=None, end=None, timeframe=None, days=[1], hours={"daily": [window("12:00", "14:00", 1)]})
