"""Settings of a project: which can be, and how soon running servers follow."""

import pytest

from largesse.actions.projects import update_project
from largesse.auth.keys import KeyCache
from largesse.domain.errors import InvalidPayload, NotFound
from largesse.domain.projects import ProjectChanges
from largesse.store.keys import CHANNEL, create_key


async def test_origins_are_kept_as_browsers_send_them(pool, project):
    async with pool.acquire() as connection:
        changed = await update_project(connection, "Test", ProjectChanges(client_origins=["https://Shop.Example:8443"]))
    assert changed.client_origins == ["https://shop.example:8443"]
    assert changed.allows_origin("https://shop.example:8443")
    assert not changed.allows_origin("")


@pytest.mark.parametrize(
    "changes",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"time_zone": ""},
        {"on_known_source_id": "maybe"},
        {"client_origins": ["shop.example"]},
        {"client_origins": ["https://shop.example/path"]},
        {"client_origins": ["*"] * 101},
    ],
)
async def test_a_setting_that_cannot_be_changes_nothing(pool, project, changes):
    async with pool.acquire() as connection:
        with pytest.raises(InvalidPayload):
            await update_project(connection, "Test", ProjectChanges(**{"client_publish": True} | changes))
        assert not await connection.fetchval("SELECT client_publish FROM projects")


async def test_an_unknown_project_is_not_found(pool):
    async with pool.acquire() as connection:
        with pytest.raises(NotFound):
            await update_project(connection, "nobody", ProjectChanges(client_publish=True))


async def may_publish(cache: KeyCache) -> bool:
    project = (await cache.resolve("app", "token")).project
    assert project is not None
    return project.client_publish


async def test_who_remembers_a_key_of_the_project_is_told_to_forget_it(pool, project):
    cache = KeyCache(pool, ttl_s=3600)
    async with pool.acquire() as connection, pool.acquire() as ear:
        await create_key(connection, "app", "token", kind="client", project=project)
        assert not await may_publish(cache)
        await ear.add_listener(CHANNEL, lambda *heard: cache.forget(heard[-1]))
        await update_project(connection, "Test", ProjectChanges(client_publish=True))
        await ear.execute("SELECT")  # what was told has arrived before this is answered
        assert await may_publish(cache)
        await ear.reset()
