"""Renders a filter as a condition in SQL: each field's own closed fragments, and parameters for everything sent.

Every operator is one that matches, or the exact opposite of one: `x IS NOT TRUE` holds for null too
(docs/semantics/list.md). Text is searched with strpos and compared by code point, so no character in it means anything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeAlias

from largesse.domain.filters import (
    AFTER,
    BEFORE,
    CONTAINS,
    COUNT,
    COUNT_LESS,
    COUNT_MORE,
    ENDS_WITH,
    HAS_VALUE,
    IN,
    IS,
    IS_DAYS_AGO,
    IS_DAYS_IN_FUTURE,
    LESS_THAN,
    LESS_THAN_AGO,
    LESS_THAN_EQUAL,
    LESS_THAN_FUTURE,
    MORE_THAN,
    MORE_THAN_AGO,
    MORE_THAN_EQUAL,
    MORE_THAN_FUTURE,
    NEXT_MONTH,
    OPPOSITES,
    STARTS_WITH,
    Condition,
    Filter,
    Kind,
    Value,
)

_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_COMPARISONS: Final = {MORE_THAN: ">", LESS_THAN: "<", MORE_THAN_EQUAL: ">=", LESS_THAN_EQUAL: "<="}
_COUNTS: Final = {COUNT: "=", COUNT_MORE: ">", COUNT_LESS: "<"}
_TODAY: Final = "date_trunc('day', now(), 'UTC')"
_DAYS_FROM_NOW: Final = {
    MORE_THAN_AGO: "{value} < now() - make_interval(days => {days})",
    LESS_THAN_AGO: "{value} > now() - make_interval(days => {days}) AND {value} <= now()",
    MORE_THAN_FUTURE: "{value} > now() + make_interval(days => {days})",
    LESS_THAN_FUTURE: "{value} < now() + make_interval(days => {days}) AND {value} >= now()",
    # Days of the calendar, in UTC as they are shown.
    IS_DAYS_AGO: f"{{value}} >= {_TODAY} - make_interval(days => {{days}})"
    f" AND {{value}} < {_TODAY} - make_interval(days => {{days}} - 1)",
    IS_DAYS_IN_FUTURE: f"{{value}} >= {_TODAY} + make_interval(days => {{days}})"
    f" AND {{value}} < {_TODAY} + make_interval(days => {{days}} + 1)",
}
_SEARCHES: Final = {
    CONTAINS: "strpos({text}, {part}) > 0",
    STARTS_WITH: "starts_with({text}, {part})",
    ENDS_WITH: "right({text}, length({part})) = {part}",
}
_CASTS: Final = {
    Kind.TEXT: "text",
    Kind.CODE: "text",
    Kind.BOOLEAN: "boolean",
    Kind.NUMBER: "numeric",
    Kind.DATE_TIME: "timestamptz",
    Kind.DATE: "date",
}
_MILLIS: Final = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
_TEXTS: Final = {
    Kind.TEXT: "{value}",
    Kind.CODE: "{value}",
    Kind.BOOLEAN: "({value})::text",
    Kind.NUMBER: "({value})::text",
    Kind.DATE_TIME: f"to_char({{value}} AT TIME ZONE 'UTC', '{_MILLIS}')",
    Kind.DATE: "to_char({value}, 'YYYY-MM-DD')",
}
_LETTER_MAX: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)

Bind: TypeAlias = Callable[[Any], str]
"""Takes a value as a parameter and says its place: `$3`."""
Fold: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class FieldSql:
    """How a field is found: `value` is its expression, and the templates put the condition on it where it belongs.

    `equal` is for `$is` and `$in`, where few rows match and an index leads to them, `one` (if any) for a single value;
    `other` for the rest. All hold `{match}`; a field of Kind.CODE may hold `{key_match}`, the condition on the folded
    `key`. `states` are conditions by themselves.
    """

    value: str
    kind: Kind = Kind.TEXT
    equal: str = "{match}"
    other: str = "{match}"
    one: str = ""
    key: str = ""
    states: Mapping[str, str] = field(default_factory=dict)


def everywhere(value: str, template: str, kind: Kind = Kind.TEXT) -> FieldSql:
    """The same template for every operator."""
    return FieldSql(value, kind, equal=template, other=template)


def render_filter(wanted: Filter, fields: Mapping[str, FieldSql], bind: Bind, fold: Fold) -> str:
    """A condition in parentheses. `fold` makes a code's key."""
    parts = [_condition(condition, fields[condition.field], bind, fold) for condition in wanted.conditions]
    return f"({(' OR ' if wanted.any_of else ' AND ').join(f'({part})' for part in parts)})"


