"""Keys are found by their public half, hashed, revoked for ever, and every change is told."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from largesse.domain.errors import DuplicateFound, NotFound
from largesse.domain.keys import hash_token
from largesse.domain.projects import Project
from largesse.store.connection import Connection, Pool
from largesse.store.keys import CHANNEL, create_key, ensure_key, find_key, list_keys, revoke_key
from largesse.store.projects import create_project


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


async def test_a_key_is_found_with_its_project_and_without_its_token(connection: Connection, project: Project) -> None:
    await create_key(connection, "app", "the token", kind="server", project=project, name="shop")
    key = await find_key(connection, "app")
    assert key is not None
    assert (key.app_id, key.kind, key.name, key.project) == ("app", "server", "shop", project)
    assert key.token_hash == hash_token("the token") != b"the token"


async def test_a_management_key_has_no_project_and_no_other_may_lack_one(connection: Connection) -> None:
    await create_key(connection, "manager", "t", kind="management", project=None)
    key = await find_key(connection, "manager")
    assert key is not None
    assert key.project is None
    with pytest.raises(asyncpg.CheckViolationError):
        await create_key(connection, "stray", "t", kind="server", project=None)


async def test_a_revoked_key_is_unknown_and_stays_revoked(connection: Connection, project: Project) -> None:
    await create_key(connection, "app", "t", kind="server", project=project)
    await revoke_key(connection, "app")
    assert await find_key(connection, "app") is None
    assert await ensure_key(connection, "app", "t", kind="server", project=project) == "revoked"
    assert await find_key(connection, "app") is None
    with pytest.raises(NotFound):
        await revoke_key(connection, "app")


async def test_ensure_creates_once_and_says_when_the_key_there_is_another(
    pool: Pool, connection: Connection, project: Project
) -> None:
    other = await create_project(connection, "proj_Other0000000", "Other")

    async def ensure() -> str:
        async with pool.acquire() as own:
            return await ensure_key(own, "app", "t", kind="server", project=project)

    asked = await asyncio.gather(*(ensure() for _ in range(7)))
    assert sorted(asked) == ["created", *["present"] * 6]
    assert await ensure_key(connection, "app", "another", kind="server", project=project) == "different"
    assert await ensure_key(connection, "app", "t", kind="server", project=other) == "different"
    key = await find_key(connection, "app")
    assert key is not None
    assert key.token_hash == hash_token("t")


async def test_an_app_id_is_taken_for_ever(connection: Connection, project: Project) -> None:
    await create_key(connection, "app", "t", kind="server", project=project)
    await revoke_key(connection, "app")
    with pytest.raises(DuplicateFound):
        await create_key(connection, "app", "t2", kind="client", project=project)


async def test_keys_are_listed_by_project_with_the_revoked_ones(connection: Connection, project: Project) -> None:
    other = await create_project(connection, "proj_Other0000000", "Other")
    await create_key(connection, "one", "t", kind="server", project=project)
    await create_key(connection, "two", "t", kind="client", project=other)
    await create_key(connection, "three", "t", kind="management", project=None)
    await revoke_key(connection, "one")
    (one,) = await list_keys(connection, project)
    assert (one.app_id, one.project) == ("one", "Test")
    assert one.revoked_at is not None
    assert {key.app_id: key.project for key in await list_keys(connection)} == {
        "one": "Test",
        "two": "Other",
        "three": None,
    }


async def test_every_change_is_told_when_it_commits(
    connection: Connection, database_url: str, project: Project
) -> None:
    told: asyncio.Queue[object] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener(CHANNEL, lambda *heard: told.put_nowait(heard[-1]))
    async with connection.transaction():
        await ensure_key(connection, "app", "t", kind="server", project=project)
        await asyncio.sleep(0.05)
        assert told.empty()
    assert await asyncio.wait_for(told.get(), 5) == "app"
    await revoke_key(connection, "app")
    assert await asyncio.wait_for(told.get(), 5) == "app"
    await create_key(connection, "new", "t", kind="server", project=project)
    assert await asyncio.wait_for(told.get(), 5) == "new"
    await listener.close()
