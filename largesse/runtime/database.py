"""Which database a command works on: an external one, the one of a running `serve`, or one of its own."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec

from largesse.runtime.directory import LASTING, DataDirectory, read_json
from largesse.runtime.postgres import running
from largesse.runtime.refusal import StartRefused
from largesse.runtime.settings import Settings
from largesse.store.migrate import migrate

ATTACH_TIMEOUT_S: Final = 60.0
ATTACH_POLL_S: Final = 0.1


def resolved(settings: Settings, directory: DataDirectory, url: str) -> Settings:
    """The settings with the embedded database's URL and the generated secret key."""
    key = settings.secret_key or directory.secret("secret_key")
    return msgspec.structs.replace(settings, database_url=url, secret_key=key)


@contextlib.asynccontextmanager
async def opened(settings: Settings, command: str) -> AsyncIterator[Settings]:
    """Settings whose database is there for the length of the block.

    Attaches to a running `serve` on the data directory; without one PostgreSQL runs for this command alone.
    """
    directory = DataDirectory(settings.data_path)
    if settings.database_url is not None:
        yield settings
        return
    if url := await running_url(directory):
        yield resolved(settings, directory, url)
        return
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
    """Migrate; return what was applied. Raises StartRefused or DatabaseRefused with a sentence."""
    url = settings.direct_url
    parts = urlsplit(url)
    where = f"{parts.hostname or 'its socket'}:{parts.port or 5432}{parts.path}"
    try:
        return await migrate(url)
    except asyncpg.LockNotAvailableError as error:
        raise StartRefused(f"Somebody else has been migrating the database {where} for too long.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        reason = str(error) or type(error).__name__
        raise StartRefused(f"The database {where} can't be used: {reason.rstrip('.')}.") from error