def _condition(condition: Condition, field: FieldSql, bind: Bind, fold: Fold) -> str:
    if condition.operator in field.states:
        return field.states[condition.operator]
    positive = OPPOSITES.get(condition.operator)
    matching = _positive(condition, positive or condition.operator, field, bind, fold)
    return f"({matching}) IS NOT TRUE" if positive else matching


def _positive(condition: Condition, operator: str, field: FieldSql, bind: Bind, fold: Fold) -> str:
    equality = operator in {IS, IN}
    template = field.equal if equality else field.other
    if equality and field.one and len(condition.values) == 1:
        template = field.one
    if field.kind is Kind.METADATA:
        assert condition.key is not None
        if operator in _COUNTS:  # of the list itself, not of one of its items
            counted = f"{_COUNTED} {_COUNTS[operator]} {bind(condition.values[0])}::int"
            return counted.replace("{value}", field.value.replace("{key}", bind(condition.key)))
        match = _metadata(operator, condition.values, bind)
        return template.replace("{key}", bind(condition.key)).replace("{match}", match)
    match = _match(operator, field.value, field.kind, condition.values, bind) if "{match}" in template else ""
    key_match = ""
    if "{key_match}" in template:
        keys = tuple(fold(str(value)) for value in condition.values)
        key_match = _match(operator, field.key, Kind.TEXT, keys, bind)
    return template.replace("{match}", match).replace("{key_match}", key_match)


def _match(operator: str, value: str, kind: Kind, given: tuple[Value, ...], bind: Bind) -> str:
    if operator == HAS_VALUE:
        return f"{value} IS NOT NULL"
    if operator in {IS, IN}:
        return _equality(value, kind, given, bind)
    if operator in _DAYS_FROM_NOW:
        return _DAYS_FROM_NOW[operator].replace("{value}", value).replace("{days}", f"{bind(given[0])}::int")
    if operator in _COMPARISONS:
        return f"{value} {_COMPARISONS[operator]} {bind(given[0])}::{_CASTS[kind]}"
    part = str(given[0])
    if operator == STARTS_WITH and kind in {Kind.TEXT, Kind.CODE}:
        return _prefix(value, part, bind)
    return _search(operator, _TEXTS[kind].replace("{value}", value), part, bind)


def _equality(value: str, kind: Kind, given: tuple[Value, ...], bind: Bind) -> str:
    if len(given) == 1:
        return f"{value} = {bind(given[0])}::{_CASTS[kind]}"
    return f"{value} = ANY ({bind(list(given))}::{_CASTS[kind]}[])"


def _search(operator: str, text: str, part: str, bind: Bind) -> str:
    return _SEARCHES[operator].replace("{text}", text).replace("{part}", f"{bind(part)}::text")


def _prefix(value: str, prefix: str, bind: Bind) -> str:
    """A range, which every index on the column can find."""
    end = _after(prefix)
    upper = "" if end is None else f" AND {value} < {bind(end)}::text"
    return f"{value} >= {bind(prefix)}::text{upper}"


def _after(prefix: str) -> str | None:
    """The first text behind all that begin so; None when nothing is."""
    stem = prefix.rstrip(chr(_LETTER_MAX))
    if not stem:
        return None
    letter = ord(stem[-1]) + 1
    return stem[:-1] + chr(_SURROGATES.stop if letter in _SURROGATES else letter)


def _metadata(operator: str, given: tuple[Value, ...], bind: Bind) -> str:
    """A condition on `m.item`, the value of a key or one of its items; numbers compare as numbers."""
    text = "(m.item #>> '{}') COLLATE \"C\""
    texts = [str(value) for value in given]
    if operator == HAS_VALUE:
        return "m.item <> 'null'"
    if operator in {IS, IN}:
        numbers = [Decimal(value) for value in texts if _NUMBER.fullmatch(value)]
        as_number = f" OR {_item_number('= ANY (%s::numeric[])', numbers, bind)}" if numbers else ""
        return f"({text} = ANY ({bind(texts)}::text[]){as_number})"
    if operator in {AFTER, BEFORE} or operator in _DAYS_FROM_NOW:
        return _item_moment(operator, text, given[0], bind)
    if operator in _COMPARISONS:
        if _NUMBER.fullmatch(texts[0]):
            return _item_number(f"{_COMPARISONS[operator]} %s::numeric", Decimal(texts[0]), bind)
        return f"(jsonb_typeof(m.item) = 'string' AND {text} {_COMPARISONS[operator]} {bind(texts[0])}::text)"
    return _search(operator, text, texts[0], bind)


