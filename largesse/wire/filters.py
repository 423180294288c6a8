"""`filters` of a query string, in every encoding that clients send (docs/semantics/list.md).

`filters[field][conditions][operator][index]=value`: with and without index, with `filters` bracketed too, without the
word `conditions`, the same key again and again; an object as JSON instead of any of the brackets; a list as JSON or as
Python writes it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from largesse.domain.errors import InvalidPayload, InvalidQueryParams, QueryTooLarge
from largesse.domain.filters import (
    CONDITIONS_MAX,
    COST_MAX,
    COUNTS,
    DAYS_AGO,
    DAYS_MAX,
    IN,
    IN_DAYS,
    IS,
    IS_NOT,
    ITEMS_MAX,
    LISTS,
    METADATA,
    NOT_IN,
    PARTIAL,
    SYNONYMS,
    VALUELESS,
    VALUES_MAX,
    Condition,
    Field,
    Fields,
    Filter,
    Kind,
    Value,
)
from largesse.wire.dates import Date, DateTime
from largesse.wire.faults import Fault, Faults, printable
from largesse.wire.lists import Query

FAULTS_MAX: Final = 20
_NAME: Final = re.compile(r"(?:filters|\[filters\])((?:\[[^\[\]]*\])*)", re.DOTALL)
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\]")
_CONDITIONS: Final = "conditions"
_JUNCTION: Final = "junction"
_FORMS: Final = "filters[field][conditions][operator] or filters[field][conditions][operator][index]"
_FORMS_IN_BODY: Final = '{"field": {"conditions": {"operator": ["value"]}}}'
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{1,30})?)", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,6}", re.ASCII)
_ITEM: Final = re.compile(
    r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([+-]?[\d.]+|True|False))\s*(?:,|$)""", re.DOTALL | re.ASCII
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_EMPTY: Final = frozenset({"", "true", "{}", "1"})
"""What clients send for an operator that has no value."""


class _TooManyFaults(Exception):
    """Nobody reads more."""


def read_filter(query: Query, fields: Fields) -> Filter | None:
    """The filter of a query; None when it has none. Faults are written down in `query`.

    Raises QueryTooLarge for too many conditions or values, InvalidQueryParams for those that would cost too much.
    """
    # An operator may have no value; anything else is as good as absent then.
    given = [(name, text) for name, text in query.pairs if text or "$" in name or "[conditions]" in name]
    named = [(match, text) for name, text in given if (match := _NAME.match(name))]
    if not named:
        return None
    reader = _Reader(query.fault, fields)
    try:
        for match, text in named:
            whole = match.end() == len(match.string)
            reader.take(_BRACKETED.findall(match[1]) if whole else None, text, match.string)
        wanted = reader.filter()
    except _TooManyFaults:
        return None
    query.cost = 0 if wanted is None else wanted.cost
    if query.cost > COST_MAX:
        raise InvalidQueryParams(
            f"These filters have {query.cost} conditions that look at every entry; a list takes {COST_MAX} at most."
            " Leave some away, or use an export (POST /v1/exports)"
        )
    return wanted


def parse_filter(value: dict[str, Any], fields: Fields, *, name: str = "filter") -> Filter | None:
    """The filter that an object in a body stands for; None when it has no conditions.

    Raises InvalidPayload with every fault.
    """
    faults = Faults()
    reader = _Reader(lambda place, text: faults.add((None, place), text), fields, name)
    wanted = None
    try:
        reader.take_object(value)
        wanted = reader.filter()
    except _TooManyFaults:
        pass
    except QueryTooLarge as error:
        raise InvalidPayload(error.details) from error
    if faults:
        raise InvalidPayload(str(faults))
    return wanted


