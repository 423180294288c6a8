"""Connections and pools: codecs, timeouts and the settings that the publish statement needs."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeAlias, cast

import asyncpg
import msgspec

from largesse.domain.errors import Unavailable
from largesse.store.sql import load

_JSONB_VERSION = b"\x01"  # the first byte of PostgreSQL's binary jsonb format
# Quoted: the classes are generic for the type checker only.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connect: TypeAlias = "Callable[[], AbstractAsyncContextManager[Connection]]"
"""A way to a connection for a moment, for what mostly needs none."""

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 60.0
ACQUIRE_TIMEOUT_S = 5.0  # how long a request waits for a connection before it is told to come back
# After these a server that doesn't even keep its own statement_timeout is taken for gone.
LOOKUP_LIMIT_S = 5.0
PUBLISH_LIMIT_S = 8.0
REQUEST_LIMIT_S = 15.0
PLAN_AGAIN_EVERY = 4_096  # publish statements: tables that grow more slowly than by half have been analysed by then

# jit off everywhere: compiling a statement takes longer than any of ours runs, and a generic plan of the publish
# statement would be compiled anew for every batch.
API_SETTINGS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",
}
# A plan that a job made while a table was empty would read all of it, name by name, when it has filled up.
JOB_SETTINGS = {
    "statement_timeout": "50s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
}
# Planning the statement takes longer than running it, so its plan is kept; PublishConnection says for
# how long. Sequential scans are never right in it.
PUBLISH_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
    "lock_timeout": "250ms",
    "statement_timeout": "2s",
    "synchronous_commit": "on",
}


def _encode_json(value: Any) -> bytes:
    return _JSONB_VERSION + msgspec.json.encode(value)


def _decode_json(data: bytes) -> Any:
    return msgspec.json.decode(data[1:])


async def set_codecs(connection: Connection) -> None:
    """Jsonb to and from plain Python values."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_json, decoder=_decode_json, format="binary"
    )


async def _prepare_to_publish(connection: Connection) -> None:
    await set_codecs(connection)
    await connection.execute(load("cluster")["plan_for_citus"])


async def create_pool(
    database_url: str, *, size: int, settings: dict[str, str], application: str, prepared: bool = True
) -> Pool:
    """A pool of at most `size` connections. Connects lazily: a database that is down makes requests fail, not start.

    `prepared` False: for a PgBouncer that doesn't carry prepared statements from one server connection to the next.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=size,
        init=_prepare_to_publish if settings is PUBLISH_SETTINGS else set_codecs,
        # Single statements leave nothing behind: the publish path saves the round trip.
        connection_class=PublishConnection if settings is PUBLISH_SETTINGS else asyncpg.Connection,
        reset=_leave_as_is if settings is PUBLISH_SETTINGS or not prepared else None,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        # The publish statement is larger than what asyncpg keeps prepared by default, and takes longer to plan than
        # to run: it is prepared once per connection, for good.
        statement_cache_size=100 if prepared else 0,
        max_cacheable_statement_size=0,
        max_cached_statement_lifetime=0,
        server_settings={"application_name": application, "timezone": "UTC", **settings},
    )


class PublishConnection(asyncpg.Connection):  # generic for the type checker only
    """Has the kept plan of the publish statement made anew after 1, 2, 4, 8 … statements, as the tables grow.

    While they are empty all indexes cost the planner the same, and it may take one whose first column alone is of use:
    a plan of that moment read 20,000 customers and links for each code that it handed out, until autovacuum came by. A
    plan made when the tables had half of today's rows knows better.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._statements = 0

    async def fetch(self, query: str, *args: object, **kwargs: Any) -> Any:
        self._statements += 1
        if self._statements.bit_count() == 1 or self._statements % PLAN_AGAIN_EVERY == 0:
            await self.execute("DISCARD PLANS")
        return await super().fetch(query, *args, **kwargs)


async def _leave_as_is(_connection: Connection) -> None:
    pass


