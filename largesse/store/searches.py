"""Searches of people, who know a part of a code or a name."""

import string
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
COUNTED_TO: Final = 10_000
"""Codes that match. Who sees that there are more types another letter."""
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_ASCII_SMALL: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Vouchers(NamedTuple):
    """A page of matches, newest first, and how many there are: one more than COUNTED_TO says that there are more."""

    total: int
    rows: list[Voucher]


class Customers(NamedTuple):
    """A page of matches, newest first, and how many there are."""

    total: int
    rows: list[Customer]


def _within(part: str) -> str:
    return f"%{part.translate(_ESCAPED)}%"


def _spellings(part: str) -> list[str]:
    """Patterns of how a part of a name may be stored, as it was typed first: one for ASCII, whose small letters the
    database knows. Of other letters those that a name begins with may be large, or all, or none.
    """
    spelt = (part, part.lower(), part.title(), part.upper())
    return list(dict.fromkeys(_within(one.translate(_ASCII_SMALL)) for one in spelt))


async def search_vouchers(
    connection: Connection, project: Project, part: str, *, campaign_id: str | None, limit: int, offset: int
) -> Vouchers:
    """By any part of the code. Raises InvalidQueryParams when it takes too long."""
    pattern = _within(project.code_key(part))
    if campaign_id is not None:
        arguments = [project.id, pattern, campaign_id, limit, offset]
        (row,) = await fetch_limited(connection, SQL["search_campaign"], arguments)
        total, ids = row["total"], row["ids"]
    else:
        total, ids = await _search_codes(connection, project, pattern, limit, offset)
    found = await list_vouchers(
        connection, project, Narrowing({"ids": ids}), order="-created_at", limit=limit, offset=0
    )
    return Vouchers(total, found)


async def _search_codes(
    connection: Connection, project: Project, pattern: str, limit: int, offset: int
) -> tuple[int, list[str]]:
    keys = await fetch_limited(connection, SQL["matching_codes"], [project.id, pattern, COUNTED_TO + 1])
    name, wanted = (
        ("newest_matching", pattern) if len(keys) > COUNTED_TO else ("newest_of_codes", [row[0] for row in keys])
    )
    rows = await fetch_limited(connection, SQL[name], [project.id, wanted, limit, offset])
    return len(keys), [row["id"] for row in rows]


async def search_customers(
    connection: Connection, project: Project, part: str, *, limit: int, offset: int
) -> Customers:
    """By any part of name, e-mail or source id, or the whole id. Raises InvalidQueryParams when it takes too long."""
    spellings = _spellings(part)
    arguments = [project.id, spellings[0], part, limit, offset, spellings]
    (row,) = await fetch_limited(connection, SQL["search_customers"], arguments)
    found = await list_customers(
        connection, project, Narrowing({"customer_ids": row["ids"]}), order="-created_at", limit=limit, offset=0
    )
    return Customers(row["total"], found)
