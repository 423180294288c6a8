"""Vouchers in the database. Publishing them is in publications."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from largesse.domain.campaigns import Campaign
from largesse.domain.filters import METADATA, Kind
from largesse.domain.projects import Project
from largesse.domain.vouchers import (
    GIFT_VOUCHER,
    LOYALTY_CARD,
    NOT_REDEEMED,
    REDEEMED,
    NewVoucher,
    Voucher,
    VoucherTemplate,
)
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql, days_of_week, everywhere, metadata, switch
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("vouchers")


def _redeemed(type: str) -> FieldSql:
    """What was taken from cards of this type; others have no such thing."""
    return FieldSql(f"(CASE WHEN v.type = '{type}' THEN v.redeemed END)", Kind.NUMBER)


LIST: Final = ListSql(
    table="vouchers",
    page=SQL["page"],
    count=SQL["count_vouchers"],
    filters={
        "campaign_id": "v.campaign_id = {}",
        "campaign": "v.campaign_id = (SELECT n.id FROM campaigns n WHERE n.project_id = $1 AND n.name = {}"
        " AND n.deleted_at IS NULL)",
        "category": "v.category_id = (SELECT n.id FROM categories n WHERE n.project_id = $1"
        " AND (n.name = {} OR n.id = {}) ORDER BY (n.id = {}) DESC LIMIT 1)",
        "customer": "v.holder_id = (SELECT n.id FROM customers n WHERE n.project_id = $1"
        " AND (n.id = {} OR n.source_id = {} AND n.deleted_at IS NULL) ORDER BY (n.id = {}) DESC LIMIT 1)",
        "code": "v.code_key = {key}",
        "ids": "v.id = ANY ({}::text[])",
        "created_before": "v.created_at < {}",
        "created_after": "v.created_at > {}",
        "updated_before": "v.updated_at < {}",
        "updated_after": "v.updated_at > {}",
    },
    orders=both_ways(
        {"created_at": "v.created_at", "updated_at": "v.updated_at", "code": "v.code_key"},
        "v.id",
        set_always=("created_at", "code"),
    ),
    fields={
        "id": FieldSql("v.id"),
        "code": FieldSql("v.code", Kind.CODE, equal="{key_match}", key="v.code_key"),
        "vouchers": FieldSql("v.code", Kind.CODE, equal="{key_match}", key="v.code_key"),
        "campaign_ids": FieldSql("v.campaign_id"),
        "categories": everywhere(
            "n.name", "v.category_id = ANY (ARRAY(SELECT n.id FROM categories n WHERE n.project_id = $1 AND {match}))"
        ),
        "category_ids": FieldSql("v.category_id"),
        "holder_id": FieldSql("v.holder_id"),
        "published_for_customer_id": FieldSql(
            "l.customer_id",
            equal="v.id = ANY (ARRAY(SELECT l.voucher_id FROM publication_vouchers l"
            " WHERE l.project_id = $1 AND l.customer_id IS NOT NULL AND {match})) AND v.state <> 1",
            other="EXISTS (SELECT FROM publication_vouchers l"
            " WHERE l.project_id = $1 AND l.voucher_id = v.id AND {match}) AND v.state <> 1",
        ),
        "voucher_type": FieldSql("v.type"),
        "is_referral_code": FieldSql("v.is_referral_code", Kind.BOOLEAN),
        "active": switch("v"),
        "created_at": FieldSql("v.created_at", Kind.DATE_TIME),
        "created_date": FieldSql("v.created_at", Kind.DATE_TIME),
        "updated_at": FieldSql("v.updated_at", Kind.DATE_TIME),
        "start_date": FieldSql("v.start_date", Kind.DATE_TIME),
        "expiration_date": FieldSql("v.expiration_date", Kind.DATE_TIME),
        "validity_timeframe": FieldSql('v.validity_timeframe::text COLLATE "C"'),
        "validity_day_of_week": days_of_week("v.validity_day_of_week"),
        "redemption.quantity": FieldSql("v.redemption_quantity", Kind.NUMBER),
        "redemption.redeemed_quantity": FieldSql("v.redeemed_quantity", Kind.NUMBER),
        "redemption.redeemed_amount": _redeemed(GIFT_VOUCHER),
        "redemption.redeemed_points": _redeemed(LOYALTY_CARD),
        "redemption_status": FieldSql(
            f"(CASE WHEN v.redeemed_quantity > 0 THEN '{REDEEMED}' ELSE '{NOT_REDEEMED}' END)"
        ),
        METADATA: metadata("v.metadata"),
    },
    nulls_last_page=SQL["page_nulls_last"],
    nulls_last=frozenset({"updated_at", "-updated_at"}),
    rows_of=SQL["list_vouchers"],
    gathered_page=SQL["gathered_page"],
    code_page=SQL["page_by_code"],
    in_order=frozenset({"campaign_id", "campaign", "campaign_ids", "category", "customer", "holder_id"}),
    counters=SQL["count_by_counters"],
    counted=frozenset({"campaign_id", "campaign", "campaign_ids"}),
)


class LockedVoucher(NamedTuple):
    id: str
    campaign_id: str | None
    state: int
    active: bool
    binned: bool


class Chunk(NamedTuple):
    """Where a walk over a campaign's vouchers has come to."""

    seen: int
    changed: int
    created_at: datetime
    id: str


