"""How values look to people: numbers, money, moments in the project's time zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

_WORDS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_SOON_S: Final = 45


def number(value: float | None) -> str:
    """1,234,567; nothing for None."""
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def money(hundredths: int | None) -> str:
    """12.50 of whatever the shop's currency is."""
    return "—" if hundredths is None else f"{hundredths / 100:,.2f}"


def percent(part: float, whole: float) -> str:
    if not whole:
        return "0 %"
    share = 100 * part / whole
    rounded = round(share)
    return f"{share:.1f} %" if rounded in (0, 100) and share != rounded else f"{rounded} %"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 code`, `1,200 codes`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def moment(value: datetime | None, zone: str) -> str:
    """2026-11-28 19:07:57 on the clocks of a time zone; nothing for None."""
    return "—" if value is None else f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def day(value: date | datetime | None, zone: str = "UTC") -> str:
    if value is None:
        return "—"
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(zone))
    return f"{value:%Y-%m-%d}"


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """`3 minutes ago`, `in 2 days`."""
    if value is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - value).total_seconds()
    if abs(seconds) < _SOON_S:
        return "just now"
    for word, size in _WORDS:
        if abs(seconds) >= size:
            count = round(abs(seconds) / size)
            return f"{plural(count, word)} ago" if seconds > 0 else f"in {plural(count, word)}"
    return "a minute ago" if seconds > 0 else "in a minute"


def span(value: timedelta | None) -> str:
    """`4 days`, `less than an hour`."""
    if value is None:
        return "—"
    for word, size in _WORDS[:2]:
        if value.total_seconds() >= size:
            return plural(int(value.total_seconds() // size), word)
    return "less than an hour"


def json_text(value: Any) -> str:
    """Indented, for people to read."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