class _Reader:
    """Collects what was sent, whatever its encoding, as texts by field and operator; then makes conditions of it."""

    def __init__(self, fault: Callable[[str, str], None], fields: Fields, name: str = "filters") -> None:
        self._write_down = fault
        self._fields = fields
        self._name = name
        self._forms = _FORMS if name == "filters" else _FORMS_IN_BODY
        self._faults = 0
        self._count = 0
        self._any_of = False
        self._sent: dict[tuple[str, str], list[str]] = {}  # by field and operator, in the order of their first value
        self._unindexed: set[tuple[str, str]] = set()

    def take(self, path: list[str] | None, text: str, name: str) -> None:
        """One pair of the query string. `path` is what stands in brackets behind `filters`."""
        if path is None:
            self._fault("", f"must be written {self._forms}, not {printable(name)}")
        elif path == [_JUNCTION]:
            self._take_junction(text)
        elif len(path) >= 2 and path[1] != _CONDITIONS:  # noqa: PLR2004
            self._take_value(path[0], path[1], path[2:], text)
        elif len(path) >= 3:  # noqa: PLR2004
            self._take_value(path[0], path[2], path[3:], text)
        else:
            self._take_json(path, text)

    def _take_value(self, field: str, operator: str, index: list[str], text: str) -> None:
        if len(index) > 1 or (index and index[0] and not index[0].isdigit()):
            self._fault(field, f"must be written {self._forms}")
            return
        if not index:
            self._unindexed.add((field, operator))
        self._add(field, operator, text)

    def _add(self, field: str, operator: str, text: str) -> None:
        self._count += 1
        if self._count > VALUES_MAX:
            raise QueryTooLarge(f"The parameter '{self._name}' must not have more than {VALUES_MAX} values")
        self._sent.setdefault((field, operator), []).append(text)

    def _take_junction(self, value: Any) -> None:
        word = value.lower() if isinstance(value, str) else None
        if word not in {"and", "or"}:
            self._fault(_JUNCTION, "must be equal to one of the allowed values [and, or]")
        self._any_of = word == "or"

    def _take_json(self, path: list[str], text: str) -> None:
        """`filters={…}`, `filters[field]={…}` or `filters[field][conditions]={…}`."""
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            value = None
        if not isinstance(value, dict):
            self._fault(".".join(path), f"must be an object in JSON, or be written {self._forms}")
        elif not path:
            self.take_object(value)
        elif len(path) == 1:
            self._take_field(path[0], value)
        else:
            self._take_conditions(path[0], value)

    def take_object(self, filters: dict[str, Any]) -> None:
        for field, value in filters.items():
            if field == _JUNCTION:
                self._take_junction(value)
            elif isinstance(value, dict):
                self._take_field(field, value)
            else:
                self._fault(field, "must be object")

    def _take_field(self, field: str, value: dict[str, Any]) -> None:
        conditions = value.get(_CONDITIONS, value)
        if isinstance(conditions, dict):
            self._take_conditions(field, conditions)
        else:
            self._fault(field, "must have an object of conditions")

    def _take_conditions(self, field: str, conditions: dict[str, Any]) -> None:
        for operator, value in conditions.items():
            key = (field, operator)
            if isinstance(value, list) and not value:
                self._sent.setdefault(key, [])
            for item in value if isinstance(value, list) else [value]:
                text = _text(item)
                if text is None:
                    self._fault(f"{field}.{operator}", "must be string, number or boolean")
                else:
                    self._add(field, operator, text)

    def filter(self) -> Filter | None:
        """What was collected. None when nothing was, or when it has faults: these are written down."""
        conditions: list[Condition] = []
        for (name, operator), texts in self._sent.items():
            conditions += self._conditions(name, operator, texts)
            if len(conditions) > CONDITIONS_MAX:
                raise QueryTooLarge(f"The parameter '{self._name}' must not have more than {CONDITIONS_MAX} conditions")
        if self._faults or not conditions:
            return None
        return Filter(tuple(conditions), any_of=self._any_of)

    def _conditions(self, name: str, operator: str, texts: list[str]) -> list[Condition]:
        family, _, key = name.partition(".")
        if family != METADATA or not key:
            family, key = name, ""
        field = self._fields.get(family) if key or family != METADATA else None
        if field is None:
            known = ", ".join(f"{METADATA}.<key>" if known == METADATA else known for known in self._fields)
            self._fault(name, f"is not a field of this list: use {self._forms} with one of the fields [{known}]")
            return []
        if operator not in field.operators:
            operators = ", ".join(field.operators)
            self._fault(
                f"{name}.{operator}", f"is not a condition of this field: use {self._forms} with one of [{operators}]"
            )
            return []
        if (name, operator) in self._unindexed and len(texts) == 1 and _takes_list(field, operator):
            texts = _list(texts[0])
            self._count += len(texts)
            if self._count > VALUES_MAX:
                raise QueryTooLarge(f"The parameter '{self._name}' must not have more than {VALUES_MAX} values")
        return self._read(family, key or None, field, operator, texts)

    def _read(self, family: str, key: str | None, field: Field, operator: str, texts: list[str]) -> list[Condition]:
        if operator in field.states:
            if any(text.lower() not in _EMPTY for text in texts):
                self._fault(f"{family}.{operator}", "has no value: it must be empty or true")
            return [Condition(family, operator)]
        if operator in VALUELESS:
            return [Condition(family, operator, (), key)]
        if not texts and operator not in LISTS:
            self._fault(f"{family}.{operator}", "must have a value")
        read: list[tuple[str, tuple[Value, ...]]] = []
        for text in texts:
            try:
                read.append(_value(field, operator, text))
            except Fault as fault:
                self._fault(f"{family}.{key}.{operator}" if key else f"{family}.{operator}", str(fault))
        if operator in LISTS:
            values = tuple(value for _, several in read for value in several)
            return [Condition(family, operator, values, key)]
        return [Condition(family, operator, values, key) for operator, values in read]

    def _fault(self, place: str, text: str) -> None:
        self._write_down(f"{self._name}.{place}" if place else self._name, text)
        self._faults += 1
        if self._faults == FAULTS_MAX:
            raise _TooManyFaults


