"""Puts a list's statements together from its closed fragments, and runs them: filters, order, and nothing else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from largesse.domain.errors import InvalidQueryParams
from largesse.domain.filters import Filter
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql, render_filter
from largesse.store.sql import load

FILTERED_TIMEOUT_MS: Final = 2_000
_SQL: Final = load("lists")


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


@dataclass(frozen=True, slots=True)
class ListSql:
    """What a list can filter and sort by.

    `page` and `count` hold `{filters}`, `page` also `{order}`, `{limit}` and `{offset}`. A filter's `{}` is its value,
    `{key}` the key of the code that is its value. `nulls_last_page` is the page for the orders in `nulls_last`, by
    name: columns whose unset values an index has first in that direction, or not at all. It holds `{column}` besides,
    `{way}`, its direction, and `{reach}`, where limit and offset end.
    """

    page: str
    count: str
    filters: Mapping[str, str]
    orders: Mapping[str, str]
    fields: Mapping[str, FieldSql]
    nulls_last_page: str = ""
    nulls_last: Mapping[str, str] = field(default_factory=dict)

    def page_statement(
        self, project: Project, narrowing: Narrowing, order: str, limit: int, offset: int
    ) -> tuple[str, list[Any]]:
        """The statement and its arguments. Raises InvalidQueryParams for an order that the list doesn't have."""
        if order not in self.orders:
            names = ", ".join(self.orders)
            raise InvalidQueryParams(f"Property .order must be equal to one of the allowed values [{names}]")
        filters, arguments = self._filters(project, narrowing)
        arguments += [limit, offset]
        count = len(arguments)
        text = self.page
        if order in self.nulls_last:
            arguments.append(limit + offset)
            way = "DESC" if order.startswith("-") else "ASC"
            text = self.nulls_last_page.replace("{column}", self.nulls_last[order]).replace("{way}", way)
            text = text.replace("{reach}", f"${count + 1}")
        text = (
            text.replace("{filters}", filters)
            .replace("{order}", self.orders[order])
            .replace("{limit}", f"${count - 1}")
            .replace("{offset}", f"${count}")
        )
        return text, arguments

    def count_statement(self, project: Project, narrowing: Narrowing) -> tuple[str, list[Any]]:
        """Counts every match, whatever the page."""
        filters, arguments = self._filters(project, narrowing)
        return self.count.replace("{filters}", filters), arguments

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
        self, connection: Connection, project: Project, narrowing: Narrowing, *, order: str, limit: int, offset: int
    ) -> list[asyncpg.Record]:
        """One page. `order`: a name, `-` for descending. Raises InvalidQueryParams when it would take too long."""
        text, arguments = self.page_statement(project, narrowing, order, limit, offset)
        return await _fetch(connection, text, arguments, limited=bool(narrowing))

    async def total(self, connection: Connection, project: Project, narrowing: Narrowing) -> int:
        """Exactly how many match. Raises InvalidQueryParams when it would take too long."""
        text, arguments = self.count_statement(project, narrowing)
        rows = await _fetch(connection, text, arguments, limited=bool(narrowing))
        return int(rows[0][0])

    def _filters(self, project: Project, narrowing: Narrowing) -> tuple[str, list[Any]]:
        arguments: list[Any] = [project.id]

        def bind(value: Any) -> str:
            arguments.append(value)
            return f"${len(arguments)}"

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


async def _fetch(connection: Connection, text: str, arguments: list[Any], *, limited: bool) -> list[asyncpg.Record]:
    return await (fetch_limited(connection, text, arguments) if limited else connection.fetch(text, *arguments))


async def fetch_limited(connection: Connection, text: str, arguments: list[Any]) -> list[asyncpg.Record]:
    """For what a caller made up. Raises InvalidQueryParams when it takes too long."""
    await connection.execute(_SQL["limit_time"], f"{FILTERED_TIMEOUT_MS}ms")
    try:
        return await connection.fetch(text, *arguments)
    except asyncpg.QueryCanceledError as error:
        if "statement timeout" not in str(error):
            raise
        raise InvalidQueryParams(
            f"These filters take longer than {FILTERED_TIMEOUT_MS // 1000} seconds on this much data."
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
