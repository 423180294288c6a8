"""Query strings: paging, order and plain parameters of every list (docs/semantics/list.md)."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from msgspec import Struct

from largesse.domain.errors import InvalidQueryParams, PageOverLimit, QueryTooLarge
from largesse.wire.dates import DateTime
from largesse.wire.faults import Fault, printable, sentence

QUERY_BYTES_MAX: Final = 16_384
LIMIT_DEFAULT: Final = 10
LIMIT_MAX: Final = 100
PUBLICATIONS_PAGE_MAX: Final = 1000
_PARAMETERS_MAX: Final = 1000
_INTEGER: Final = re.compile(r"-?\d{1,18}", re.ASCII)


class Page(Struct, frozen=True, kw_only=True):
    """Which part of a list, in which order. `order` is a name of the caller's closed list, without the sign.

    `after`: the id of the row that the page before ended with. It goes before the number of the page: it has no last
    one, and what is added meanwhile moves no row to another page.
    """

    limit: int
    page: int
    order: str
    descending: bool
    after: str | None = None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit

    @property
    def wanted(self) -> dict[str, Any]:
        """What ListSql.rows takes. After a row it is one more than the page has: that tells whether there are more."""
        order = ("-" if self.descending else "") + self.order
        if self.after is None:
            return {"order": order, "limit": self.limit, "offset": self.offset}
        return {"order": order, "limit": self.limit + 1, "offset": 0, "after": self.after}

    def envelope(self, data_ref: str, data: list[dict[str, Any]], total: int) -> dict[str, Any]:
        """The answer of a list by pages: what `wanted` has found, rendered."""
        out = {"object": "list", "data_ref": data_ref, data_ref: data[: self.limit], "total": total}
        if self.after is None:
            return out
        out["has_more"] = len(data) > self.limit
        if out["has_more"]:
            out["more_starting_after"] = data[self.limit - 1]["id"]
        return out


class Query:
    """A query string read name by name. Every reader writes down what is wrong; `check` raises it all at once.

    Of a parameter given twice the last counts. Two spellings of one parameter: the first name that is present. An empty
    value is as good as none.
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._texts = {name: text for name, text in pairs if text}
        self.pairs = pairs
        self.cost = 0  # of its filters: conditions that no index answers
        self._faults: list[str] = []
        self._page_max_exceeded: int | None = None

    @classmethod
    def parse(cls, query_string: bytes, *, drop_none: bool = False) -> "Query":
        """Decode a raw query string. `drop_none`: the official Python client sends the word None for unset fields.

        Raises QueryTooLarge, InvalidQueryParams for what isn't UTF-8 or holds NUL.
        """
        if len(query_string) > QUERY_BYTES_MAX:
            raise QueryTooLarge(f"The query string must not be longer than {QUERY_BYTES_MAX} bytes")
        try:
            pairs = parse_qsl(
                query_string.decode("ascii"), keep_blank_values=True, max_num_fields=_PARAMETERS_MAX, errors="strict"
            )
        except UnicodeError as error:
            raise InvalidQueryParams("Query must be percent-encoded UTF-8") from error
        except ValueError as error:
            raise QueryTooLarge(f"The query string must not have more than {_PARAMETERS_MAX} parameters") from error
        if any("\x00" in name or "\x00" in text for name, text in pairs):
            raise InvalidQueryParams("Query must not contain NUL characters")
        return cls([pair for pair in pairs if not (drop_none and pair[1] == "None")])

    def text(self, *names: str) -> str | None:
        """The value of the first name that is present."""
        return next((self._texts[name] for name in names if name in self._texts), None)

    def required(self, name: str) -> str:
        """The value; its absence is a fault (and "" until `check` raises it)."""
        text = self.text(name)
        if text is None:
            self.missing(name)
            return ""
        return text

    def missing(self, name: str) -> None:
        """Write down that a property isn't there, in the contract's words."""
        self._faults.append(f"Query should have required property '{name}'")

    def boolean(self, *names: str) -> bool | None:
        """`true` or `false` in any letter case."""
        text = self.text(*names)
        if text is None:
            return None
        if text.lower() not in {"true", "false"}:
            self.fault(names[0], "must be boolean")
        return text.lower() == "true"

    def integer(self, name: str, *, minimum: int, maximum: int | None, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not _INTEGER.fullmatch(text):
            self.fault(name, "must be integer")
            return default
        number = int(text)
        if number < minimum:
            self.fault(name, f"must be >= {minimum}")
        if maximum is not None and number > maximum:
            self.fault(name, f"must be <= {maximum}")
        return number

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        text = self.text(name)
        if text is not None and text not in allowed:
            self.fault(name, f"must be equal to one of the allowed values [{', '.join(allowed)}]")
        return text

    def date_time(self, *names: str) -> datetime | None:
        text = self.text(*names)
        if text is None:
            return None
        try:
            return DateTime.parse(text)
        except Fault as fault:
            self.fault(names[0], str(fault))
            return None

    def moment(self, field: str, bound: str) -> datetime | None:
        """`created_at[before]`, also spelled `[created_at][before]`."""
        return self.date_time(f"{field}[{bound}]", f"[{field}][{bound}]")

    def page(
        self, *, orders: Collection[str], default: str = "-created_at", page_max: int, by_row: bool = True
    ) -> Page:
        """`limit`, `page`, `order` and `starting_after_id`. `orders` are names without sign; `default` may have one.

        `by_row`: whether its rows have ids, so that a page can begin after one of them.
        A page above PUBLICATIONS_PAGE_MAX = `page_max` has an error of its own (PageOverLimit).
        """
        limit = self.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
        own_error = page_max == PUBLICATIONS_PAGE_MAX
        page = self.integer("page", minimum=1, maximum=None if own_error else page_max, default=1)
        if own_error and page > page_max:
            self._page_max_exceeded = page_max
        if not by_row and self.text("starting_after_id"):
            self.fault("starting_after_id", "is not supported here")
        order = self.choice("order", [sign + name for name in orders for sign in ("", "-")]) or default
        return Page(
            limit=limit,
            page=page,
            order=order.removeprefix("-"),
            descending=order.startswith("-"),
            after=self.text("starting_after_id") or None,
        )

    def fault(self, name: str, text: str) -> None:
        """Write down a fault that only the resource knows: `must be …`."""
        self._faults.append(sentence(f".{printable(name)}", text))

    def not_blank(self, name: str) -> None:
        """A value that is there and empty, which elsewhere is as good as none, is a fault."""
        if any(given == name and not text.strip() for given, text in self.pairs):
            self.fault(name, "must not be blank")

    def check(self) -> None:
        """Raise InvalidQueryParams with every fault, or PageOverLimit."""
        if self._faults:
            raise InvalidQueryParams("; ".join(self._faults))
        if self._page_max_exceeded is not None:
            raise PageOverLimit(f"Property .page cannot be higher than {self._page_max_exceeded}")


def present(**values: Any) -> dict[str, Any]:
    """Those that were given: what a list filters by."""
    return {name: value for name, value in values.items() if value is not None}


def more_after(id: str | None) -> dict[str, str]:
    """Where the next page begins, as an answer says it; the last page says nothing."""
    return {} if id is None else {"more_starting_after": id}


# JSON schemas of query parameters, for our own OpenAPI.
TEXT: Final = {"type": "string"}
FLAG: Final = {"type": "boolean"}
MOMENT: Final = {"type": "string", "format": "date-time"}
PERIODS: Final = dict.fromkeys(
    [f"{field}[{bound}]" for field in ("created_at", "updated_at") for bound in ("before", "after")], MOMENT
)


def page_schema(orders: Collection[str], page_max: int, *, by_row: bool = True) -> dict[str, dict[str, Any]]:
    """What `Query.page` reads."""
    return ({"starting_after_id": TEXT} if by_row else {}) | {
        "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
        "page": {"type": "integer", "minimum": 1, "maximum": page_max, "default": 1},
        "order": {"type": "string", "enum": [sign + name for name in orders for sign in ("", "-")]},
    }
