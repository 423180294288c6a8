"""Campaigns in the database."""

from typing import Any, Final

import asyncpg

from largesse.domain.campaigns import Campaign
from largesse.domain.errors import DuplicateFound
from largesse.domain.filters import METADATA, Kind
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql, days_of_week, everywhere, metadata, switch
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("campaigns")
LIST: Final = ListSql(
    table="campaigns",
    page=SQL["page"],
    count=SQL["count_campaigns"],
    filters={
        "campaign_type": "c.campaign_type = {}",
        "generation_status": "c.generation_status = {}",
        "is_referral_code": "(c.campaign_type = 'REFERRAL_PROGRAM') = {}::boolean",
        "created_before": "c.created_at < {}",
        "created_after": "c.created_at > {}",
        "updated_before": "c.updated_at < {}",
        "updated_after": "c.updated_at > {}",
    },
    orders=both_ways({"created_at": "c.created_at", "updated_at": "c.updated_at"}, "c.id", set_always=("created_at",)),
    fields={
        "campaigns": FieldSql("c.name"),
        "campaigns_id": FieldSql("c.id"),
        "categories": everywhere(
            "n.name", "c.category_id = ANY (ARRAY(SELECT n.id FROM categories n WHERE n.project_id = $1 AND {match}))"
        ),
        "category_ids": FieldSql("c.category_id"),
        "campaign_status": FieldSql("c.generation_status"),
        "status": FieldSql(
            "",
            states={
                "$active": "c.generation_status = 'DONE'",
                "$failed": "c.generation_status = 'FAILED'",
                "$in_progress": "c.generation_status IN ('IN_PROGRESS', 'MODIFYING')",
                "$expired": "c.generation_status = 'DONE' AND c.expiration_date < now()",
                "before_start": "c.generation_status = 'DONE' AND c.start_date > now()",
            },
        ),
        "active": switch("c"),
        "is_referral_code": FieldSql("(c.campaign_type = 'REFERRAL_PROGRAM')", Kind.BOOLEAN),
        "voucher_type": FieldSql("(c.voucher ->> 'type') COLLATE \"C\""),
        "type": FieldSql("c.type"),
        "created_at": FieldSql("c.created_at", Kind.DATE_TIME),
        "created_date": FieldSql("c.created_at", Kind.DATE_TIME),
        "updated_at": FieldSql("c.updated_at", Kind.DATE_TIME),
        "start_date": FieldSql("c.start_date", Kind.DATE_TIME),
        "expiration_date": FieldSql("c.expiration_date", Kind.DATE_TIME),
        "validity_timeframe": FieldSql('c.validity_timeframe::text COLLATE "C"'),
        "validity_day_of_week": days_of_week("c.validity_day_of_week"),
        METADATA: metadata("c.metadata"),
    },
    nulls_last_page=SQL["page_nulls_last"],
    nulls_last=frozenset({"updated_at", "-updated_at"}),
    rows_of=SQL["list_campaigns"],
    gathered_page=SQL["gathered_page"],
)


async def create_campaign(connection: Connection, project_id: int, campaign: Campaign) -> None:
    """The record's `created_at` and counters are the database's business. Raises DuplicateFound for a taken name."""
    try:
        await connection.execute(
            SQL["create_campaign"],
            project_id,
            campaign.id,
            campaign.name,
            campaign.description,
            campaign.campaign_type,
            campaign.type,
            campaign.voucher,
            campaign.referral_program,
            campaign.join_once,
            campaign.auto_join,
            campaign.use_voucher_metadata_schema,
            campaign.active,
            campaign.category_id,
            campaign.start_date,
            campaign.expiration_date,
            campaign.validity_timeframe,
            campaign.validity_day_of_week,
            campaign.validity_hours,
            campaign.activity_duration_after_publishing,
            campaign.metadata,
            campaign.generation_status,
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "campaigns_name":
            raise
        raise DuplicateFound(
            f"Duplicated campaign exists with name {campaign.name}",
            resource_id=campaign.name,
            resource_type="campaign",
        ) from None


async def get_campaign(connection: Connection, project_id: int, id_or_name: str) -> Campaign | None:
    row = await connection.fetchrow(SQL["get_campaign"], project_id, id_or_name)
    return None if row is None else Campaign(**row)


async def lock_campaign(connection: Connection, project_id: int, id_or_name: str) -> Campaign | None:
    """The campaign as it is now, held until the transaction ends."""
    found = await connection.fetchval(SQL["lock_campaign"], project_id, id_or_name)
    return None if found is None else await get_campaign(connection, project_id, found)


async def update_campaign(connection: Connection, project_id: int, campaign: Campaign) -> None:
    """Write what may change of a campaign whose row the caller has locked."""
    await connection.execute(
        SQL["update_campaign"],
        project_id,
        campaign.id,
        campaign.description,
        campaign.type,
        campaign.voucher,
        campaign.referral_program,
        campaign.join_once,
        campaign.auto_join,
        campaign.category_id,
        campaign.start_date,
        campaign.expiration_date,
        campaign.validity_timeframe,
        campaign.validity_day_of_week,
        campaign.validity_hours,
        campaign.activity_duration_after_publishing,
        campaign.metadata,
    )


async def set_campaign_active(connection: Connection, project_id: int, id: str, *, active: bool) -> bool:
    """False when it stood so already."""
    return await connection.fetchval(SQL["set_campaign_active"], project_id, id, active) is not None


async def set_generation_status(connection: Connection, project_id: int, id: str, status: str) -> None:
    await connection.execute(SQL["set_generation_status"], project_id, id, status)


async def bin_campaign(connection: Connection, project_id: int, id: str, name: str) -> None:
    """`name` is the name that stays taken."""
    await connection.execute(SQL["bin_campaign"], project_id, id, name)


async def delete_campaign(connection: Connection, project_id: int, id: str) -> None:
    await connection.execute(SQL["delete_campaign"], project_id, id)


async def list_campaigns(connection: Connection, project: Project, narrowing: Narrowing, **page: Any) -> list[Campaign]:
    """One page: what ListSql.rows takes."""
    rows = await LIST.rows(connection, project, narrowing, **page)
    return [Campaign(**row) for row in rows]


async def count_campaigns(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)
