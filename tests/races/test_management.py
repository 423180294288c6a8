"""Many who change keys and schemas at once, and caches that must hear of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from largesse.actions.keys import create_key, rotate_key
from largesse.actions.metadata_schemas import create_schema, delete_schema, update_schema
from largesse.actions.scope import Scope
from largesse.auth.keys import KeyCache
from largesse.domain.errors import DuplicateFound, InvalidPayload, Unauthorized
from largesse.domain.metadata_schemas import Definition
from largesse.domain.projects import Project
from largesse.runtime.listen import listen_for_keys
from largesse.store.connection import Pool
from largesse.store.metadata_schemas import list_schemas
from largesse.wire.metadata_schemas import DefinitionInput, SchemaInput
from tests.factories.campaigns import IDS

FOREVER_S = 10_000
WITHIN_S = 5
NUMBER = SchemaInput(related_object="publication", properties={"a": DefinitionInput(type="number")})


@contextlib.asynccontextmanager
async def scope_of(pool: Pool, project: Project) -> AsyncIterator[Scope]:
    async with pool.acquire() as connection, connection.transaction():
        yield Scope(connection=connection, project=project, ids=IDS, request_id="v-1", actor="test")


@pytest.fixture
async def process(database_url: str, pool: Pool) -> AsyncIterator[KeyCache]:
    """What an API process remembers, for ever unless it is told; it listens by a connection of its own."""
    cache = KeyCache(pool, ttl_s=FOREVER_S)
    ear = asyncio.create_task(listen_for_keys(database_url, cache))
    while not await pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    yield cache
    ear.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ear


async def becomes(ask: Any, wanted: Any) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await ask() != wanted:
            await asyncio.sleep(0.005)


async def test_every_process_hears_of_a_changed_schema(process: KeyCache, pool: Pool, project: Project) -> None:
    async def known() -> list[str]:
        return [name for schema in (await process.schemas(project.id)).values() for name in sorted(schema.properties)]

    assert await known() == []
    async with scope_of(pool, project) as scope:
        schema = await create_schema(scope, NUMBER.schema(IDS.new("ms_")))
        assert await known() == []  # not committed yet
    await becomes(known, ["a"])
    async with scope_of(pool, project) as scope:
        await update_schema(scope, schema.id, {"properties": {"b": Definition(type="string")}})
    await becomes(known, ["a", "b"])
    async with scope_of(pool, project) as scope:
        await delete_schema(scope, schema.id)
    await becomes(known, [])


async def test_the_old_token_dies_in_every_process(process: KeyCache, pool: Pool, project: Project) -> None:
    async with pool.acquire() as connection:
        key, token = await create_key(connection, project, kind="server")
        await process.resolve(key.app_id, token)
        _, fresh = await rotate_key(connection, key.app_id)

    async def opens() -> tuple[bool, bool]:
        return await _opens(process, key.app_id, token), await _opens(process, key.app_id, fresh)

    await becomes(opens, (False, True))


async def _opens(process: KeyCache, app_id: str, token: str) -> bool:
    try:
        await process.resolve(app_id, token)
    except Unauthorized:
        return False
    return True


async def test_there_are_five_management_keys_however_many_ask_at_once(pool: Pool) -> None:
    async def one() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            try:
                await create_key(connection, None, kind="management")
            except InvalidPayload:
                return False
            return True

    assert sorted(await asyncio.gather(*(one() for _ in range(16)))) == [False] * 11 + [True] * 5


async def test_a_resource_has_one_schema_and_no_definition_is_lost(pool: Pool, project: Project) -> None:
    async def create() -> str | None:
        async with scope_of(pool, project) as scope:
            return (await create_schema(scope, NUMBER.schema(IDS.new("ms_")))).id

    made = await asyncio.gather(*(create() for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, DuplicateFound) for one in made) == 7
    (id_,) = [one for one in made if isinstance(one, str)]

    async def extend(name: str) -> None:
        async with scope_of(pool, project) as scope:
            await update_schema(scope, id_, {"properties": {name: Definition(type="string")}})

    await asyncio.gather(*(extend(f"k{n}") for n in range(20)))
    async with pool.acquire() as connection:
        schema = (await list_schemas(connection, project.id))["publication"]
    assert len(schema.properties) == 21
