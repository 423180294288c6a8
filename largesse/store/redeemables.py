"""The wallet in the database: links of `publication_vouchers` with their vouchers."""

from typing import Final

from largesse.domain.filters import Filter, Kind
from largesse.domain.projects import Project
from largesse.domain.redeemables import OWNER, REFERRER, Redeemable
from largesse.domain.vouchers import VOUCHER_COLUMNS, Voucher
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

LIST: Final = ListSql(
    page=load("redeemables")["list_redeemables"],
    count="",
    filters={"customer": "l.customer_id = {}", "after": "l.id > {}", "before": "l.id < {}"},
    orders=both_ways({"id": "l.id"}, "l.id", set_always=("id",)),
    fields={
        "id": FieldSql("l.id"),
        "created_at": FieldSql("l.created_at", Kind.DATE_TIME),
        "redeemable_id": FieldSql("l.voucher_id"),
        "redeemable_object": FieldSql("'voucher'::text"),
        "holder_role": FieldSql(f"(CASE WHEN v.is_referral_code THEN '{REFERRER}' ELSE '{OWNER}' END)"),
        "campaign_id": FieldSql("v.campaign_id"),
        "campaign_type": FieldSql("c.campaign_type"),
        "voucher_type": FieldSql("v.type"),
    },
)


async def list_redeemables(
    connection: Connection,
    project: Project,
    customer_id: str,
    wanted: Filter | None,
    *,
    after: str | None,
    descending: bool,
    limit: int,
) -> list[Redeemable]:
    """`after`: the link that the page before ended with. Raises InvalidQueryParams when it takes too long."""
    given = {"customer": customer_id}
    if after is not None:
        given["before" if descending else "after"] = after
    order = "-id" if descending else "id"
    rows = await LIST.rows(connection, project, Narrowing(given, wanted), order=order, limit=limit, offset=0)
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
