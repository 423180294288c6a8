"""What happened to a customer, from the facts in the database.

Publications are read from their own table and not from their events: that table has an index by customer already, and
one more on the event log would be paid by every publication.
"""

from datetime import datetime
from typing import Final

from largesse.domain.activity import Activity
from largesse.domain.customers import CustomerShort
from largesse.store.connection import Connection
from largesse.store.lists import fetch_limited
from largesse.store.sql import load

SQL: Final = load("activity")
_WAYS: Final = {True: ("DESC", "<"), False: ("ASC", ">")}
STATEMENTS: Final = {
    newest_first: SQL["list_activity"].replace("{way}", way).replace("{beyond}", beyond)
    for newest_first, (way, beyond) in _WAYS.items()
}


async def list_activity(
    connection: Connection,
    project_id: int,
    customer: CustomerShort,
    types: list[str],
    *,
    start: datetime | None,
    end: datetime | None,
    campaign_id: str | None,
    campaign_type: str | None,
    after: str | None,
    newest_first: bool,
    limit: int,
) -> list[Activity]:
    """`after`: the entry that the page before ended with; nothing follows an unknown one.

    Raises InvalidQueryParams when it takes too long.
    """
    arguments = [project_id, customer.id, types, start, end, campaign_id, campaign_type, after, limit]
    rows = await fetch_limited(connection, STATEMENTS[newest_first], arguments)
    return [Activity(customer=customer, **row) for row in rows]