def _item_number(comparison: str, value: Any, bind: Bind) -> str:
    number = "(CASE jsonb_typeof(m.item) WHEN 'number' THEN m.item::numeric END)"
    return f"{number} {comparison % bind(value)}"


# A path finds nothing in a text that isn't a date, where a cast would fail. It knows neither fractions nor Z.
_ITEM_IN: Final = (
    "jsonb_path_exists_tz(to_jsonb(regexp_replace(regexp_replace({text}, '\\.\\d+', ''), 'Z$', '+00:00')),"
    " '$ ? (@.datetime() >= $from.datetime() && @.datetime() < $to.datetime())',"
    " jsonb_build_object('from', {from}, 'to', {to}), true)"
)
_SECONDS: Final = "to_char(({moment}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')"
_SPANS: Final = {
    AFTER: ("{given} + interval '1 second'", ""),
    BEFORE: ("", "{given}"),
    MORE_THAN_AGO: ("", "now() - {days}"),
    LESS_THAN_AGO: ("now() - {days}", "now()"),
    MORE_THAN_FUTURE: ("now() + {days}", ""),
    LESS_THAN_FUTURE: ("now()", "now() + {days}"),
    IS_DAYS_AGO: (f"{_TODAY} - {{days}}", f"{_TODAY} - {{days}} + interval '1 day'"),
    IS_DAYS_IN_FUTURE: (f"{_TODAY} + {{days}}", f"{_TODAY} + {{days}} + interval '1 day'"),
}
_EVER: Final = ("'0001-01-01'", "'9999-12-31T23:59:59+00:00'")


def _item_moment(operator: str, text: str, given: Value, bind: Bind) -> str:
    """From when to when the operator reaches, to the second; the end isn't part of it."""
    place = bind(given)
    days, moment = f"make_interval(days => {place}::int)", f"{place}::timestamptz"
    start, end = (
        _SECONDS.replace("{moment}", side.replace("{days}", days).replace("{given}", moment)) if side else ever
        for side, ever in zip(_SPANS[operator], _EVER, strict=True)
    )
    return _ITEM_IN.replace("{text}", text).replace("{from}", start).replace("{to}", end)


_COUNTED: Final = "CASE jsonb_typeof({value}) WHEN 'array' THEN jsonb_array_length({value}) END"


def metadata(column: str) -> FieldSql:
    """Any key of a jsonb object. A list matches with any of its items."""
    value = f"({column} -> {{key}}::text)"
    items = f"CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END"
    template = f"EXISTS (SELECT FROM jsonb_array_elements({items}) AS m (item) WHERE {{match}})"
    return everywhere(value, f"{column} ? {{key}}::text AND {template}", Kind.METADATA)


def days_of_week(column: str) -> FieldSql:
    """A list of numbers, which matches with any of them."""
    return everywhere("d.day", f"EXISTS (SELECT FROM unnest({column}) AS d (day) WHERE {{match}})", Kind.NUMBER)


def birthday(column: str) -> FieldSql:
    """A date whose day comes round every year."""
    months = f"extract(month FROM {column}) = extract(month FROM (now() AT TIME ZONE 'UTC') + interval '1 month')"
    return FieldSql(column, Kind.DATE, states={NEXT_MONTH: months})


def switch(table: str) -> FieldSql:
    """`active` and the dates beside it."""
    t = table
    return FieldSql(
        f"{t}.active",
        Kind.BOOLEAN,
        states={
            "$enabled": f"{t}.active",
            "$disabled": f"NOT {t}.active",
            "$expired": f"{t}.expiration_date < now()",
            "$active": f"{t}.active AND ({t}.start_date IS NULL OR {t}.start_date <= now())"
            f" AND ({t}.expiration_date IS NULL OR {t}.expiration_date > now())",
        },
    )
