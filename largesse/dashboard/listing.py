"""A page of a list, and the addresses of the others: what the address says is what is seen, so it can be shared."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from largesse.dashboard.view import View
from largesse.wire.lists import LIMIT_MAX, Page

ROWS: Final = 25


class Listing:
    """`rows` are those of this page. `total` is exact; None: not counted, and `more` says whether there is another.

    Who counts stops one beyond `counted_to`: then `total` is that, and `is_open` says that there are more.
    """

    def __init__(
        self,
        view: View,
        rows: Sequence[Any],
        *,
        page: int,
        total: int | None,
        order: str = "",
        limit: int = ROWS,
        more: bool = False,
        page_max: int = 1_000,
        counted_to: int | None = None,
    ) -> None:
        self.is_open = counted_to is not None and total == counted_to + 1
        if self.is_open:
            total = counted_to
        self._here: Callable[..., str] = view.here
        self.rows = rows
        self.page = page
        self.total = total
        self.order = order
        self.first = (page - 1) * limit + 1
        self.last = (page - 1) * limit + len(rows)
        self.has_next = (more if total is None else self.last < total) and page < page_max

    def at(self, page: int) -> str:
        return self._here(page=page if page > 1 else None)

    def ordered_by(self, name: str) -> str:
        """By that column; the other way round, if it is already."""
        return self._here(order=f"-{name}" if self.order == name else name, page=None)


def order_of(page: Page) -> str:
    return ("-" if page.descending else "") + page.order


def rows_of(page: Page, view: View) -> int:
    """How many rows: 25, unless the address says otherwise."""
    return page.limit if view.query.text("limit") else min(ROWS, LIMIT_MAX)