@asynccontextmanager
async def acquire(pool: Pool, *, limit_s: float | None = None) -> AsyncIterator[Connection]:
    """A connection of the pool. Raises Unavailable when none can be had, or when PostgreSQL goes away meanwhile.

    After `limit_s` the connection is cut, whatever it is doing: a time limit on the call wouldn't do, because asyncpg
    first asks a server that hangs to cancel, and then waits for that.
    """
    try:
        connection = await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
    except OSError as error:  # refused, reset, no such socket; TimeoutError is one too
        raise Unavailable from error
    except Exception as error:
        if is_unavailable(error):
            raise Unavailable from error
        raise
    watchdog = None if limit_s is None else asyncio.get_running_loop().call_later(limit_s, connection.terminate)
    try:
        yield connection
    except Exception as error:
        if is_read_only(error):
            await _throw_away(pool, connection)
        if is_unavailable(error) or (isinstance(error, asyncpg.PostgresError) and connection.is_closed()):
            raise Unavailable from error
        raise
    finally:
        if watchdog is not None:
            watchdog.cancel()
        await _give_back(pool, connection)


async def _throw_away(pool: Pool, connection: Connection) -> None:
    """A session that began while its server was read-only may stay so when the server isn't any more, and those that
    began beside it may, too. A pool would hand them out for ever: all are replaced.
    """
    connection.terminate()
    await pool.expire_connections()


async def _give_back(pool: Pool, connection: Connection) -> None:
    """A connection that died can't be made ready for the next: asyncpg drops it, and what was done with it is done."""
    try:
        await pool.release(cast("Any", connection))
    except Exception as error:
        if not is_unavailable(error):
            raise


# Classes of SQLSTATE: 08 connection, 40 rolled back (deadlock, serialisation), 53 resources, 57 operator (shutdown,
# start, cancelled by a timeout), 58 system (an I/O error).
_UNAVAILABLE_CLASSES: Final = frozenset({"08", "40", "53", "57", "58"})
_READ_ONLY: Final = "25006"
# A lock that wasn't had in time, a session or transaction that was idle for too long.
_UNAVAILABLE_STATES: Final = frozenset({_READ_ONLY, "55P03", "25P03", "25P04"})
_INTERNAL: Final = "XX000"
_ENDS_THE_SESSION: Final = frozenset({"FATAL", "PANIC"})
# What poolers and extensions say with XX000 when the connection behind them is gone.
_LOST: Final = re.compile(
    r"connection\b.*\b(?:lost|closed|terminated|reset|refused|fail\w*|broken|abort\w*|timed out)"
    r"|could not (?:connect|receive|send|establish)|(?:lost|no|terminating) connection"
    r"|server (?:closed|conn crashed|is down|not available)|broken pipe|recovery",
    re.IGNORECASE | re.DOTALL,
)
# What asyncpg itself meets when the server goes away in the middle of a message.
_CLIENT_SIDE: Final = (asyncpg.InternalClientError, ConnectionError, TimeoutError)


def took_too_long(error: BaseException | None) -> bool:
    """Whether a statement ran into its time limit: it would do so again."""
    return isinstance(error, asyncpg.QueryCanceledError) and "statement timeout" in str(error)


def is_read_only(error: BaseException) -> bool:
    """Whether the session can't write: its server is a standby, or was one when the session began."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate == _READ_ONLY


def is_unavailable(error: BaseException) -> bool:
    """Whether PostgreSQL is gone, going, too busy or read-only: the caller may try again.

    The one place that decides it, for the API, jobs, the publisher and commands.
    """
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return (
            state[:2] in _UNAVAILABLE_CLASSES
            or state in _UNAVAILABLE_STATES
            or getattr(error, "severity_en", None) in _ENDS_THE_SESSION
            or (state == _INTERNAL and _LOST.search(str(error)) is not None)
        )
    if isinstance(error, asyncpg.InterfaceError):
        # The same class says "the connection is closed" and "the server expects 2 arguments": only the text differs.
        return any(word in str(error) for word in ("closed", "closing", "cancelling", "released back"))
    return isinstance(error, _CLIENT_SIDE)
