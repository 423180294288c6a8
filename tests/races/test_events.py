"""The event log is read completely, once, and in order, whatever is committed when."""

import asyncio

import asyncpg
import pytest

from largesse.domain.projects import Project
from largesse.store import events
from largesse.store.connection import Connection, Pool
from largesse.store.events import BEGINNING, Cursor
from tests.events.log import readable

READER = "webhooks"


async def write(connection: Connection, project: Project, *names: str) -> None:
    for name in names:
        await events.append_event(connection, project.id, name, "voucher.created", f"v_{name}", {}, "v-1", "test")


async def read(connection: Connection, project: Project, after: Cursor = BEGINNING, limit: int = 100) -> list[str]:
    return [event.id for event in await events.read_events(connection, project.id, after, limit)]


async def test_a_late_commit_is_waited_for_and_never_skipped(pool: Pool, project: Project) -> None:
    async with pool.acquire() as late, pool.acquire() as other:
        transaction = late.transaction()
        await transaction.start()
        await write(late, project, "late")
        await write(other, project, "soon")
        # The later one is committed, but behind one that is still under way.
        assert await read(other, project) == []
        assert await events.waiting_projects(other, READER) == []
        await transaction.commit()
        await readable(pool)
        assert await read(other, project) == ["late", "soon"]


async def test_a_page_begins_behind_its_cursor(pool: Pool, project: Project) -> None:
    async with pool.acquire() as connection:
        async with connection.transaction():
            await write(connection, project, "a", "b", "c")
        await write(connection, project, "d")
        await readable(pool)
        first = await events.read_events(connection, project.id, BEGINNING, 2)
        assert [event.id for event in first] == ["a", "b"]
        assert await read(connection, project, first[-1].cursor) == ["c", "d"]
        assert await events.read_events(connection, project.id, BEGINNING, 9, types=["customer.created"]) == []


async def test_a_reader_begins_with_what_is_not_committed_yet(pool: Pool, project: Project) -> None:
    async with pool.acquire() as late, pool.acquire() as other:
        await write(other, project, "before")
        await readable(pool)
        transaction = late.transaction()
        await transaction.start()
        await write(late, project, "late")
        await events.start_reader(other, project.id, READER)
        await transaction.commit()
        await write(other, project, "after")
        await events.start_reader(other, project.id, READER)  # goes on where it is
        await readable(pool)
        assert await events.waiting_projects(other, READER) == [project.id]
        async with other.transaction():
            cursor = await events.claim_cursor(other, project.id, READER)
            assert cursor is not None
            found = await events.read_events(other, project.id, cursor, 100)
            assert [event.id for event in found] == ["late", "after"]
            await events.move_cursor(other, project.id, READER, found[-1].cursor)
        assert await events.waiting_projects(other, READER) == []


async def test_one_process_reads_at_a_time_and_a_killed_one_leaves_nothing_half_done(
    database_url: str, pool: Pool, project: Project
) -> None:
    async with pool.acquire() as connection:
        await events.start_reader(connection, project.id, READER)
        await write(connection, project, "a")
        first = await asyncpg.connect(database_url)
        transaction = first.transaction()
        await transaction.start()
        cursor = await events.claim_cursor(first, project.id, READER)
        assert cursor is not None
        assert await events.claim_cursor(connection, project.id, READER) is None
        assert await events.claim_cursor(connection, project.id, "distributions") is None  # never started
        await events.move_cursor(first, project.id, READER, Cursor(cursor.xid, 10**9))
        first.terminate()
        for _ in range(100):
            if (found := await events.claim_cursor(connection, project.id, READER)) is not None:
                break
            await asyncio.sleep(0.02)
        assert found == cursor


@pytest.mark.slow
async def test_many_writers_and_readers_deal_with_every_event_exactly_once(pool: Pool, project: Project) -> None:
    writers, each = 4, 60
    seen: list[str] = []
    done = asyncio.Event()

    async def writing(number: int) -> None:
        for n in range(each):
            async with pool.acquire() as connection, connection.transaction():
                await write(connection, project, f"{number}-{n}")
                await asyncio.sleep(0.002 * (number + 1))

    async def reading() -> None:
        while True:
            ended = done.is_set()
            async with pool.acquire() as connection, connection.transaction():
                cursor = await events.claim_cursor(connection, project.id, READER)
                found = [] if cursor is None else await events.read_events(connection, project.id, cursor, 7)
                if found:
                    await events.move_cursor(connection, project.id, READER, found[-1].cursor)
                    seen.extend(event.id for event in found)
            if ended and not found and cursor is not None:
                return
            await asyncio.sleep(0.003)

    async with pool.acquire() as connection:
        await events.start_reader(connection, project.id, READER)
    readers = [asyncio.create_task(reading()) for _ in range(3)]
    await asyncio.gather(*(writing(number) for number in range(writers)))
    await readable(pool)
    done.set()
    await asyncio.gather(*readers)
    assert len(seen) == len(set(seen)) == writers * each
    for number in range(writers):
        assert [id for id in seen if id.startswith(f"{number}-")] == [f"{number}-{n}" for n in range(each)]
