"""Puts a list's statements together from its closed fragments, and runs them: filters, order, and nothing else."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import asyncpg

from largesse.domain.errors import InvalidQueryParams
from largesse.domain.filters import IN, IS, STARTS_WITH, Filter
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql, render_filter
from largesse.store.sql import load

ANSWER_S: Final = 2
"""After so long a list is answered, whatever its caller made up: in full, or with the error that points to exports."""
FILTERED_TIMEOUT_MS: Final = 1_850
"""Of that for the count and the page together, from the start of the transaction; the rest is what stands around."""
LATE_SHARE: Final = 20
"""The page has a twentieth of it at least, however late the count came back."""
GATHERED_MAX: Final = 10_000
"""So many matches at most are found and sorted; of more the order's own index soon meets enough for a page."""
COVERED_MAX: Final = 200_000
"""The same where an index has all that is sorted: a fifth of a microsecond each, and they may all be old."""
CREATED: Final = "created_at"
CODES: Final = frozenset({"code", "-code"})
_SQL: Final = load("lists")
_RANGES: Final = frozenset({IS, IN, STARTS_WITH})


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a caller wants to see of a list: plain parameters by name, all of which hold, and a filter.

    `within` is a second filter that holds too: that of a segment.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    filter: Filter | None = None
    within: Filter | None = None

    def __bool__(self) -> bool:
        return bool(self.given) or self.filter is not None or self.within is not None

    @property
    def names(self) -> set[str]:
        """Of the parameters, and of the fields of the filters."""
        return {*self.given, *(condition.field for one in self._filters for condition in one.conditions)}

    def is_one_of(self, names: Collection[str], operators: Collection[str] = (IS,)) -> bool:
        """Whether all that is asked for is one value of one of these, and spans of time besides.

        `operators`: what else may be asked of that one.
        """
        wanted = [condition for one in self._filters for condition in one.conditions if condition.field != CREATED]
        given = self.given.keys() - {"created_before", "created_after"}
        return (
            len(wanted) + len(given) <= 1
            and not any(one.any_of for one in self._filters)
            and given <= set(names)
            and all(one.field in names and one.operator in operators for one in wanted)
        )

    @property
    def _filters(self) -> list[Filter]:
        return [one for one in (self.filter, self.within) if one is not None]


class Place(NamedTuple):
    """Where a row stands in an order: by a value, and among those that have it in common by the row's key."""

    value: Any
    id: str


