"""The wallet in the database: links of `publication_vouchers` with their vouchers."""

from typing import Final

from largesse.domain.redeemables import Redeemable
from largesse.domain.vouchers import VOUCHER_COLUMNS, Voucher
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("redeemables")


async def list_redeemables(
    connection: Connection, project_id: int, customer_id: str, *, after: str | None, descending: bool, limit: int
) -> list[Redeemable]:
    """`after`: the link that the page before ended with."""
    name = "list_redeemables_newest" if descending else "list_redeemables"
    rows = await connection.fetch(SQL[name], project_id, customer_id, after, limit)
    return [
        Redeemable(
            id=row["link_id"],
            created_at=row["linked_at"],
            customer_id=row["customer_id"],
            campaign_type=row["campaign_type"],
            seen_at=row["seen_at"],
            voucher=Voucher(**{field: row[field] for field in VOUCHER_COLUMNS}),
        )
        for row in rows
    ]
