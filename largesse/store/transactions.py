"""Balances of cards, and the transactions that changed them."""

from typing import Final, NamedTuple

import asyncpg

from largesse.domain.campaigns import Campaign
from largesse.domain.filters import Filter
from largesse.domain.projects import Project
from largesse.domain.transactions import Transaction
from largesse.domain.vouchers import Voucher
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("transactions")
LIST: Final = ListSql(
    page=SQL["list_transactions"],
    count="",
    filters={
        "voucher": "t.voucher_id = {}",
        "campaign": "t.campaign_id = {}",
        "after": "t.id > {}",
        "before": "t.id < {}",
    },
    orders=both_ways({"id": "t.id"}, "t.id", set_always=("id",)),
    fields={"id": FieldSql("t.id"), "voucher_id": FieldSql("t.voucher_id")},
)


class Balance(NamedTuple):
    total: int
    balance: int


async def change_balance(
    connection: Connection, project_id: int, voucher_id: str, amount: int, *, total_max: int
) -> Balance | None:
    """What the card has now; None when the change can't be, and then nothing has changed."""
    row = await connection.fetchrow(SQL["change_balance"], project_id, voucher_id, amount, total_max)
    return None if row is None else Balance(*row)


class AlreadyChanged(Exception):
    """The card has a change with this source_id: nothing may be changed again, and what was is to be rolled back."""


async def append_transaction(
    connection: Connection,
    project_id: int,
    id: str,
    voucher: Voucher,
    *,
    type: str,
    amount: int,
    after: Balance,
    source: str | None,
    source_id: str | None,
    reason: str | None,
) -> Transaction:
    """Raises AlreadyChanged."""
    values = (id, voucher.id, voucher.campaign_id, type, amount, after.total, after.balance, source, source_id, reason)
    try:
        row = await connection.fetchrow(SQL["append_transaction"], project_id, *values)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "voucher_transactions_source_id":
            raise
        raise AlreadyChanged from error
    assert row is not None
    return Transaction(**row)


async def find_by_source_id(
    connection: Connection, project_id: int, voucher_id: str, source_id: str
) -> Transaction | None:
    row = await connection.fetchrow(SQL["find_by_source_id"], project_id, voucher_id, source_id)
    return None if row is None else Transaction(**row)


async def list_transactions(
    connection: Connection,
    project: Project,
    of: Voucher | Campaign,
    wanted: Filter | None,
    *,
    after: str | None,
    limit: int,
    newest_first: bool,
) -> list[Transaction]:
    """Of a voucher, or of all vouchers of a campaign: those that follow the id `after` in that order.

    Raises InvalidQueryParams when it takes too long.
    """
    given = {"campaign" if isinstance(of, Campaign) else "voucher": of.id}
    if after is not None:
        given["before" if newest_first else "after"] = after
    order = "-id" if newest_first else "id"
    rows = await LIST.rows(connection, project, Narrowing(given, wanted), order=order, limit=limit, offset=0)
    return [Transaction(**row) for row in rows]