async def insert_vouchers(
    connection: Connection, project: Project, template: VoucherTemplate, vouchers: Sequence[NewVoucher]
) -> int:
    """Insert those whose code is new; returns how many. Counters are the caller's."""
    return int(
        await connection.fetchval(
            SQL["insert_vouchers"],
            project.id,
            [voucher.id for voucher in vouchers],
            [voucher.code for voucher in vouchers],
            [project.code_key(voucher.code) for voucher in vouchers],
            [voucher.pick_key for voucher in vouchers],
            *_columns(template),
        )
    )


def _columns(template: VoucherTemplate) -> tuple[Any, ...]:
    return (
        template.type,
        template.active,
        template.is_referral_code,
        template.redemption_quantity,
        template.amount,
        template.campaign_id,
        template.category_id,
        template.discount,
        template.gift_effect,
        template.start_date,
        template.expiration_date,
        template.validity_timeframe,
        template.validity_day_of_week,
        template.validity_hours,
        template.additional_info,
        template.metadata,
    )


async def free_codes(connection: Connection, project_id: int, code_keys: list[str], limit: int) -> list[str]:
    rows = await connection.fetch(SQL["free_codes"], project_id, code_keys, limit)
    return [row["code_key"] for row in rows]


async def count_codes_like(connection: Connection, project_id: int, shape: str) -> int:
    return int(await connection.fetchval(SQL["count_codes_like"], project_id, shape))


async def get_voucher(connection: Connection, project: Project, code_or_id: str) -> Voucher | None:
    row = await connection.fetchrow(SQL["get_voucher"], project.id, project.code_key(code_or_id), code_or_id)
    return None if row is None else Voucher(**row)


async def get_voucher_by_id(connection: Connection, project_id: int, id: str) -> Voucher | None:
    """Never by code, whatever codes look like."""
    row = await connection.fetchrow(SQL["get_voucher"], project_id, None, id)
    return None if row is None else Voucher(**row)


async def lock_voucher(
    connection: Connection, project: Project, code_or_id: str, *, in_bin: bool = False
) -> LockedVoucher | None:
    row = await connection.fetchrow(SQL["lock_voucher"], project.id, project.code_key(code_or_id), code_or_id, in_bin)
    return None if row is None else LockedVoucher(*row)


async def update_voucher(connection: Connection, project_id: int, voucher: Voucher) -> None:
    """Write what may change of a voucher whose row the caller has locked."""
    await connection.execute(
        SQL["update_voucher"],
        project_id,
        voucher.id,
        voucher.active,
        voucher.category_id,
        voucher.discount,
        voucher.start_date,
        voucher.expiration_date,
        voucher.validity_timeframe,
        voucher.validity_day_of_week,
        voucher.validity_hours,
        voucher.additional_info,
        voucher.metadata,
    )


