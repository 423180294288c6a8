"""The log has what happened to one thing in the order in which it happened, whoever began first."""

import asyncio

import asyncpg

from largesse.domain.projects import Project
from largesse.store import events
from largesse.store.connection import Connection, Pool, set_codecs
from largesse.store.events import BEGINNING
from tests.events.log import readable


async def write(connection: Connection, project: Project, name: str) -> None:
    """A change of the one thing that all of them fight for, and its event."""
    await connection.execute("UPDATE projects SET name = $2 WHERE id = $1", project.id, name)
    await events.append_event(connection, project.id, name, "voucher.updated", "v_1", {}, "v-1", "k")


async def test_who_waited_for_the_other_comes_behind_him(pool: Pool, project: Project, database_url: str) -> None:
    early, late = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    for connection in (early, late):
        await set_codecs(connection)
    try:
        async with early.transaction():
            await early.fetchval("SELECT pg_current_xact_id()")  # it has its number, and changes something else first
            async with late.transaction():
                await write(late, project, "first")
                waiting = asyncio.create_task(write(early, project, "second"))
                await asyncio.sleep(0.2)
                assert not waiting.done()
            await waiting
            async with pool.acquire() as reader:  # nobody sees a part of it
                assert await events.read_events(reader, project.id, BEGINNING, 9) == []
        await readable(pool)
        async with pool.acquire() as reader:
            found = await events.read_events(reader, project.id, BEGINNING, 9)
        assert [event.id for event in found] == ["first", "second"]
        assert await pool.fetchval("SELECT name FROM projects WHERE id = $1", project.id) == "second"
    finally:
        await early.close()
        await late.close()
