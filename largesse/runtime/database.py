"""Which database a command works on: an external one, the one of a running `serve`, or one of its own."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec

from largesse.runtime.directory import LASTING, DataDirectory, read_json
from largesse.runtime.postgres import running
from largesse.runtime.refusal import StartRefused
from largesse.runtime.settings import Settings
from largesse.store.connection import CONNECT_TIMEOUT_S, Connection, set_codecs
from largesse.store.installation import only_read
from largesse.store.migrate import check_schema, migrate
from largesse.store.vault import OtherSecretKey, Vault, claim_installation

ATTACH_TIMEOUT_S: Final = 60.0
ATTACH_POLL_S: Final = 0.1


def resolved(settings: Settings, directory: DataDirectory, url: str) -> Settings:
    """The settings with the embedded database's URL and the generated secret key."""
    key = settings.secret_key or directory.secret("secret_key")
    return msgspec.structs.replace(settings, database_url=url, secret_key=key)


@contextlib.asynccontextmanager
async def opened(settings: Settings, command: str, *, reads_only: bool = False) -> AsyncIterator[Settings]:
    """Settings whose database is there for the length of the block.

    Attaches to a running `serve` on the data directory; without one PostgreSQL runs for this command alone, and for one
    that only reads a database must be there already.
    """
    directory = DataDirectory(settings.data_path)
    if settings.database_url is not None:
        yield settings
        return
    if url := await running_url(directory):
        yield resolved(settings, directory, url)
        return
    if reads_only and not directory.has_database():
        raise StartRefused(f"There is no database in {directory.path}: choose the data directory with --data.")
    async with directory.owned(command), running(directory) as postgres:
        yield resolved(settings, directory, postgres.url)


async def running_url(directory: DataDirectory) -> str | None:
    """The URL that a running `serve` tells, None without one. One that is just starting is waited for."""
    deadline = time.monotonic() + ATTACH_TIMEOUT_S
    while (owner := directory.owner()) and owner.command in LASTING:
        told = read_json(directory.attach_file)
        if told.get("owner_pid") == owner.pid:
            return str(told["url"])
        if time.monotonic() > deadline:
            raise StartRefused(f"The server on {directory.path}, process {owner.pid}, has no database yet.")
        await asyncio.sleep(ATTACH_POLL_S)
    return None


async def bring_up_to_date(settings: Settings) -> list[str]:
    """Migrate, and make sure that the secret key is the installation's; return what was applied.

    Raises StartRefused or DatabaseRefused with a sentence.
    """
    with _usable(settings.direct_url):
        applied = await migrate(settings.direct_url)
        await _claim(settings)
    return applied


async def _claim(settings: Settings) -> None:
    """Raises StartRefused for an installation with another secret key."""
    assert settings.secret_key is not None
    connection = await asyncpg.connect(settings.direct_url, timeout=CONNECT_TIMEOUT_S)
    try:
        await set_codecs(connection)
        async with connection.transaction():
            await claim_installation(connection, Vault(settings.secret_key))
    except OtherSecretKey:
        raise StartRefused(
            f"LARGESSE_SECRET_KEY isn't the key of the installation in {place_of(settings.direct_url)}: all its servers"
            " need the same. `largesse secret-key rotate` changes it, or ends a change that was cut short."
        ) from None
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Connection]:
    """A connection that changes nothing. Raises StartRefused, and DatabaseRefused for another program's schema."""
    with _usable(settings.direct_url):
        connection = await asyncpg.connect(settings.direct_url, timeout=CONNECT_TIMEOUT_S)
    try:
        await only_read(connection)
        await check_schema(connection)
        await set_codecs(connection)
        yield connection
    finally:
        await connection.close()


def place_of(url: str) -> str:
    """Where a database is, without what opens it."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'its socket'}:{parts.port or 5432}{parts.path}"


@contextlib.contextmanager
def _usable(url: str) -> Iterator[None]:
    try:
        yield
    except asyncpg.LockNotAvailableError as error:
        raise StartRefused(f"Another process has been migrating the database {place_of(url)} for too long.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        reason = str(error) or type(error).__name__
        raise StartRefused(f"The database {place_of(url)} can't be used: {reason.rstrip('.')}.") from error
