"""What is left of pools, and how fast it goes, in the database."""

from datetime import timedelta
from typing import Final, NamedTuple

from largesse.domain.runways import COUNTED_MAX, RECENT
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("runways")


class Recent(NamedTuple):
    """Of a campaign: codes left, and codes of its newest publications; `oldest_age` of these, `age` of the campaign."""

    free: int
    codes: int
    publications: int
    oldest_age: timedelta | None
    age: timedelta


class Alert(NamedTuple):
    campaign_id: str
    below_days: int
    is_low: bool


async def count_recent(connection: Connection, project_id: int, campaign_id: str) -> Recent:
    row = await connection.fetchrow(SQL["count_recent"], project_id, campaign_id, RECENT.total_seconds(), COUNTED_MAX)
    assert row is not None
    return Recent(*row)


async def get_alert(connection: Connection, project_id: int, campaign_id: str) -> int | None:
    """Below how many days somebody is told; None: nobody is."""
    found: int | None = await connection.fetchval(SQL["get_alert"], project_id, campaign_id)
    return found


async def set_alert(connection: Connection, project_id: int, campaign_id: str, below_days: int | None) -> None:
    """None: nobody is to be told."""
    if below_days is None:
        await connection.execute(SQL["drop_alert"], project_id, campaign_id)
    else:
        await connection.execute(SQL["set_alert"], project_id, campaign_id, below_days)


async def claim_alerts(connection: Connection, project_id: int, every_s: float, limit: int) -> list[Alert]:
    """Those whose turn it is; nobody else gets them until the transaction ends."""
    return [Alert(*row) for row in await connection.fetch(SQL["claim_alerts"], project_id, every_s, limit)]


async def save_check(connection: Connection, project_id: int, campaign_id: str, *, is_low: bool) -> None:
    await connection.execute(SQL["save_check"], project_id, campaign_id, is_low)
