"""An API process hears which keys changed, and trusts nothing it remembers once it may have missed something."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from largesse.domain.projects import Project
from largesse.runtime import listen
from largesse.runtime.listen import listen_for_keys
from largesse.store.connection import Pool
from largesse.store.keys import create_key, revoke_key


class Memory:
    """Records what it was told to forget."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    def forget(self, app_id: str) -> None:
        self.told.put_nowait(app_id)

    def forget_all(self) -> None:
        self.told.put_nowait("*")

    async def next(self) -> str:
        return await asyncio.wait_for(self.told.get(), 5)


@pytest.fixture
async def memory(database_url: str) -> AsyncIterator[Memory]:
    memory = Memory()
    ear = asyncio.create_task(listen_for_keys(database_url, memory))
    yield memory
    ear.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ear


async def test_a_created_and_a_revoked_key_are_heard(memory: Memory, pool: Pool, project: Project) -> None:
    assert await memory.next() == "*"  # it has just begun to listen
    async with pool.acquire() as connection:
        await create_key(connection, "app", "t", kind="server", project=project)
        assert await memory.next() == "app"
        await revoke_key(connection, "app")
        assert await memory.next() == "app"


async def test_it_still_hears_after_it_has_looked_whether_the_connection_lives(
    database_url: str, pool: Pool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "HEARTBEAT_INTERVAL_S", 0.05)
    memory = Memory()
    ear = asyncio.create_task(listen_for_keys(database_url, memory))
    assert await memory.next() == "*"
    await asyncio.sleep(0.3)
    assert not ear.done()
    async with pool.acquire() as connection:
        await create_key(connection, "app", "t", kind="server", project=project)
    assert await memory.next() == "app"  # and nothing was forgotten meanwhile: the connection was never lost
    ear.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ear


async def test_after_a_lost_connection_everything_is_forgotten_and_it_hears_again(
    memory: Memory, pool: Pool, database_url: str, project: Project
) -> None:
    assert await memory.next() == "*"
    other = await asyncpg.connect(database_url)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    assert await memory.next() == "*"  # lost
    assert await memory.next() == "*"  # and found again
    async with pool.acquire() as connection:
        await create_key(connection, "app", "t", kind="server", project=project)
    assert await memory.next() == "app"
    await other.close()


async def test_a_database_that_is_down_is_waited_for() -> None:
    memory = Memory()
    ear = asyncio.create_task(listen_for_keys("postgresql://u:p@127.0.0.1:1/x", memory))
    assert await memory.next() == "*"
    assert await memory.next() == "*"
    assert not ear.done()
    ear.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ear
