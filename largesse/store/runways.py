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
    mail_to: list[str]


class AlertMail(NamedTuple):
    """From what address who is mailed."""

    sender: str
    to: list[str]


async def count_recent(connection: Connection, project_id: int, campaign_id: str) -> Recent:
    row = await connection.fetchrow(SQL["count_recent"], project_id, campaign_id, RECENT.total_seconds(), COUNTED_MAX)
    assert row is not None
    return Recent(*row)


async def get_alert(connection: Connection, project_id: int, campaign_id: str) -> tuple[int | None, AlertMail | None]:
    """Below how many days somebody is told (None: nobody is), and who is by mail."""
    row = await connection.fetchrow(SQL["get_alert"], project_id, campaign_id)
    if row is None:
        return None, None
    return row["below_days"], None if row["mail_from"] is None else AlertMail(row["mail_from"], row["mail_to"])


async def set_alert(
    connection: Connection, project_id: int, campaign_id: str, below_days: int | None, mail: AlertMail | None = None
) -> None:
    """None: nobody is to be told."""
    if below_days is None:
        await connection.execute(SQL["drop_alert"], project_id, campaign_id)
        return
    await connection.execute(SQL["set_alert"], project_id, campaign_id, below_days)
    sender, to = (None, []) if mail is None else mail
    await connection.execute(SQL["set_mail"], project_id, campaign_id, sender, to)


async def mail_due(connection: Connection, project_id: int, campaign_id: str) -> AlertMail | None:
    """To whom it is still to be said that the pool is low."""
    row = await connection.fetchrow(SQL["mail_due"], project_id, campaign_id)
    return None if row is None else AlertMail(*row)


async def mailed(connection: Connection, project_id: int, campaign_id: str, done: list[str] | None) -> None:
    """These need no mail any more; None: nobody does."""
    await connection.execute(SQL["mailed"], project_id, campaign_id, done)


async def claim_alerts(connection: Connection, project_id: int, every_s: float, limit: int) -> list[Alert]:
    """Those whose turn it is; nobody else gets them until the transaction ends."""
    return [Alert(*row) for row in await connection.fetch(SQL["claim_alerts"], project_id, every_s, limit)]


async def save_check(
    connection: Connection, project_id: int, campaign_id: str, *, is_low: bool, is_mailed: bool
) -> None:
    await connection.execute(SQL["save_check"], project_id, campaign_id, is_low, is_mailed)
