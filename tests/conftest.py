"""One PostgreSQL for the whole run, one migrated template in it, a cheap clone per test that needs its own."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from largesse.actions.ids import IdSource
from largesse.actions.publishing import Publisher
from largesse.domain.projects import Project
from largesse.store.connection import API_SETTINGS, PUBLISH_SETTINGS, Pool, create_pool
from largesse.store.migrate import migrate

TEMPLATE = "largesse_template"


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The superuser URL of a PostgreSQL for this run: LARGESSE_TEST_DATABASE_URL, or an embedded one."""
    if url := os.environ.get("LARGESSE_TEST_DATABASE_URL"):
        yield url
        return
    from tests.embedded import running_server

    with running_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated database to clone."""
    name = f"{TEMPLATE}_{secrets.token_hex(4)}"

    async def build() -> None:
        await execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        await migrate(with_database(server_url, name))

    asyncio.run(build())
    return name


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """A database of this test's own."""
    name = f"t_{secrets.token_hex(6)}"
    await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield with_database(server_url, name)
    await execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


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
