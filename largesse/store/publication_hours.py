"""Publications by hour and day of a project's local time, folded from the event log; a second behind it at most."""

from datetime import date
from typing import Any, Final, NamedTuple

from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.events import walk
from largesse.store.sql import load

SQL: Final = load("publication_hours")
READER: Final = "hours"


class Count(NamedTuple):
    """How many publications of something: a day, an hour, a campaign, a channel."""

    of: Any
    succeeded: int
    failed: int


class CampaignCount(NamedTuple):
    """`name` is None when the campaign is gone, `id` "" for vouchers without one."""

    id: str
    name: str | None
    succeeded: int
    failed: int


class LowPool(NamedTuple):
    """A campaign, its free codes, and how many publications it had in the time that was asked for."""

    id: str
    name: str
    type: str
    free: int
    succeeded: int


async def fold(connection: Connection, project: Project, limit: int) -> int | None:
    """Count the next events of the log. How many events these were; None: another process is at it."""
    ((found,),) = await walk(connection, SQL["fold"], project.id, project.time_zone, limit)
    return None if found is None else int(found)


async def by_day(connection: Connection, project_id: int, since: date) -> list[Count]:
    """`since` is the first local day, here and below. Days without publications are left out."""
    return [Count(*row) for row in await connection.fetch(SQL["by_day"], project_id, since)]


async def by_hour(connection: Connection, project_id: int, since: date) -> list[Count]:
    return [Count(*row) for row in await connection.fetch(SQL["by_hour"], project_id, since)]


async def by_campaign(connection: Connection, project_id: int, since: date, limit: int) -> list[CampaignCount]:
    return [CampaignCount(*row) for row in await connection.fetch(SQL["by_campaign"], project_id, since, limit)]


async def by_channel(connection: Connection, project_id: int, since: date, limit: int) -> list[Count]:
    return [Count(*row) for row in await connection.fetch(SQL["by_channel"], project_id, since, limit)]


async def low_pools(connection: Connection, project_id: int, since: date, limit: int) -> list[LowPool]:
    """Those first whose codes last the shortest time."""
    return [LowPool(*row) for row in await connection.fetch(SQL["low_pools"], project_id, since, limit)]
