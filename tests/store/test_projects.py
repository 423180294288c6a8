"""Projects are unique by name and found by what people type."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from largesse.domain.errors import DuplicateFound, NotFound
from largesse.domain.projects import Project, ProjectChanges
from largesse.store.connection import Connection, Pool
from largesse.store.projects import (
    create_project,
    ensure_project,
    find_project,
    get_project,
    list_projects,
    update_project,
)


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


async def test_a_project_is_found_by_id_by_public_id_and_by_name(connection: Connection) -> None:
    project = await create_project(
        connection, "proj_One000000000", "One", time_zone="Europe/Warsaw", case_sensitive_codes=False
    )
    assert (project.time_zone, project.case_sensitive_codes) == ("Europe/Warsaw", False)
    assert await get_project(connection, project.id) == project
    assert await find_project(connection, "proj_One000000000") == project
    assert await find_project(connection, "One") == project
    assert await find_project(connection, "one") is None
    assert await get_project(connection, project.id + 1) is None


async def test_a_public_id_isnt_hidden_by_a_project_of_that_name(connection: Connection) -> None:
    first = await create_project(connection, "proj_One000000000", "One")
    await create_project(connection, "proj_Two000000000", "proj_One000000000")
    assert await find_project(connection, "proj_One000000000") == first


async def test_a_name_is_taken_once(connection: Connection) -> None:
    await create_project(connection, "proj_One000000000", "One")
    with pytest.raises(DuplicateFound) as refusal:
        await create_project(connection, "proj_Two000000000", "One")
    assert refusal.value.resource_id == "One"


async def test_several_starts_at_once_make_one_project(pool: Pool) -> None:
    async def ensure(number: int) -> Project:
        async with pool.acquire() as own:
            return await ensure_project(own, f"proj_{number:012}", "default")

    made = await asyncio.gather(*(ensure(number) for number in range(8)))
    assert len({project.id for project in made}) == 1
    async with pool.acquire() as connection:
        assert await list_projects(connection) == [made[0]]


async def test_what_an_update_does_not_name_stays(connection: Connection) -> None:
    project = await create_project(connection, "proj_One000000000", "One", time_zone="Europe/Warsaw")
    changes = ProjectChanges(client_origins=["https://a.example"], client_publish=True)
    await update_project(connection, project.id, changes)
    await update_project(connection, project.id, ProjectChanges(on_known_source_id="strict"))
    found = await get_project(connection, project.id)
    assert found is not None
    assert (found.time_zone, found.on_known_source_id) == ("Europe/Warsaw", "strict")
    assert (found.client_origins, found.client_publish) == (["https://a.example"], True)
    with pytest.raises(NotFound):
        await update_project(connection, project.id + 1, changes)
