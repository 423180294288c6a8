"""One PostgreSQL for each process of the run, in it a migrated template and a database that is emptied between tests."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from largesse.actions.ids import IdSource
from largesse.actions.publishing import Publisher
from largesse.domain.projects import Project
from largesse.store.connection import API_SETTINGS, PUBLISH_SETTINGS, Pool, create_pool
from tests import databases


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The superuser URL of a PostgreSQL for this run: LARGESSE_TEST_DATABASE_URL, or an embedded one."""
    if url := os.environ.get("LARGESSE_TEST_DATABASE_URL"):
        yield url
        return
    from tests.embedded import running_server

    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated database to clone."""
    return asyncio.run(databases.make_template(server_url))


@pytest.fixture(scope="session")
def shared_database(server_url: str, template: str) -> databases.Shared:
    return databases.Shared(server_url, template)


@pytest.fixture
async def database_url(
    request: pytest.FixtureRequest, server_url: str, template: str, shared_database: databases.Shared
) -> AsyncIterator[str]:
    """An empty migrated database: the run's shared one, or with the mark `own_database` one of the test's own."""
    if request.node.get_closest_marker("own_database"):
        url = await databases.clone(server_url, template)
        yield url
        await databases.drop(server_url, url)
    else:
        yield await shared_database.ready()
        await shared_database.empty()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections as the API has them."""
    pool = await create_pool(database_url, size=8, settings=API_SETTINGS, application="largesse-test")
    yield pool
    await pool.close()


@pytest.fixture
async def project(pool: Pool) -> Project:
    row = await pool.fetchrow(
        "INSERT INTO projects (public_id, name) VALUES ('proj_Test00000000', 'Test') RETURNING id, public_id, name"
    )
    assert row is not None
    return Project(**row)


@pytest.fixture
async def publisher(database_url: str) -> AsyncIterator[Publisher]:
    """A publisher on connections as the publish path has them."""
    pool = await create_pool(database_url, size=2, settings=PUBLISH_SETTINGS, application="largesse-test-publish")
    yield Publisher(pool, IdSource())
    await pool.close()


ROOT = Path(__file__).parent.parent
