"""PostgreSQL gone, going or too busy: 503 with Retry-After, never 500, and back by itself."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import httpx
import pytest

from largesse.actions.ids import IdSource
from largesse.auth.keys import KeyCache
from largesse.http.app import App, create_app
from largesse.http.routes import all_routes
from largesse.http.services import Services
from largesse.store.connection import API_SETTINGS, Pool, create_pool, is_unavailable
from largesse.wire.assets import AssetTokens
from tests.factories.vault import VAULT
from tests.http.conftest import KEY_HEADERS, client_of
from tests.http.probes import PROBES

NOBODY_LISTENS = "postgresql://postgres@127.0.0.1:9/postgres"


@pytest.fixture
async def dead_pool() -> AsyncIterator[Pool]:
    pool = await create_pool(NOBODY_LISTENS, size=2, settings=API_SETTINGS, application="largesse-test")
    yield pool
    await pool.close()


@pytest.fixture
def probe_app(services: Services) -> App:
    return create_app(services, PROBES)


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["key"] == "service_unavailable"
    assert int(answer.headers["retry-after"]) >= 1


async def test_without_a_database_nobody_is_refused_as_unknown(dead_pool: Pool) -> None:
    services = Services(
        pool=dead_pool, keys=KeyCache(dead_pool), ids=IdSource(), asset_tokens=AssetTokens(b"test"), vault=VAULT
    )
    async with client_of(create_app(services, [*all_routes(), *PROBES]), KEY_HEADERS) as client:
        for path in ("/v1/publications", "/v1/probes"):
            assert_unavailable(await client.post(path, json={"customer": "x"}))
        assert_unavailable(await client.get("/readyz"))
        assert (await client.get("/healthz")).status_code == 200


async def test_a_transaction_that_cannot_begin_is_unavailable(
    services: Services, dead_pool: Pool, api_key: dict[str, str]
) -> None:
    app = create_app(replace(services, pool=dead_pool), PROBES)  # the key is known, the database is gone
    async with client_of(app, api_key) as client:
        assert_unavailable(await client.post("/v1/probes/statement", content=b"SELECT 1"))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)",  # as statement_timeout does
    ],
)
async def test_a_connection_lost_in_between_is_unavailable_and_the_next_call_works(
    probe_app: App, api_key: dict[str, str], statement: str
) -> None:
    async with client_of(probe_app, api_key) as client:
        assert_unavailable(await client.post("/v1/probes/statement", content=statement.encode()))
        answer = await client.post("/v1/probes/statement", content=b"SELECT 1")
    assert (answer.status_code, answer.json()) == (200, {"value": 1})


async def test_a_mistake_in_a_statement_is_ours(probe_app: App, api_key: dict[str, str]) -> None:
    async with client_of(probe_app, api_key) as client:
        answer = await client.post("/v1/probes/statement", content=b"SELECT 1 / 0")
    assert answer.status_code == 500
    assert "division" not in answer.text


async def test_a_closed_connection_is_unavailable_and_a_wrong_argument_is_ours(pool: Pool) -> None:
    with pytest.raises((asyncpg.InterfaceError, asyncpg.DataError)) as wrong_type:
        await pool.fetchval("SELECT $1::int", "text")
    with pytest.raises(asyncpg.InterfaceError) as wrong_number:
        await pool.fetchval("SELECT $1::int", 1, 2)
    async with pool.acquire() as connection:
        await connection.close()
        with pytest.raises(asyncpg.InterfaceError) as closed:
            await connection.fetchval("SELECT 1")
    assert [is_unavailable(error.value) for error in (wrong_type, wrong_number, closed)] == [False, False, True]
