"""The wallet in the database: links of `publication_vouchers` with their vouchers."""

from typing import Final

from largesse.domain.filters import Filter, Kind
from largesse.domain.projects import Project
from largesse.domain.redeemables import OWNER, REFEREE, REFERRER, Redeemable
from largesse.domain.vouchers import VOUCHER_COLUMNS, Voucher
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("redeemables")
LIST: Final = ListSql(
    page=SQL["list_redeemables"],
    count=SQL["count_holders"],
    filters={
        "customer": "l.customer_id = {}",
        "voucher": "l.voucher_id = {} AND l.customer_id IS NOT NULL",
        "after": "l.id > {}",
        "before": "l.id < {}",
    },
    orders=both_ways({"id": "l.id"}, "l.id", set_always=("id",)),
    fields={
        "id": FieldSql("l.id"),
        "created_at": FieldSql("l.created_at", Kind.DATE_TIME),
        "customer_id": FieldSql("l.customer_id"),
        "redeemable_id": FieldSql("l.voucher_id"),
        "redeemable_object": FieldSql("'voucher'::text"),
        "holder_role": FieldSql(
            f"(CASE WHEN l.is_referee THEN '{REFEREE}' WHEN v.is_referral_code THEN '{REFERRER}' ELSE '{OWNER}' END)"
        ),
        "campaign_id": FieldSql("v.campaign_id"),
        "campaign_type": FieldSql("c.campaign_type"),
        "voucher_type": FieldSql("v.type"),
    },
)


async def list_redeemables(
    connection: Connection,
    project: Project,
    given: dict[str, str],
    wanted: Filter | None,
    *,
    after: str | None,
    descending: bool,
    limit: int,
) -> list[Redeemable]:
    """`given`: the id of the customer who holds them, or of the voucher that is held. `after`: the link that the page
    before ended with. Raises InvalidQueryParams when it takes too long.
    """
    at = {} if after is None else {"before" if descending else "after": after}
    order = "-id" if descending else "id"
    rows = await LIST.rows(connection, project, Narrowing(given | at, wanted), order=order, limit=limit, offset=0)
    return [
        Redeemable(
            id=row["link_id"],
            created_at=row["linked_at"],
            customer_id=row["customer_id"],
            campaign_type=row["campaign_type"],
            is_referee=row["is_referee"],
            metadata=row["holder_metadata"],
            seen_at=row["seen_at"],
            voucher=Voucher(**{field: row[field] for field in VOUCHER_COLUMNS}),
        )
        for row in rows
    ]


async def count_holders(connection: Connection, project: Project, voucher_id: str, wanted: Filter | None) -> int:
    """Of a voucher. Raises InvalidQueryParams when it takes too long."""
    return await LIST.total(connection, project, Narrowing({"voucher": voucher_id}, wanted))
