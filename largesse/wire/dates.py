"""Dates and date-times as the contract writes them (docs/semantics/wire.md)."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, ClassVar, Final, Self

from largesse.wire.faults import Fault

_DATE_TIME: Final = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:T(?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?"
    r"(?:(?P<utc>Z)|(?P<sign>[+-])(?P<zone_hours>\d{2}):?(?P<zone_minutes>\d{2}))?)?",
    re.ASCII,
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# The driver takes the very first moment for minus infinity and gives it back without a zone.
_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
_NOT_A_DATE: Final = "cannot be recognized as a ISO-8601 compliant date"


class DateTime(datetime):
    """A Struct field of this type takes every input format of the contract and holds a moment in UTC."""

    json_type: ClassVar[str] = "string"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "date-time"}

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Without a zone it is UTC; digits past the millisecond are dropped. Raises Fault."""
        match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise Fault(_NOT_A_DATE)
        try:
            moment = cls._of(match)
        except (ValueError, OverflowError) as error:  # the 30th of February, hour 25, year 10000 once in UTC
            raise Fault(_NOT_A_DATE) from error
        if moment < _EARLIEST:
            raise Fault(_NOT_A_DATE)
        return moment

    @classmethod
    def _of(cls, match: re.Match[str]) -> Self:
        day = date.fromisoformat(match["date"])
        millis = int((match["fraction"] or "")[:3].ljust(3, "0"))
        zone = UTC
        if match["sign"]:
            offset = timedelta(hours=int(match["zone_hours"]), minutes=int(match["zone_minutes"]))
            zone = timezone(offset if match["sign"] == "+" else -offset)
        hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
        moment = cls(day.year, day.month, day.day, hour, minute, second, millis * 1000, tzinfo=zone)
        return moment.astimezone(UTC)


class Date(date):
    """A Struct field of this type takes YYYY-MM-DD, a day that exists."""

    json_type: ClassVar[str] = "string"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "date"}

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Raises Fault."""
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise Fault(_NOT_A_DATE)
        try:
            return cls.fromisoformat(value)
        except ValueError as error:
            raise Fault(_NOT_A_DATE) from error


def parse_date_time(text: str) -> datetime:
    """See DateTime.parse. Raises Fault."""
    return DateTime.parse(text)


def parse_date(text: str) -> date:
    """See Date.parse. Raises Fault."""
    return Date.parse(text)


def render(moment: datetime) -> str:
    """YYYY-MM-DDTHH:MM:SS.mmmZ; `moment` must know its zone."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
