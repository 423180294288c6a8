"""The first page of a project: what went out, what runs low, what is under way."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from largesse.dashboard.charts import Column, columns
from largesse.dashboard.formats import number
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.distributions import IN_PROGRESS, LIVE, PAUSED, TO_SEND
from largesse.store import distributions, publications
from largesse.store import publication_hours as hours
from largesse.store.lists import Narrowing

SPANS: Final = {"today": "Today", "7": "7 days", "30": "30 days", "90": "90 days"}
SPAN_DEFAULT: Final = "30"
BURN_DAYS: Final = 7
"""How far back the speed at which a pool is emptied is measured, today among them."""
LOW_DAYS: Final = 14
"""A pool that lasts longer isn't low."""
ROWS: Final = 8
_UNDER_WAY: Final = [IN_PROGRESS, TO_SEND, LIVE, PAUSED]


async def show(view: View) -> Response:
    span = view.query.text("span") or SPAN_DEFAULT
    if span not in SPANS:
        span = SPAN_DEFAULT
    now = datetime.now(UTC).astimezone(ZoneInfo(view.project.time_zone)).replace(tzinfo=None)
    since = now.date() - timedelta(days=0 if span == "today" else int(span) - 1)
    async with view.work() as scope:
        connection, project_id = scope.connection, scope.project.id
        count = hours.by_hour if span == "today" else hours.by_day
        counted = await count(connection, project_id, since)
        everything = Narrowing()
        values: dict[str, Any] = {
            "campaigns": await hours.by_campaign(connection, project_id, since, ROWS),
            "channels": await hours.by_channel(connection, project_id, since, ROWS),
            "pools": await hours.low_pools(connection, project_id, now.date() - timedelta(days=BURN_DAYS - 1), ROWS),
            "distributions": await distributions.list_distributions(
                connection,
                scope.project,
                Narrowing({"statuses": _UNDER_WAY}),
                order="-created_at",
                limit=ROWS,
                offset=0,
            ),
            "recent": await publications.list_publications(
                connection, scope.project, everything, order="-created_at", limit=ROWS, offset=0
            ),
            "ever": await publications.count_publications(connection, scope.project, everything),
        }
    elapsed_days = BURN_DAYS - 1 + (now.hour * 60 + now.minute) / (24 * 60)
    values["pools"] = [
        (pool, runway) for pool in values["pools"] if (runway := runway_days(pool, elapsed_days)) < LOW_DAYS
    ]
    places = _hours_of(now) if span == "today" else _days_of(since, now.date())
    data = _columns(places, {one.of: one for one in counted}, "%H:00" if span == "today" else "%Y-%m-%d")
    return view.page(
        "home.html",
        span=span,
        spans=SPANS,
        succeeded=sum(one.succeeded for one in counted),
        failed=sum(one.failed for one in counted),
        data=data,
        highest=max((one.low + one.high for one in data), default=0),
        chart=columns(data, f"Publications, {SPANS[span].lower()}: the table below has the figures"),
        burn_days=BURN_DAYS,
        **values,
    )


def runway_days(pool: hours.LowPool, elapsed_days: float) -> float:
    """How long the free codes last at the speed of the last days, of which today isn't over."""
    return elapsed_days * max(pool.free, 0) / pool.succeeded


def _days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _hours_of(now: datetime) -> list[datetime]:
    """The hours of the day until now."""
    return [now.replace(hour=hour, minute=0, second=0, microsecond=0) for hour in range(now.hour + 1)]


def _columns(places: list[Any], counted: dict[Any, hours.Count], name: str) -> list[Column]:
    """A column for each day or hour, also for those on which nothing happened."""
    made = []
    for place in places:
        found = counted.get(place, hours.Count(place, 0, 0))
        title = f"{place.strftime(name)}: {number(found.succeeded)} published"
        if found.failed:
            title += f", {number(found.failed)} failed"
        made.append(Column(title, found.succeeded, found.failed))
    return made


PAGES = [Page("", show)]
