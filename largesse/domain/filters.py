"""Filters of lists: fields, operators and conditions, the same for every list (docs/semantics/list.md).

Each noun says which fields its list has; wire reads a query into a Filter by them, store renders it as SQL.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

CONDITIONS_MAX: Final = 100
COST_MAX: Final = 20
"""Conditions of a list's filter that no index answers: each of them looks at every entry."""
VALUES_MAX: Final = 500
"""Of a whole filter."""
DAYS_MAX: Final = 366_000
ITEMS_MAX: Final = 999_999
"""The largest number that the items of a list are compared with."""

IS: Final = "$is"
IS_NOT: Final = "$is_not"
IN: Final = "$in"
NOT_IN: Final = "$not_in"
HAS_VALUE: Final = "$has_value"
IS_UNKNOWN: Final = "$is_unknown"
CONTAINS: Final = "$contains"
NOT_CONTAIN: Final = "$not_contain"
STARTS_WITH: Final = "$starts_with"
ENDS_WITH: Final = "$ends_with"
MORE_THAN: Final = "$more_than"
LESS_THAN: Final = "$less_than"
MORE_THAN_EQUAL: Final = "$more_than_equal"
LESS_THAN_EQUAL: Final = "$less_than_equal"
AFTER: Final = "$after"
BEFORE: Final = "$before"
MORE_THAN_AGO: Final = "$more_than_ago"
LESS_THAN_AGO: Final = "$less_than_ago"
MORE_THAN_FUTURE: Final = "$more_than_future"
LESS_THAN_FUTURE: Final = "$less_than_future"
IS_DAYS_AGO: Final = "$is_days_ago"
IS_DAYS_IN_FUTURE: Final = "$is_days_in_future"

COUNT: Final = "$count"
COUNT_MORE: Final = "$count_more"
COUNT_LESS: Final = "$count_less"

OPERATORS: Final = (
    IN,
    NOT_IN,
    IS,
    IS_NOT,
    HAS_VALUE,
    IS_UNKNOWN,
    CONTAINS,
    NOT_CONTAIN,
    STARTS_WITH,
    ENDS_WITH,
    MORE_THAN,
    LESS_THAN,
    MORE_THAN_EQUAL,
    LESS_THAN_EQUAL,
)
"""What every field has."""
DATE_OPERATORS: Final = (
    *OPERATORS,
    AFTER,
    BEFORE,
    MORE_THAN_AGO,
    LESS_THAN_AGO,
    MORE_THAN_FUTURE,
    LESS_THAN_FUTURE,
    IS_DAYS_AGO,
    IS_DAYS_IN_FUTURE,
)
LISTS: Final = frozenset({IN, NOT_IN})
"""One condition with several values; of every other operator each value is a condition."""
COUNTS: Final = (COUNT, COUNT_MORE, COUNT_LESS)
"""How many items a list of metadata has; what isn't a list has none of these numbers."""
VALUELESS: Final = frozenset({HAS_VALUE, IS_UNKNOWN})
IN_DAYS: Final = frozenset(
    {MORE_THAN_AGO, LESS_THAN_AGO, MORE_THAN_FUTURE, LESS_THAN_FUTURE, IS_DAYS_AGO, IS_DAYS_IN_FUTURE}
)
"""Their value is a number of days from now."""
PARTIAL: Final = frozenset({CONTAINS, NOT_CONTAIN, STARTS_WITH, ENDS_WITH})
"""They look at the text that stands for the value, whatever its kind."""
OPPOSITES: Final = {IS_NOT: IS, NOT_IN: IN, NOT_CONTAIN: CONTAINS, IS_UNKNOWN: HAS_VALUE}
"""Exactly what the other doesn't match: null too, and what has several values of which none matches."""
SYNONYMS: Final = {AFTER: MORE_THAN, BEFORE: LESS_THAN}
"""On dates. On metadata, where a date is a text like any other, only the first ones compare moments."""
DAYS_AGO: Final = {MORE_THAN: MORE_THAN_AGO, LESS_THAN: LESS_THAN_AGO}
"""What these mean on a date when their value is a number."""

METADATA: Final = "metadata"
"""The field of this name is a family: `metadata.colour` filters by the key `colour`."""

Value: TypeAlias = str | bool | Decimal | int | datetime | date


class Kind(StrEnum):
    TEXT = "text"
    CODE = "code"  # equality follows the project's letter case
    BOOLEAN = "boolean"
    NUMBER = "number"
    DATE_TIME = "date-time"
    DATE = "date"
    METADATA = "metadata"


class Field(msgspec.Struct, frozen=True):
    """One thing that a list can be filtered by.

    `words` are values with another spelling, and what they stand for: one value, or any of several. `states` are
    operators that say by themselves what they match, like `$expired`; their value is empty.
    """

    kind: Kind
    operators: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]] = {}
    states: tuple[str, ...] = ()


class Condition(msgspec.Struct, frozen=True):
    """`values` are of the field's kind (text for PARTIAL, days for IN_DAYS): one, or with LISTS any number."""

    field: str
    operator: str
    values: tuple[Value, ...] = ()
    key: str | None = None  # of metadata


_IDENTIFYING: Final = frozenset({"code", "codes", "vouchers", "voucher_code", "email", "phone"})
_MOMENTS: Final = frozenset({"created_at", "created_date"})


class Filter(msgspec.Struct, frozen=True):
    """Conditions of which all hold, or any."""

    conditions: tuple[Condition, ...]
    any_of: bool = False

    @property
    def cost(self) -> int:
        """How many of them are answered by no index, by their names: what identifies something has one, and the
        moment of creation.
        """
        return sum(not _is_indexed(condition) for condition in self.conditions)


def _is_indexed(condition: Condition) -> bool:
    name = condition.field
    if name in _MOMENTS:
        return condition.operator not in {*PARTIAL, IS_NOT, NOT_IN, IS_UNKNOWN}
    identifies = name in _IDENTIFYING or name == "id" or name.endswith(("_id", "_ids"))
    return identifies and condition.operator in {IS, IN}


Fields: TypeAlias = Mapping[str, Field]


def field(kind: Kind, *, words: Mapping[str, tuple[str, ...]] | None = None, states: tuple[str, ...] = ()) -> Field:
    """A field with every operator of its kind."""
    operators = DATE_OPERATORS if kind in {Kind.DATE_TIME, Kind.DATE, Kind.METADATA} else OPERATORS
    counts = COUNTS if kind is Kind.METADATA else ()
    return Field(kind, (*states, *operators, *counts), words or {}, states)


def state(*states: str) -> Field:
    """A field that has nothing to compare with, only states that hold or don't."""
    return Field(Kind.BOOLEAN, states, {}, states)


NEXT_MONTH: Final = "$next_month"
"""Whose day comes round in the next month of the calendar, in any year: birthdays."""
SWITCH_STATES: Final = ("$active", "$enabled", "$disabled", "$expired")
"""Of a switch with validity dates beside it."""

TEXT: Final = field(Kind.TEXT)
CODE: Final = field(Kind.CODE)
BOOLEAN: Final = field(Kind.BOOLEAN)
NUMBER: Final = field(Kind.NUMBER)
DATE_TIME: Final = field(Kind.DATE_TIME)
DATE: Final = field(Kind.DATE)
BIRTHDAY: Final = field(Kind.DATE, states=(NEXT_MONTH,))
ANY_METADATA: Final = field(Kind.METADATA)
SWITCH: Final = field(Kind.BOOLEAN, states=SWITCH_STATES)
