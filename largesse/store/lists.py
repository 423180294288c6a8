"""Puts a list's statement together from its closed fragments: filters, order, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from largesse.domain.errors import InvalidQueryParams


@dataclass(frozen=True, slots=True)
class ListSql:
    """What a list can filter and sort by.

    `page` and `count` hold `{filters}`, `page` also `{order}`, `{limit}` and `{offset}`. A filter's `{}` is its value.
    """

    page: str
    count: str
    filters: Mapping[str, str]
    orders: Mapping[str, str]

    def page_statement(
        self, project_id: int, given: Mapping[str, Any], order: str, limit: int, offset: int
    ) -> tuple[str, list[Any]]:
        """The statement and its arguments. Raises InvalidQueryParams for an order that the list doesn't have."""
        if order not in self.orders:
            names = ", ".join(self.orders)
            raise InvalidQueryParams(f"Property .order must be equal to one of the allowed values [{names}]")
        filters, arguments = self._filters(project_id, given)
        arguments += [limit, offset]
        count = len(arguments)
        text = (
            self.page.replace("{filters}", filters)
            .replace("{order}", self.orders[order])
            .replace("{limit}", f"${count - 1}")
            .replace("{offset}", f"${count}")
        )
        return text, arguments

    def count_statement(self, project_id: int, given: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Counts every match, whatever the page."""
        filters, arguments = self._filters(project_id, given)
        return self.count.replace("{filters}", filters), arguments

    def _filters(self, project_id: int, given: Mapping[str, Any]) -> tuple[str, list[Any]]:
        arguments: list[Any] = [project_id]
        parts = []
        for name, value in given.items():
            arguments.append(value)
            parts.append(f" AND {self.filters[name]}".replace("{}", f"${len(arguments)}"))
        return "".join(parts), arguments


def both_ways(columns: Mapping[str, str], tie: str) -> dict[str, str]:
    """`name` and `-name` for each column, ties in the same direction, unset values last."""
    out = {}
    for name, column in columns.items():
        out[name] = f"{column} ASC NULLS LAST, {tie} ASC"
        out["-" + name] = f"{column} DESC NULLS LAST, {tie} DESC"
    return out