@dataclass(frozen=True, slots=True)
class ListSql:
    """What a list can filter and sort by.

    `page` and `count` hold `{filters}`, `page` also `{order}`, `{limit}` and `{offset}`. A filter's `{}` is its value,
    `{key}` the key of the code that is its value. `nulls_last_page` is the page for the orders in `nulls_last`, by
    name: columns whose unset values an index has first in that direction, or not at all. It holds `{column}` besides,
    and `{way}`, its direction. Where a page has the ids only, `rows_of` holds it as `{page}`. `gathered_page` finds all
    matches before it sorts, by `{column}` and `{way}` too; `in_order` are the names whose indexes have one value's rows
    in the order of created_at, so that nothing has to be gathered, `covered` those whose indexes have it at all.
    `code_page` is the page for `code`, with `{way}`. `table` has the rows, for a page that begins after one of them: by
    `key`, which is what ties are ordered by. `count_up_to` has a `{limit}`. `counters` counts as `count` does
    where nothing but `counted` is asked for.
    """

    page: str
    count: str
    filters: Mapping[str, str]
    orders: Mapping[str, str]
    fields: Mapping[str, FieldSql]
    nulls_last_page: str = ""
    nulls_last: frozenset[str] = frozenset()
    rows_of: str = "{page}"
    gathered_page: str = ""
    in_order: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()
    code_page: str = ""
    table: str = ""
    key: str = "id"
    count_up_to: str = ""
    counters: str = ""
    counted: frozenset[str] = frozenset()

    def page_statement(
        self,
        project: Project,
        narrowing: Narrowing,
        order: str,
        limit: int,
        offset: int,
        *,
        gathered: bool = False,
        after: Place | None = None,
    ) -> tuple[str, list[Any]]:
        """The statement and its arguments. Raises InvalidQueryParams for an order that the list doesn't have.

        `gathered`: all matches are found first, and then sorted. `after`: only what follows this place in that order.
        """
        self._columns(order)
        filters, arguments = self._filters(project, narrowing)
        if after is not None:
            filters += f" AND {self._beyond(order, after, _binder(arguments))}"
        arguments += [limit, offset]
        count = len(arguments)
        page = self.page
        if gathered:
            page = self.gathered_page
        elif order in self.nulls_last:
            page = self.nulls_last_page
        elif order in CODES and self.code_page:
            page = self.code_page
        text = (
            self.rows_of.replace("{page}", page)
            .replace("{column}", self.orders[order].partition(" ")[0])
            .replace("{way}", "DESC" if order.startswith("-") else "ASC")
            .replace("{filters}", filters)
            .replace("{order}", self.orders[order])
            .replace("{limit}", f"${count - 1}")
            .replace("{offset}", f"${count}")
        )
        return text, arguments

    def count_statement(
        self, project: Project, narrowing: Narrowing, up_to: int | None = None
    ) -> tuple[str, list[Any]]:
        """Counts every match, whatever the page; or one more than `up_to` at most."""
        filters, arguments = self._filters(project, narrowing)
        if self.counters and narrowing.names <= self.counted:
            text = self.counters
        elif up_to is None:
            text = self.count
        else:
            arguments.append(up_to + 1)
            text = self.count_up_to.replace("{limit}", f"${len(arguments)}")
        return text.replace("{filters}", filters), arguments

    def statement(
        self, text: str, project: Project, narrowing: Narrowing, *, order: str = "", **values: Any
    ) -> tuple[str, list[Any]]:
        """Another statement over the same list, of which it wants all: `{filters}`, `{order}`, and `{name}` for each
        of `values`.
        """
        filters, arguments = self._filters(project, narrowing)
        for name, value in values.items():
            if f"{{{name}}}" in text:
                arguments.append(value)
                text = text.replace(f"{{{name}}}", f"${len(arguments)}")
        return text.replace("{filters}", filters).replace("{order}", self.orders.get(order, "")), arguments

    async def rows(
        self,
        connection: Connection,
        project: Project,
        narrowing: Narrowing,
        *,
        order: str,
        limit: int,
        offset: int,
        total: int | None = None,
        after: str | None = None,
    ) -> list[asyncpg.Record]:
        """One page. `order`: a name, `-` for descending. `after`: the key of the row that the page before ended with.
        Raises InvalidQueryParams for one that isn't there, and when it would take too long.

        `total`: how many match at most, where that is known. Nobody goes through a large table for a few of them, or
        for none.
        """
        place = None if after is None else await self._place(connection, project, order, after)
        if total is not None and total <= offset:
            return []
        gathered = total is not None and total <= self.gathered_max(narrowing, order)
        text, arguments = self.page_statement(project, narrowing, order, limit, offset, gathered=gathered, after=place)
        return await _fetch(connection, text, arguments, limited=bool(narrowing))

    def gathered_max(self, narrowing: Narrowing, order: str) -> int:
        """How many matches are found before they are sorted."""
        if not self.gathered_page or not narrowing:
            return 0
        if order.removeprefix("-") != CREATED:
            return GATHERED_MAX
        if narrowing.is_one_of(self.in_order):
            return 0
        return COVERED_MAX if narrowing.is_one_of(self.covered, _RANGES) else GATHERED_MAX

    async def total(
        self, connection: Connection, project: Project, narrowing: Narrowing, *, up_to: int | None = None
    ) -> int:
        """Exactly how many match. Raises InvalidQueryParams when it would take too long.

        `up_to`: one more than that says that there are more, however many, where they have to be counted one by one.
        """
        text, arguments = self.count_statement(project, narrowing, up_to)
        rows = await _fetch(connection, text, arguments, limited=bool(narrowing))
        return int(rows[0][0])

    async def _place(self, connection: Connection, project: Project, order: str, id: str) -> Place:
        """Raises InvalidQueryParams: without the row a page would be empty, and the list look as if it had ended."""
        column = self._columns(order)[0].partition(".")[2]
        text = _SQL["place"].replace("{column}", f"x.{column}" if column else self._key_of("x"))
        row = await connection.fetchrow(
            text.replace("{table}", self.table).replace("{key}", self._key_of("x")), project.id, id
        )
        if row is None:
            raise InvalidQueryParams("Property .starting_after_id must be the id of a row of this list")
        return Place(row[0], id)

    def _beyond(self, order: str, after: Place, bind: Callable[[Any], str]) -> str:
        """The condition for what follows a place: in the order's direction, unset values last."""
        column, key = self._columns(order)
        beyond = "<" if order.startswith("-") else ">"
        if column == key:
            return f"{key} {beyond} {bind(after.id)}"
        if after.value is None:
            return f"{column} IS NULL AND {key} {beyond} {bind(after.id)}"
        if order in CODES and self.code_page:  # no two rows have one
            return f"{column} {beyond} {bind(after.value)}"
        follows = f"({column}, {key}) {beyond} ({bind(after.value)}, {bind(after.id)})"
        return f"({follows} OR {column} IS NULL)" if "NULLS LAST" in self.orders[order] else follows

    def _columns(self, order: str) -> tuple[str, str]:
        """What an order goes by, and what it goes by among those that have it in common."""
        if order not in self.orders:
            names = ", ".join(self.orders)
            raise InvalidQueryParams(f"Property .order must be equal to one of the allowed values [{names}]")
        column = self.orders[order].partition(" ")[0]
        return column, self._key_of(column.partition(".")[0])

    def _key_of(self, alias: str) -> str:
        return self.key.replace("{alias}", alias) if "{alias}" in self.key else f"{alias}.{self.key}"

    def _filters(self, project: Project, narrowing: Narrowing) -> tuple[str, list[Any]]:
        arguments: list[Any] = [project.id]
        bind = _binder(arguments)
        parts = []
        for name, value in narrowing.given.items():
            part = self.filters[name]
            if "{key}" in part:
                part = part.replace("{key}", bind(project.code_key(value)))
            if "{}" in part:
                part = part.replace("{}", bind(value))
            parts.append(part)
        wanted = [one for one in (narrowing.filter, narrowing.within) if one is not None]
        parts += [render_filter(one, self.fields, bind, project.code_key) for one in wanted]
        return "".join(f" AND {part}" for part in parts), arguments


