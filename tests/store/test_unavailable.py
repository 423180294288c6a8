"""What counts as an unavailable database, by SQLSTATE, and what becomes of sessions that can't write."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from largesse.domain.errors import Unavailable
from largesse.store import readiness
from largesse.store.connection import API_SETTINGS, PUBLISH_SETTINGS, Pool, acquire, create_pool, is_unavailable
from tests.databases import execute

CONNECTIONS = 3


def error(state: str, message: str = "nothing to see", severity: str = "ERROR") -> asyncpg.PostgresError:
    made: asyncpg.PostgresError = asyncpg.PostgresError.new({"C": state, "M": message, "S": severity, "V": severity})
    return made


@pytest.mark.parametrize(
    "state",
    ["25006", "57P01", "57P02", "57P03", "57P04", "57P05", "57P09", "57014", "08000", "08001", "08003", "08004", "08006",
     "08007", "08P01", "08X99", "53100", "53200", "53300", "40001", "40P01", "55P03", "58030", "25P03", "25P04"],
)  # fmt: skip
def test_these_states_say_come_again(state: str) -> None:
    assert is_unavailable(error(state))


@pytest.mark.parametrize(
    "message",
    [
        "connection to client lost",
        "connection to the remote node localhost:5433 failed",
        "server closed the connection unexpectedly",
        "server conn crashed?",
        "the connection was terminated by the pooler",
        "could not receive data from server: Connection timed out",
        "cannot assign TransactionIds during recovery",
    ],
)
def test_an_internal_error_about_a_lost_connection_says_so_too(message: str) -> None:
    assert is_unavailable(error("XX000", message))


def test_an_error_that_ends_the_session_is_no_mistake_of_ours() -> None:
    assert is_unavailable(error("XX000", "invalid page", "FATAL"))
    assert is_unavailable(error("28P01", "password authentication failed", "FATAL"))


@pytest.mark.parametrize(("state", "message"), [
    ("XX000", "cache lookup failed for relation 1"), ("22012", "division by zero"), ("23505", "duplicate key"),
    ("42601", "syntax error at connection"), ("25P02", "current transaction is aborted"), ("25001", "active"),
])  # fmt: skip
def test_mistakes_in_statements_are_ours(state: str, message: str) -> None:
    assert not is_unavailable(error(state, message))


@pytest.fixture(params=[API_SETTINGS, PUBLISH_SETTINGS], ids=["api", "publish"])
async def failing_over(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Pool]:
    """A pool all of whose sessions began while the database was read-only, which it isn't any more."""
    name = urlsplit(database_url).path[1:]
    await execute(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    pool = await create_pool(database_url, size=CONNECTIONS, settings=request.param, application="largesse-test")
    held = [await pool.acquire() for _ in range(CONNECTIONS)]
    for connection in held:
        assert await connection.fetchval("SHOW transaction_read_only") == "on"
        await pool.release(connection)
    admin = await asyncpg.connect(database_url, server_settings={"default_transaction_read_only": "off"})
    await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    await admin.close()
    yield pool
    await pool.close()


async def test_one_refused_write_replaces_every_session_that_may_be_read_only(failing_over: Pool) -> None:
    with pytest.raises(Unavailable):
        async with acquire(failing_over) as connection:
            await readiness.write(connection)
    for _ in range(2 * CONNECTIONS):
        async with acquire(failing_over) as connection, connection.transaction():
            await readiness.write(connection)


async def test_reading_goes_on_in_a_read_only_session(failing_over: Pool) -> None:
    async with acquire(failing_over) as connection:
        assert await connection.fetchval("SELECT 1") == 1
