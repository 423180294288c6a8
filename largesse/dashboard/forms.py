"""What a form sent: its fields, and what is wrong with each of them, to be shown beside it.

The rules are those of the API. A form builds the same body, and what is said of a property of that body is put beside
the field that it came from.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

from largesse.dashboard.numbers import Unreadable, read_number
from largesse.domain.errors import InvalidPayload, LargesseError
from largesse.wire.multipart import parse_multipart

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FIELDS_MAX: Final = 500
SERVERS_FAULT: Final = 500

# The API's sentences, said to a person who sees the field.
_PROPERTY: Final = re.compile(
    r"(?:Property|Payload|Query) \.?(?P<path>[\w.\[\]$-]*) (?P<says>must .*|cannot .*|has .*)"
)
_REQUIRED: Final = re.compile(
    r"(?:Payload|Property \.\S+|\S+) (?:must|should) have required property '(?P<name>[^']+)'"
)
_INDEX: Final = re.compile(r"\[(\d+)\]")
_PLAIN: Final = (
    (re.compile(r"^must be >= (.+)$"), r"Must be at least \1."),
    (re.compile(r"^must be <= (.+)$"), r"Must be at most \1."),
    (re.compile(r"^must be > (.+)$"), r"Must be more than \1."),
    (re.compile(r"^must be integer.*$"), "Must be a whole number."),
    (re.compile(r"^must be number.*$"), "Must be a number."),
    (re.compile(r"^cannot be recognized as a ISO-8601.*$"), "Must be a date, like 2030-12-31."),
)


class Form:
    """Texts come stripped of surrounding space, with the line ends of this system."""

    def __init__(self, fields: list[tuple[str, str]] | None = None, files: Mapping[str, bytes] | None = None) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, text in fields or []:
            self._fields.setdefault(name, []).append(text.replace("\r\n", "\n").strip())
        self.files = files or {}
        self.errors: dict[str, str] = {}
        self.problems: list[str] = []

    @classmethod
    def of(cls, **values: Any) -> "Form":
        """An untouched form: what its fields hold at first. None and False: nothing."""
        return cls([(name, "on" if v is True else str(v)) for name, v in values.items() if v not in (None, False)])

    @classmethod
    def parse(cls, body: bytes, content_type: str) -> "Form":
        """Raises InvalidPayload for what no browser sends."""
        if content_type.partition(";")[0].strip().lower() == MULTIPART:
            parts = parse_multipart(body, content_type)
            files = {name: part for name, part in parts.items() if name.startswith("file")}
            rest = [(name, part) for name, part in parts.items() if name not in files]
            try:
                return cls([(name, _without_nul(part.decode())) for name, part in rest], files)
            except UnicodeDecodeError as error:
                raise InvalidPayload("The form must be UTF-8") from error
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
        except ValueError as error:
            raise InvalidPayload("The form can't be read") from error
        return cls([(name, _without_nul(text)) for name, text in pairs])

    def text(self, name: str) -> str:
        """The field, or "" when it isn't there."""
        return self._fields.get(name, [""])[-1]

    def all(self, name: str) -> list[str]:
        """Of a field that may stand there several times."""
        return [text for text in self._fields.get(name, []) if text]

    def given(self, name: str) -> str | None:
        """The field; None for an empty one, which in a form is one that nobody filled in."""
        return self.text(name) or None

    def checked(self, name: str) -> bool:
        return bool(self.text(name))

    def number(self, name: str) -> float | None:
        """None when it is empty; what isn't a number, or could be two, is a fault."""
        number = self._decimal(name, decimals_max=9)
        return None if number is None else float(number)

    def money(self, name: str) -> int | None:
        """In hundredths, exactly; None when it is empty. What isn't an amount, or could be two, is a fault."""
        amount = self._decimal(name, decimals_max=2)
        return None if amount is None else int(amount * 100)

    def _decimal(self, name: str, *, decimals_max: int) -> Decimal | None:
        if not (text := self.text(name)):
            return None
        try:
            return read_number(text, decimals_max=decimals_max)
        except Unreadable as error:
            self.fault(name, str(error))
            return None

    def integer(self, name: str) -> int | None:
        """None when it is empty; what isn't a whole number is a fault."""
        if not (text := self.text(name)):
            return None
        if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
            self.fault(name, "Must be a whole number, in digits alone.")
            return None
        return int(text)

    def fault(self, name: str, says: str) -> None:
        """The first that is said of a field stays."""
        self.errors.setdefault(name, says)

    def confirms(self, name: str) -> bool:
        """Whether somebody has typed `name` to say that it is this one that he means; else it is a fault. The number of
        spaces doesn't matter: a page doesn't show it.
        """
        if self.text("name").split() == name.split():
            return True
        self.fault("name", f"Type it as it is written: {name}")
        return False

    @property
    def is_refused(self) -> bool:
        return bool(self.errors or self.problems)

    @contextmanager
    def refusing(self, fields: Mapping[str, str] | None = None) -> Iterator[None]:
        """What the block raises stands in the form afterwards: whoever gets behind it shows the form again."""
        try:
            yield
        except LargesseError as error:
            if error.status >= SERVERS_FAULT:
                raise
            self.refuse(error, fields)

    def refuse(self, error: LargesseError, fields: Mapping[str, str] | None = None) -> None:
        """Put what an action said beside the fields. `fields`: the property's path in the body to the field's name;
        a property that isn't there has a field of its own name. What belongs to none stands above the form.
        """
        for sentence in (error.details or error.message).split("; "):
            path, says = _read(sentence)
            name = (fields or {}).get(path, path.rpartition(".")[2])
            if path and (name in self._fields or name in (fields or {}).values()):
                self.fault(name, says)
            else:
                self.problems.append(sentence.rstrip(".") + ".")


def plain(sentence: str) -> str:
    """What the API says of a property, for people: `birthdate: Must be a date, like 2030-12-31.`"""
    read = [_read(one) for one in sentence.split("; ")]
    return " ".join(f"{path.rpartition('.')[2].replace('_', ' ')}: {says}" if path else says for path, says in read)


def _read(sentence: str) -> tuple[str, str]:
    if match := _REQUIRED.fullmatch(sentence):
        return match["name"], "Is needed."
    match = _PROPERTY.fullmatch(sentence)
    if match is None:
        return "", sentence
    says = match["says"]
    for pattern, words in _PLAIN:
        if pattern.search(says):
            return _path(match["path"]), pattern.sub(words, says)
    return _path(match["path"]), says[:1].upper() + says[1:] + "."


def _path(text: str) -> str:
    return _INDEX.sub("", text.strip("."))


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise InvalidPayload("The form must not contain NUL characters")
    return text
