"""Filters of templates that are ours: `date`, in the project's time zone, and `money`."""

import re
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil import parser  # type: ignore[import-untyped]
from liquid.exceptions import FilterArgumentError
from liquid.filter import with_environment
from liquid.undefined import is_undefined
from markupsafe import Markup

ZONE: Final[ContextVar[tzinfo]] = ContextVar("zone", default=UTC)
DATE_CHARACTERS_MAX: Final = 64
"""Nothing longer is a date, and nothing longer is looked at."""
FORMAT_CHARACTERS_MAX: Final = 256
DIGITS_MAX: Final = 30
_EXPONENT_MAX: Final = 20
_DAY_CHARACTERS: Final = 10
_UNIX: Final = re.compile(r"\d{5,15}", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d+", re.ASCII)
_HUNDREDTHS: Final = Decimal("0.01")


def zone_of(name: str | None) -> tzinfo:
    """UTC for what this machine doesn't know."""
    try:
        return UTC if name is None else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def local_text(text: str | None, zone: tzinfo) -> str | None:
    """A moment of ours, `2030-01-01T00:00:00Z`, as it is called there; anything else as it is."""
    if not text or len(text) <= _DAY_CHARACTERS:
        return text
    try:
        moment = datetime.fromisoformat(text)
        return text if moment.tzinfo is None else moment.astimezone(zone).isoformat()
    except (ValueError, OverflowError):
        return text


@with_environment
def date(value: Any, format: Any = None, *, environment: Any) -> Any:
    """A moment, or a day, in the words of strftime. What is empty stays empty, and what is no date as it is."""
    if _is_nothing(value):
        return ""
    if _is_nothing(format):
        return str(value)
    words = format if isinstance(format, str) else str(format)
    if len(words) > FORMAT_CHARACTERS_MAX:
        raise FilterArgumentError(f"date: a format has up to {FORMAT_CHARACTERS_MAX} characters", token=None)
    moment = _moment(value)
    if moment is None:
        return str(value) if not isinstance(value, str) else value
    try:
        shown = moment.strftime(str(words))
    except (ValueError, UnicodeError) as error:
        raise FilterArgumentError(f"date: {error}", token=None) from error
    return Markup(shown) if environment.autoescape and isinstance(words, Markup) else shown  # noqa: S704 - from the template


def _is_nothing(value: Any) -> bool:
    return (
        value is None
        or is_undefined(value)
        or (isinstance(value, str | list | tuple | dict) and not value)
        or (isinstance(value, str) and not value.strip())
    )


def _moment(value: Any) -> datetime | None:
    """In the project's zone; a day, and a time without a zone, are meant there."""
    zone = ZONE.get()
    try:
        if isinstance(value, str) and value in ("now", "today"):
            return datetime.now(zone)
        if isinstance(value, datetime):
            return _in_zone(value, zone)
        if isinstance(value, str) and not _UNIX.fullmatch(value):
            return _in_zone(parser.parse(str(value)), zone) if len(value) <= DATE_CHARACTERS_MAX else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), zone)
    except (ValueError, OverflowError, OSError, TypeError):
        pass
    return None


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def money(value: Any) -> Any:
    """With two decimals. Whole numbers are hundredths, as all amounts of ours are: 1250 is 12.50; a number with a point
    is an amount already. What is empty stays empty, and what is no number as it is.
    """
    if _is_nothing(value):
        return ""
    number = _amount(value)
    return value if number is None else str(number.quantize(_HUNDREDTHS, ROUND_HALF_UP))


def _amount(value: Any) -> Decimal | None:
    """In the currency's unit."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and value.bit_length() > DIGITS_MAX * 3:
        return None
    text = str(value).strip()
    try:
        number = Decimal(text) if len(text) <= DIGITS_MAX else None
    except InvalidOperation:
        return None
    if number is None or not number.is_finite() or abs(number.adjusted()) > _EXPONENT_MAX:
        return None
    return number.scaleb(-2) if _WHOLE.fullmatch(text) else number
