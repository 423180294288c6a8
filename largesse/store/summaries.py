"""Counts over a period, from the facts themselves."""

from datetime import datetime
from typing import Final, NamedTuple

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("summaries")


class CampaignCounts(NamedTuple):
    publications_succeeded: int
    publications_failed: int
    vouchers_created: int
    vouchers_deleted: int
    referred_customers: int


async def campaign_summary(
    connection: Connection, project_id: int, campaign_id: str, since: datetime, until: datetime
) -> CampaignCounts:
    """`until` isn't part of the period."""
    row = await connection.fetchrow(SQL["campaign_summary"], project_id, campaign_id, since, until)
    assert row is not None
    return CampaignCounts(*row)