async def set_voucher_active(connection: Connection, project_id: int, id: str, *, active: bool) -> bool:
    """False when it stood so already."""
    return await connection.fetchrow(SQL["set_voucher_active"], project_id, id, active) is not None


async def bin_voucher(connection: Connection, project_id: int, id: str) -> None:
    await connection.execute(SQL["bin_voucher"], project_id, id)


async def delete_voucher(connection: Connection, project_id: int, id: str) -> None:
    await connection.execute(SQL["delete_voucher"], project_id, id)


async def voucher_entries(connection: Connection, project_id: int, voucher_id: str) -> list[dict[str, Any]]:
    """Rows: customer_id, tracking_id, channel, created_at, metadata."""
    return [dict(row) for row in await connection.fetch(SQL["voucher_entries"], project_id, voucher_id)]


async def list_vouchers(connection: Connection, project: Project, narrowing: Narrowing, **page: Any) -> list[Voucher]:
    """One page: what ListSql.rows takes."""
    rows = await LIST.rows(connection, project, narrowing, **page)
    return [Voucher(**row) for row in rows]


async def count_vouchers(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)


async def update_campaign_vouchers(
    connection: Connection,
    project_id: int,
    campaign: Campaign,
    template: VoucherTemplate,
    fields: Sequence[str],
    after: tuple[datetime, str],
    limit: int,
) -> Chunk | None:
    """None when there is nothing behind `after`."""
    row = await connection.fetchrow(
        SQL["update_campaign_vouchers"],
        project_id,
        campaign.id,
        *after,
        limit,
        fields,
        template.discount,
        template.gift_effect,
        template.category_id,
        template.start_date,
        template.expiration_date,
        template.validity_timeframe,
        template.validity_day_of_week,
        template.validity_hours,
        template.metadata,
    )
    return None if row is None else Chunk(*row)


async def remove_campaign_vouchers(
    connection: Connection, project_id: int, campaign_id: str, limit: int, *, force: bool
) -> list[tuple[int, bool, int]]:
    """Bin up to `limit` vouchers, or with `force` delete them. Returns (state, active, how many) before."""
    name = "delete_campaign_vouchers" if force else "bin_campaign_vouchers"
    rows = await connection.fetch(SQL[name], project_id, campaign_id, limit)
    return [(row["state"], row["active"], row["vouchers"]) for row in rows]


async def purge_campaign_bin(connection: Connection, project_id: int, campaign_id: str, limit: int) -> int:
    """Delete up to `limit` vouchers of the campaign that were in the bin already; returns how many."""
    return len(await connection.fetch(SQL["purge_campaign_bin"], project_id, campaign_id, limit))


async def withdraw_expired(connection: Connection, project_id: int, limit: int) -> list[tuple[str | None, bool, int]]:
    """Take up to `limit` expired vouchers out of the pool. Returns (campaign id, active, how many), by campaign."""
    rows = await connection.fetch(SQL["withdraw_expired"], project_id, limit)
    return [(row["campaign_id"], row["active"], row["vouchers"]) for row in rows]


async def restore_voucher(connection: Connection, project_id: int, id: str) -> bool:
    """Whether it was withdrawn for its date and now is free again."""
    return await connection.fetchval(SQL["restore_voucher"], project_id, id) is not None


async def restore_campaign_vouchers(
    connection: Connection, project_id: int, campaign_id: str, after: tuple[datetime, str], until: tuple[datetime, str]
) -> tuple[int, int]:
    """How many are free again, and how many of these are disabled."""
    row = await connection.fetchrow(SQL["restore_campaign_vouchers"], project_id, campaign_id, *after, *until)
    assert row is not None
    return row["vouchers"], row["disabled"]
