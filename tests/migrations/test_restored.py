"""A dump holds the transaction ids of the server it was made on; the one that it is restored to counts from the
beginning. The log must go on all the same.
"""

from largesse.domain.projects import Project
from largesse.store import events
from largesse.store.connection import Pool
from largesse.store.events import BEGINNING
from largesse.store.migrate import migrate
from tests.events.log import readable

READER = "webhooks"
FAR = 1 << 40


async def test_a_restored_log_is_read_on_from_where_its_readers_were(
    pool: Pool, project: Project, database_url: str
) -> None:
    async with pool.acquire() as connection:
        await events.start_reader(connection, project.id, READER)
        for name in ("read", "unread 1", "unread 2"):
            await events.append_event(connection, project.id, name, "voucher.created", "v", {}, "v-1", "k")
        await readable(pool)
        [first, *_] = await events.read_events(connection, project.id, BEGINNING, 9)
        await events.move_cursor(connection, project.id, READER, first.cursor)
        # What a restore leaves: everything as it was, on a server whose own counter is far behind.
        await connection.execute("UPDATE events SET xid = (xid::text::numeric + $1::bigint)::text::xid8", FAR)
        await connection.execute("UPDATE event_cursors SET xid = (xid::text::numeric + $1::bigint)::text::xid8", FAR)
        await events.append_event(connection, project.id, "new", "voucher.created", "v", {}, "v-1", "k")
        assert await events.is_ahead(connection, project.id)
        assert await migrate(database_url) == []
        assert not await events.is_ahead(connection, project.id)
        await readable(pool)
        cursor = await events.claim_cursor(connection, project.id, READER)
        assert cursor is not None
        found = await events.read_events(connection, project.id, cursor, 9)
        assert [event.id for event in found] == ["unread 1", "unread 2", "new"]
        await migrate(database_url)  # nothing more to do
        assert await events.claim_cursor(connection, project.id, READER) == cursor
