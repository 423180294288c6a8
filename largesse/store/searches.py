"""Searches of people, who know a part of a code or a name."""

from typing import Final, NamedTuple

from largesse.domain.customers import Customer
from largesse.domain.projects import Project
from largesse.domain.vouchers import Voucher
from largesse.store.connection import Connection
from largesse.store.customers import list_customers
from largesse.store.lists import Narrowing, fetch_limited
from largesse.store.sql import load
from largesse.store.vouchers import list_vouchers

SQL: Final = load("searches")
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


class Vouchers(NamedTuple):
    """A page of matches, newest first, and how many there are."""

    total: int
    rows: list[Voucher]


class Customers(NamedTuple):
    """A page of matches, newest first, and how many there are."""

    total: int
    rows: list[Customer]


def _within(part: str) -> str:
    return f"%{part.translate(_ESCAPED)}%"


async def search_vouchers(
    connection: Connection, project: Project, part: str, *, campaign_id: str | None, limit: int, offset: int
) -> Vouchers:
    """By any part of the code. Raises InvalidQueryParams when it takes too long."""
    arguments = [project.id, _within(project.code_key(part)), campaign_id, limit, offset]
    (row,) = await fetch_limited(connection, SQL["search_vouchers"], arguments)
    found = await list_vouchers(
        connection, project, Narrowing({"ids": row["ids"]}), order="-created_at", limit=limit, offset=0
    )
    return Vouchers(row["total"], found)


async def search_customers(
    connection: Connection, project: Project, part: str, *, limit: int, offset: int
) -> Customers:
    """By any part of name, e-mail or source id, or the whole id. Raises InvalidQueryParams when it takes too long."""
    arguments = [project.id, _within(part), part, limit, offset]
    (row,) = await fetch_limited(connection, SQL["search_customers"], arguments)
    found = await list_customers(
        connection, project, Narrowing({"customer_ids": row["ids"]}), order="-created_at", limit=limit, offset=0
    )
    return Customers(row["total"], found)
