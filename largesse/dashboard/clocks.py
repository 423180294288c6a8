"""Moments in forms: typed and shown on the clocks of the project's time zone."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from largesse.dashboard.forms import Form
from largesse.wire.dates import parse_date_time, render

_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def local_text(value: datetime | None, zone: str) -> str:
    """What `moment_of` reads back, to the second."""
    return "" if value is None else f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}"


def moment_of(form: Form, name: str, zone: str) -> str | None:
    """The contract's text of what the field says; None when it is empty. What isn't a moment is a fault."""
    if not (text := form.text(name)):
        return None
    try:
        moment = _local(text, _MOMENT, zone)
        trouble = _clock_trouble(text, moment, zone)
    except (ValueError, OverflowError):
        form.fault(name, "Must be a date and a time, like 2030-12-31 23:59.")
        return None
    if trouble:
        form.fault(name, trouble)
        return None
    return render(moment)


def day_of(form: Form, name: str, zone: str, *, after: int = 0) -> datetime | None:
    """The first moment of the day in the field, or of one so many days later."""
    if not (text := form.text(name)):
        return None
    try:
        first = _local(text, _DAY, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=after)
        return first.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        form.fault(name, "Must be a day, like 2030-12-31.")
        return None


def check_span(form: Form, start: str | None, end: str | None, name: str) -> None:
    """An end before its start is a fault of the field `name`. Both are the contract's texts."""
    if start and end and parse_date_time(end) < parse_date_time(start):
        form.fault(name, "Must not be before the beginning.")


def _clock_trouble(text: str, moment: datetime, zone: str) -> str:
    """What is said of a time that the clocks never show that day, or show twice. Raises ValueError, OverflowError."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        return "There is no such time that day: the clocks are put forward. Choose an earlier or later one."
    if local.replace(fold=1).utcoffset() != local.utcoffset():
        return "This time is there twice that day: the clocks are put back. Choose an earlier or later one."
    return ""


def _local(text: str, shape: "re.Pattern[str]", zone: str) -> datetime:
    """Raises ValueError, OverflowError."""
    if not shape.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if moment.year < 2:  # noqa: PLR2004  # dates begin with the second day of the first year
        raise ValueError(text)
    return moment
