"""Databases for the tests: clones of a migrated template, and one that is emptied between tests.

Making and dropping a database takes half a second, emptying one takes 10 ms. A test that changes the schema gets a
clone of its own with the mark `own_database`; without the mark the next emptying fails and names the mark.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from largesse.store.migrate import migrate

# Everybody else is disconnected, then every table is emptied: small ones by DELETE, which makes no new files. Foreign
# keys are off meanwhile, so the order of the tables doesn't matter. What migrations wrote stays.
EMPTY = """
DO $$
DECLARE
    one record;
    filled boolean;
BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR one IN
        SELECT c.oid::regclass AS name, pg_relation_size(c.oid) > 65536 AS large
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('migrations', 'installation')
    LOOP
        IF one.large THEN
            EXECUTE format('TRUNCATE %s CASCADE', one.name);
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one.name) INTO filled;
            IF filled THEN
                EXECUTE format('DELETE FROM %s', one.name);
            END IF;
        END IF;
    END LOOP;
    UPDATE installation SET initialised_at = NULL, secret_fingerprint = NULL;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END
$$
"""
SCHEMA = """
SELECT md5(string_agg(part, E'\\n' ORDER BY part COLLATE "C")) FROM (
    SELECT format('%s %s %s', oid::regclass, relkind, reloptions) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s.%s %s %s', attrelid::regclass, attname, atttypid::regtype, attnotnull) FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
        AND attnum > 0
    UNION ALL
    SELECT format('%s %s', conname, conrelid::regclass) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT format('%s %s', oid::regprocedure, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('migration %s', name) FROM migrations
) AS parts (part)
"""


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def execute(url: str, statement: str) -> None:
    async with _connected(url) as connection:
        await connection.execute(statement)


async def make_template(server_url: str) -> str:
    """The name of a new migrated database."""
    name = f"largesse_template_{secrets.token_hex(4)}"
    await execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    await migrate(with_database(server_url, name))
    return name


async def clone(server_url: str, template: str) -> str:
    """The URL of a new copy of `template`."""
    name = f"t_{secrets.token_hex(6)}"
    await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    return with_database(server_url, name)


async def drop(server_url: str, url: str) -> None:
    await execute(server_url, f"DROP DATABASE {urlsplit(url).path.removeprefix('/')} WITH (FORCE)")


class Shared:
    """A database that many tests use, one after the other."""

    def __init__(self, server_url: str, template: str) -> None:
        self._server_url = server_url
        self._template = template
        self._url: str | None = None
        self._schema = ""

    async def ready(self) -> str:
        """The URL of the database, which is made for the first test that wants one."""
        if self._url is None:
            self._url = await clone(self._server_url, self._template)
            async with _connected(self._url) as connection:
                self._schema = await connection.fetchval(SCHEMA)
        return self._url

    async def empty(self) -> None:
        """Disconnect everybody and remove every row. Raises AssertionError if the schema isn't what it was."""
        url = await self.ready()
        async with _connected(url) as connection:
            try:
                changed = await connection.fetchval(SCHEMA) != self._schema
            except asyncpg.UndefinedTableError:
                changed = True
            if not changed:
                await connection.execute(EMPTY)
        if changed:
            self._url = None
            await drop(self._server_url, url)
            raise AssertionError("This test changed the schema: mark it with pytest.mark.own_database.")


@asynccontextmanager
async def _connected(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