def _binder(arguments: list[Any]) -> Callable[[Any], str]:
    """Adds a value to a statement's arguments, and says how the statement calls it."""

    def bind(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    return bind


async def _fetch(connection: Connection, text: str, arguments: list[Any], *, limited: bool) -> list[asyncpg.Record]:
    return await (fetch_limited(connection, text, arguments) if limited else connection.fetch(text, *arguments))


async def fetch_limited(connection: Connection, text: str, arguments: list[Any]) -> list[asyncpg.Record]:
    """For what a caller made up. Raises InvalidQueryParams when it takes too long."""
    await connection.execute(_SQL["limit_time"], FILTERED_TIMEOUT_MS, max(FILTERED_TIMEOUT_MS // LATE_SHARE, 1))
    try:
        return await connection.fetch(text, *arguments)
    except asyncpg.QueryCanceledError as error:
        if "statement timeout" not in str(error):
            raise
        raise InvalidQueryParams(
            f"These filters take longer than {ANSWER_S} seconds on this much data."
            " Narrow them by a date or an id, or use an export (POST /v1/exports)"
        ) from error


def both_ways(columns: Mapping[str, str], tie: str, *, set_always: Collection[str] = ()) -> dict[str, str]:
    """`name` and `-name` for each column, ties in the same direction, unset values last.

    An index can be walked in both directions only where nobody says where nulls go: not for columns in `set_always`.
    """
    out = {}
    for name, column in columns.items():
        nulls = "" if name in set_always else " NULLS LAST"
        out[name] = f"{column} ASC{nulls}, {tie} ASC"
        out["-" + name] = f"{column} DESC{nulls}, {tie} DESC"
    return out