def _takes_list(field: Field, operator: str) -> bool:
    return operator in LISTS or field.kind is Kind.NUMBER


def _text(value: Any) -> str | None:
    """A value out of JSON as it would stand in a query string; None for what can't."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return msgspec.json.encode(value).decode()
    return "{}" if value == {} else None


def _list(text: str) -> list[str]:
    """The items of a list in JSON or as Python writes it; anything else is one item."""
    if not (text.startswith("[") and text.endswith("]")):
        return [text]
    try:
        items = [_text(item) for item in msgspec.json.decode(text, type=list[Any])]
        return [text] if None in items else [item for item in items if item is not None]
    except (msgspec.DecodeError, RecursionError):
        return _python_list(text)


def _python_list(text: str) -> list[str]:
    items, at, inner = [], 0, text[1:-1].strip()
    while at < len(inner):
        match = _ITEM.match(inner, at)
        if match is None:
            return [text]
        single, double, bare = match.groups()
        quoted = double if single is None else single
        items.append(bare if quoted is None else _ESCAPE.sub(_unescape, quoted))
        at = match.end()
    return items


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    if digits is None:
        return _LETTERS.get(match[4], match[4])
    number = int(digits, 16)
    return chr(number) if number <= 0x10FFFF else match[0]  # noqa: PLR2004


def _value(field: Field, operator: str, text: str) -> tuple[str, tuple[Value, ...]]:
    """The operator that is meant and what it compares with. Raises Fault."""
    if "\x00" in text or (not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise Fault("must not contain NUL or half characters")
    if operator in PARTIAL:
        return operator, (text,)
    if operator in _WHOLE_NUMBERS:
        return operator, (_whole(text, operator),)
    if field.kind is Kind.METADATA and operator in SYNONYMS:
        return operator, (_date_time(text),)
    if field.kind in {Kind.DATE_TIME, Kind.DATE}:
        if operator in DAYS_AGO and _WHOLE.fullmatch(text):
            return DAYS_AGO[operator], (_whole(text, DAYS_AGO[operator]),)
        operator = SYNONYMS.get(operator, operator)
    if operator in {IS, IS_NOT, IN, NOT_IN} and text in field.words:
        return operator, field.words[text]
    return operator, (_READERS[field.kind](text),)


_WHOLE_NUMBERS: Final = {
    **dict.fromkeys(IN_DAYS, ("a number of days", DAYS_MAX)),
    **dict.fromkeys(COUNTS, ("a number of items", ITEMS_MAX)),
}


def _whole(text: str, operator: str) -> int:
    what, maximum = _WHOLE_NUMBERS[operator]
    if not _WHOLE.fullmatch(text) or int(text) > maximum:
        raise Fault(f"must be {what} from 0 to {maximum}")
    return int(text)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise Fault("must be boolean")
    return text.lower() == "true"


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise Fault("must be number")
    return Decimal(text)


def _date_time(text: str) -> datetime:
    return DateTime.parse(text.replace(" ", "T", 1))  # as Python writes it


def _date(text: str) -> date:
    return Date.parse(text[:10] if "T" in text or " " in text else text)


def _same(text: str) -> str:
    return text


_READERS: Final[Mapping[Kind, Callable[[str], Value]]] = {
    Kind.TEXT: _same,
    Kind.CODE: _same,
    Kind.METADATA: _same,
    Kind.BOOLEAN: _boolean,
    Kind.NUMBER: _number,
    Kind.DATE_TIME: _date_time,
    Kind.DATE: _date,
}


def filter_schema(fields: Fields) -> dict[str, dict[str, Any]]:
    """The parameter for /openapi.json: an object in brackets."""
    properties = {name: _field_schema(field) for name, field in fields.items() if name != METADATA}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {_JUNCTION: {"type": "string", "enum": ["and", "or"]}, **properties},
    }
    if METADATA in fields:
        schema["patternProperties"] = {rf"^{METADATA}\..+$": _field_schema(fields[METADATA])}
    return {"filters": schema}


def _field_schema(field: Field) -> dict[str, Any]:
    several = {"type": "array", "items": {"type": "string"}}
    conditions = {operator: several if operator in LISTS else {"type": "string"} for operator in field.operators}
    return {"type": "object", "properties": {_CONDITIONS: {"type": "object", "properties": conditions}}}
