"""When vouchers are valid: what may be set (docs/semantics/voucher.md)."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from largesse.domain.errors import InvalidPayload, InvalidVoucher

# PostgreSQL reads the same text.
_DURATION: Final = re.compile(
    r"P(?=.)(?:(\d{1,8})Y)?(?:(\d{1,8})M)?(?:(\d{1,8})W)?(?:(\d{1,8})D)?"
    r"(?:T(?=\d)(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,8})S)?)?",
    re.ASCII,
)
_DAYS_IN: Final = (366, 31, 7, 1, 1 / 24, 1 / 1_440, 1 / 86_400)
DURATION_DAYS_MAX: Final = 366_000
"""A thousand years: what begins today must end before the year 10000, where dates end."""
_CLOCK: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
WINDOWS_MAX: Final = 100
DAYS: Final = range(7)  # 0 is Sunday


def check_duration(text: str, path: str) -> str:
    """An ISO 8601 duration longer than nothing: `P24D`, `PT48H`. Raises InvalidPayload."""
    match = _DURATION.fullmatch(text)
    parts = match.groups(default="0") if match else ()
    days = sum(int(part) * length for part, length in zip(parts, _DAYS_IN, strict=False))
    if not 0 < days <= DURATION_DAYS_MAX:
        raise InvalidPayload(f"Property {path} must be an ISO 8601 duration longer than zero, at most 1000 years")
    return text


def check_dates(start: datetime | None, end: datetime | None) -> None:
    """Raises InvalidVoucher when the end comes before the start."""
    if start is not None and end is not None and end < start:
        raise InvalidVoucher("Property .expiration_date must not be before .start_date")


def check_timeframe(timeframe: dict[str, str] | None, start: datetime | None) -> None:
    """Raises InvalidPayload for a duration that isn't one, InvalidVoucher when it has no start to count from."""
    if timeframe is None:
        return
    for name in ("interval", "duration"):
        if name in timeframe:
            check_duration(timeframe[name], f".validity_timeframe.{name}")
    if start is None:
        raise InvalidVoucher("Property .start_date is required when .validity_timeframe is set")


def check_days(days: Sequence[int] | None, path: str = ".validity_day_of_week") -> None:
    """Raises InvalidPayload for anything but 0 (Sunday) to 6."""
    if days is not None and not all(day in DAYS for day in days):
        raise InvalidPayload(f"Property {path} must hold only 0 to 6")


def check_hours(hours: dict[str, Any] | None) -> None:
    """Windows in HH:mm, each ending after it starts, no two overlapping on one weekday. Raises InvalidPayload."""
    windows = (hours or {}).get("daily") or []
    if len(windows) > WINDOWS_MAX:
        raise InvalidPayload(f"Property .validity_hours.daily must not have more than {WINDOWS_MAX} items")
    by_day: dict[int, list[tuple[str, str]]] = {}
    for index, window in enumerate(windows):
        path = f".validity_hours.daily[{index}]"
        start, end = window.get("start_time"), window.get("expiration_time")
        for name, clock in (("start_time", start), ("expiration_time", end)):
            if clock is None or not _CLOCK.fullmatch(clock):
                raise InvalidPayload(f"Property {path}.{name} must be a time of day in the format HH:mm")
        if end <= start:
            raise InvalidPayload(f"Property {path}.expiration_time must be after .start_time")
        days = window.get("days_of_week")
        check_days(days, f"{path}.days_of_week")
        for day in DAYS if days is None else set(days):
            by_day.setdefault(day, []).append((start, end))
    for spans in by_day.values():
        spans.sort()
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            raise InvalidPayload("Property .validity_hours.daily must not hold overlapping periods")


def check_validity(
    *,
    start: datetime | None,
    end: datetime | None,
    timeframe: dict[str, str] | None,
    days: Sequence[int] | None,
    hours: dict[str, Any] | None,
) -> None:
    """All of the above, and: hours stand alone."""
    check_dates(start, end)
    check_timeframe(timeframe, start)
    check_days(days)
    check_hours(hours)
    if hours is not None and (timeframe is not None or days is not None):
        raise InvalidVoucher(
            "Property .validity_hours cannot be combined with .validity_timeframe or .validity_day_of_week"
        )
