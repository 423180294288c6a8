"""The event log: written with each change, read by cursor.

A cursor is (transaction id, sequence). Readers stop where a transaction that is under way could still write, so a
long one delays what they see and never makes them skip anything.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("events")
SCANNED_MAX: Final = 1_000
"""Events that one page of a type looks at."""


class Cursor(NamedTuple):
    """A place in a project's log: the last event that was dealt with. Transaction ids have 64 bits."""

    xid: int
    seq: int


BEGINNING: Final = Cursor(0, 0)


class Event(NamedTuple):
    """A row of the log. `data` holds the records as they were; `request_id` and `actor` say who made the change."""

    cursor: Cursor
    id: str
    type: str
    entity_id: str
    data: dict[str, Any]
    request_id: str | None
    actor: str | None
    created_at: datetime


async def append_event(
    connection: Connection, project_id: int, id: str, type: str, entity_id: str, data: Any, request_id: str, actor: str
) -> None:
    await connection.execute(SQL["append_event"], project_id, id, type, entity_id, data, request_id, actor)


async def append_events(
    connection: Connection,
    project_id: int,
    ids: list[str],
    type: str,
    entity_ids: list[str],
    data: list[Any],
    request_id: str,
    actor: str,
) -> None:
    await connection.execute(SQL["append_events"], project_id, ids, type, entity_ids, data, request_id, actor)


async def start_reader(connection: Connection, project_id: int, reader: str) -> None:
    """Let a reader see what is committed from now on. Nothing happens when it reads the project already."""
    await connection.execute(SQL["start_reader"], project_id, reader)


async def waiting_projects(connection: Connection, reader: str) -> list[int]:
    """The projects with events that the reader hasn't dealt with; those that are being read now, too."""
    return [row["project_id"] for row in await connection.fetch(SQL["waiting_projects"], reader)]


async def claim_cursor(connection: Connection, project_id: int, reader: str) -> Cursor | None:
    """Where the reader is, held until the transaction ends; None when another process has it or nobody started it.

    `read_events`, whatever is to be done with them, and `move_cursor` follow in the same transaction: then every event
    is dealt with exactly once, whoever dies when.
    """
    row = await connection.fetchrow(SQL["claim_cursor"], project_id, reader)
    return None if row is None else Cursor(int(row["xid"]), row["seq"])


async def walk(connection: Connection, text: str, *arguments: Any) -> list[asyncpg.Record]:
    """Rows of a statement that reads the log on, by its index. In a transaction."""
    await connection.execute(SQL["walk"])
    rows = await connection.fetch(text, *arguments)
    await connection.execute(SQL["walk_ends"])
    return rows


async def read_events(
    connection: Connection, project_id: int, after: Cursor, limit: int, *, types: list[str] | None = None
) -> list[Event]:
    """At most `limit` events behind a place, in order. Fewer: the log ends there for now."""
    rows = await walk(connection, SQL["read_events"], project_id, str(after.xid), after.seq, limit, types)
    return [_event(row) for row in rows]


def _event(row: asyncpg.Record) -> Event:
    columns = (row[name] for name in ("id", "type", "entity_id", "data", "request_id", "actor", "created_at"))
    return Event(Cursor(int(row["xid"]), row["seq"]), *columns)


async def page_of_events(
    connection: Connection, project_id: int, after: Cursor, limit: int, *, type: str | None = None
) -> tuple[list[Event], Cursor, bool]:
    """At most `limit` events, the place behind them, and whether more follows.

    With a type a bounded piece of the log is looked through: there may be fewer, or none, though more follows.
    """
    scanned = limit + 1 if type is None else SCANNED_MAX
    types = None if type is None else [type]
    rows = await walk(connection, SQL["scan_events"], project_id, str(after.xid), after.seq, scanned, types)
    found: list[Event] = []
    for passed, row in enumerate(rows):
        if len(found) == limit:
            return found, Cursor(int(rows[passed - 1]["xid"]), rows[passed - 1]["seq"]), True
        if row["data"] is not None:
            found.append(_event(row))
    end = Cursor(int(rows[-1]["xid"]), rows[-1]["seq"]) if rows else after
    return found, end, len(rows) == scanned


async def before_last(connection: Connection, project_id: int, count: int) -> Cursor:
    """The place behind which the last `count` events stand."""
    row = await connection.fetchrow(SQL["before_last"], project_id, count)
    return BEGINNING if row is None else Cursor(int(row["xid"]), row["seq"])


async def move_cursor(connection: Connection, project_id: int, reader: str, to: Cursor) -> None:
    await connection.execute(SQL["move_cursor"], project_id, reader, str(to.xid), to.seq)


async def is_ahead(connection: Connection, project_id: int, place: Cursor | None = None) -> bool:
    """Whether a place, or anything of the project, is of another PostgreSQL than this: of one that was dumped.

    A dump keeps the transaction ids of rows, and the server that it is restored to counts from the beginning.
    """
    xid = None if place is None else str(place.xid)
    return bool(await connection.fetchval(SQL["is_ahead"], project_id, xid))


async def settle(connection: Connection, project_id: int) -> None:
    """After a dump was restored: what is in the log comes before all that will be. The caller has a transaction.

    Of what was written at the same time as the last event that a reader dealt with it may see some a second time.
    """
    for name in ("settle_cursors", "settle_log", "settle_deliveries", "settle_distributions"):
        await connection.execute(SQL[name], project_id)
