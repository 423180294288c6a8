"""Numbers as people type them. Pages write 1,234.50; a decimal comma is understood where it can be nothing else."""

import re
from decimal import Decimal
from typing import Final

FORMAT: Final = "Must be a number. Write it like 1234.50."
_WORDS: Final = {2: "two", 9: "nine"}
_PLAIN: Final = re.compile(r"-?\d{1,15}(?:[.,](?P<decimals>\d{1,9}))?", re.ASCII)
_GROUPED: Final = re.compile(
    r"-?\d{1,3}(?:(?:,\d{3})+\.\d{1,9}|(?:,\d{3}){2,}|(?:\.\d{3})+,\d{1,9}|(?:\.\d{3}){2,})", re.ASCII
)
_TWO_WAYS: Final = re.compile(r"(?P<whole>-?[1-9]\d{0,2})[.,](?P<rest>\d{3})", re.ASCII)
_DIGITS_MAX: Final = 15


class Unreadable(ValueError):
    """What to say beside the field."""


def read_number(text: str, *, decimals_max: int = 9) -> Decimal:
    """Exactly what was typed. Raises Unreadable for what is none, can be read in two ways, or has too many decimals."""
    if match := _TWO_WAYS.fullmatch(text):
        whole, rest = match["whole"], match["rest"]
        many = decimals_max < len(rest)
        says = f"{text} can be read in two ways: write {whole}{rest}, or {whole}.{rest[:2] if many else rest + '0'}."
        raise Unreadable(f"{_too_many(decimals_max)} {says}" if many else says)
    if _PLAIN.fullmatch(text):
        number = Decimal(text.replace(",", "."))
    elif _GROUPED.fullmatch(text) and sum(map(str.isdigit, text)) <= _DIGITS_MAX:
        number = Decimal(_without_groups(text))
    else:
        raise Unreadable(FORMAT)
    if -int(number.as_tuple().exponent) > decimals_max:
        raise Unreadable(_too_many(decimals_max))
    return number


def _too_many(decimals_max: int) -> str:
    return f"Must have {_WORDS.get(decimals_max, decimals_max)} decimals at most."


def _without_groups(text: str) -> str:
    """The last mark parts the decimals, unless there is none but groups."""
    marks = [mark for mark in text if mark in ",."]
    if len(set(marks)) == 1:
        return text.replace(marks[0], "")
    return text.replace(marks[0], "").replace(marks[-1], ".")
