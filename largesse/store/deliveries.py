"""Deliveries of webhooks in the database: what is to be sent, what came of it, and whose turn it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from largesse.domain.projects import Project
from largesse.domain.webhooks import Attempt, Delivery
from largesse.store.connection import Connection
from largesse.store.events import Cursor
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("deliveries")
WAITING_CHUNK: Final = 1_000
LIST: Final = ListSql(
    table="deliveries",
    page=SQL["list_deliveries"],
    count=SQL["count_deliveries"],
    filters={"webhook_id": "d.webhook_id = {}", "status": "d.status = {}", "event_id": "d.event_id = {}"},
    orders=both_ways({"created_at": "d.created_at"}, "d.id", set_always=("created_at",)),
    fields={},
)


class NewDelivery(NamedTuple):
    """`part` counts what one event tells one webhook."""

    id: str
    webhook_id: str
    event_id: str
    type: str
    entity_id: str
    cursor: Cursor
    part: int
    body: str


class Turn(NamedTuple):
    """`claim`: by whom, and which time: whoever slept through his claim isn't taken for the one who has it now."""

    project_id: int
    webhook_id: str
    claim: str = ""


class Recorded(NamedTuple):
    """One attempt and what follows: the delivery's new status, why it is parked, when it is due again."""

    delivery_id: str
    status: str
    park: str | None
    due_at: datetime | None
    result: str
    answered: int | None
    reason: str | None
    answer: str
    elapsed_ms: int
    begun_at: datetime


async def wake_turns(connection: Connection, project_id: int, webhook_ids: Sequence[str], now: datetime) -> None:
    """Something is due for these. Call it before anything is made due, in the same transaction."""
    await connection.execute(SQL["wake_turns"], project_id, sorted(set(webhook_ids)), now)


async def insert_deliveries(
    connection: Connection, project_id: int, new: Sequence[NewDelivery], now: datetime
) -> list[str]:
    """The ids of those that weren't there yet."""
    columns = zip(*((*d[:5], str(d.cursor.xid), d.cursor.seq, d.part, d.body) for d in new), strict=True)
    rows = await connection.fetch(SQL["insert_deliveries"], project_id, *(list(column) for column in columns), now)
    return [row["id"] for row in rows]


async def claim_turns(connection: Connection, claim: str, now: datetime, limit: int, *, lapse_s: float) -> list[Turn]:
    """`claim` is a name that no other claim has or had."""
    return [
        Turn(row["project_id"], row["webhook_id"], claim)
        for row in await connection.fetch(SQL["claim_turns"], claim, now, limit, lapse_s)
    ]


async def beat(connection: Connection, now: datetime, held: Sequence[Turn]) -> list[Turn]:
    """Those that are still under the claim that they were."""
    columns = [list(column) for column in zip(*held, strict=True)] or [[], [], []]
    return [Turn(*row) for row in await connection.fetch(SQL["beat"], now, *columns)]


async def release_turn(
    connection: Connection, turn: Turn, now: datetime, *, rest_until: datetime | None = None
) -> None:
    """Whoever puts something in at this moment comes before or after, never in between: hence the lock, which must be
    a statement of its own. The caller has a transaction.
    """
    await connection.fetchval(SQL["lock_turn"], *turn)
    await connection.execute(SQL["release_turn"], *turn, now, rest_until)


async def drop_turn(connection: Connection, turn: Turn) -> None:
    await connection.execute(SQL["drop_turn"], *turn[:2])


async def wait_for_heads(connection: Connection, turn: Turn, now: datetime) -> bool:
    """What is due but stands behind something that is to be tried later is due with it; whether there may be more."""
    return len(await connection.fetch(SQL["wait_for_heads"], *turn[:2], now, WAITING_CHUNK)) == WAITING_CHUNK


async def due_deliveries(
    connection: Connection, turn: Turn, now: datetime, limit: int, *, in_hand: Sequence[str] = ()
) -> list[Delivery]:
    """The next to be sent, at most one of each entity."""
    rows = await connection.fetch(SQL["due_deliveries"], *turn[:2], now, limit, list(in_hand))
    return [Delivery(**row) for row in rows]


async def following(connection: Connection, turn: Turn, now: datetime, entities: Sequence[str]) -> list[Delivery]:
    """What is due and comes next for these, without looking at what else waits."""
    rows = await connection.fetch(SQL["following"], *turn[:2], now, list(entities))
    return [Delivery(**row) for row in rows]


async def record_attempts(connection: Connection, project_id: int, recorded: Sequence[Recorded], now: datetime) -> None:
    columns = [list(column) for column in zip(*recorded, strict=True)]
    await connection.execute(SQL["record_attempts"], project_id, *columns, now)


async def wait_behind(connection: Connection, turn: Turn, due: dict[str, datetime]) -> None:
    """What follows of these entities is due then, too."""
    if due:
        await connection.execute(SQL["wait_behind"], *turn[:2], list(due), list(due.values()))


async def park_deliveries(connection: Connection, project_id: int, webhook_id: str, reason: str) -> None:
    await connection.execute(SQL["park_deliveries"], project_id, webhook_id, reason)


async def get_delivery(connection: Connection, project_id: int, webhook_id: str, id: str) -> Delivery | None:
    row = await connection.fetchrow(SQL["get_delivery"], project_id, webhook_id, id)
    return None if row is None else Delivery(**row)


async def list_attempts(connection: Connection, project_id: int, delivery_id: str) -> list[Attempt]:
    return [Attempt(**row) for row in await connection.fetch(SQL["list_attempts"], project_id, delivery_id)]


async def list_deliveries(
    connection: Connection, project: Project, narrowing: Narrowing, **page: Any
) -> list[Delivery]:
    rows: list[asyncpg.Record] = await LIST.rows(connection, project, narrowing, **page)
    return [Delivery(**row) for row in rows]


async def count_deliveries(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)


async def send_again(
    connection: Connection,
    project_id: int,
    webhook_id: str,
    now: datetime,
    limit: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    id: str | None = None,
) -> int:
    """How many get another round of attempts."""
    rows = await connection.fetch(SQL["send_again"], project_id, webhook_id, since, until, status, id, limit, now)
    return len(rows)


async def clear_deliveries(
    connection: Connection, project_id: int, *, ended_before: datetime, delivered_before: datetime, limit: int
) -> int:
    return int(await connection.fetchval(SQL["clear_deliveries"], project_id, ended_before, delivered_before, limit))
