"""The entry: `largesse`, `python -m largesse`. Every refusal ends as one sentence and an exit status."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NoReturn

import asyncpg

from largesse.cli.errors import CommandFailed
from largesse.cli.host import Check, Newcomer
from largesse.cli.main import command_line
from largesse.cli.output import print_json
from largesse.domain.errors import LargesseError
from largesse.runtime.bootstrap import demo_key
from largesse.runtime.credentials import Credentials
from largesse.runtime.database import bring_up_to_date, opened, place_of, reading
from largesse.runtime.directory import DataDirectory
from largesse.runtime.doctor import examine
from largesse.runtime.logs import configure_logs
from largesse.runtime.refusal import StartRefused
from largesse.runtime.secret_key import rotate_secret_key
from largesse.runtime.serve import serve
from largesse.runtime.settings import Settings, load_settings
from largesse.runtime.work import work
from largesse.store.connection import Connection, is_unavailable, set_codecs
from largesse.store.migrate import DatabaseRefused
from largesse.wire.assets import ProjectAssets, project_assets

FAILED: Final = 1
INTERRUPTED: Final = 130


class LocalHost:
    """The runtime as the commands see it (cli/host.py)."""

    def _settings(self, **flags: Any) -> Settings:
        settings = load_settings(os.environ, **flags)
        configure_logs(settings.log_format, quiet=settings.quiet)
        return settings

    def serve(self, *, host: str | None, port: int | None, data: str | None, processes: int | None, jobs: bool) -> None:
        asyncio.run(serve(self._settings(host=host, port=port, data=data, processes=processes, jobs=jobs)))

    def work(self, *, data: str | None) -> None:
        asyncio.run(self._work(self._settings(data=data)))

    async def _work(self, settings: Settings) -> None:
        async with opened(settings, "work") as resolved:
            await bring_up_to_date(resolved)
            await work(resolved)

    async def migrate(self, *, data: str | None) -> list[str]:
        async with opened(self._settings(data=data), "migrate") as settings:
            return await bring_up_to_date(settings)

    def demo(self, show: Callable[[Newcomer], None], *, once: bool, port: int | None, data: str | None) -> None:
        # Quiet: what the newcomer is to read shouldn't drown in the log.
        settings = self._settings(port=port, data=data, quiet=True)

        async def meanwhile(started: Settings) -> bool:
            await asyncio.to_thread(show, await _newcomer(started))
            return not once

        asyncio.run(serve(settings, meanwhile))

    @contextlib.asynccontextmanager
    async def database_url(self, *, data: str | None, command: str) -> AsyncIterator[str]:
        async with opened(self._settings(data=data), command) as settings:
            await bring_up_to_date(settings)
            yield settings.direct_url

    @contextlib.asynccontextmanager
    async def database(self, *, data: str | None, command: str) -> AsyncIterator[Connection]:
        async with opened(self._settings(data=data), command) as settings:
            await bring_up_to_date(settings)
            connection = await asyncpg.connect(settings.direct_url)
            try:
                await set_codecs(connection)
                yield connection
            finally:
                await connection.close()

    @contextlib.asynccontextmanager
    async def reading(self, *, data: str | None, command: str) -> AsyncIterator[Connection]:
        async with (
            opened(self._settings(data=data), command, reads_only=True) as settings,
            reading(settings) as connection,
        ):
            yield connection

    def place(self, *, data: str | None) -> str:
        settings = self._settings(data=data)
        if settings.database_url is None:
            return str(DataDirectory(settings.data_path).path)
        return place_of(settings.direct_url)

    def key_changed(self, *, data: str | None, app_id: str, token: str | None) -> None:
        Credentials(DataDirectory(self._settings(data=data).data_path)).key_changed(app_id, token)

    def password_changed(self, *, data: str | None, email: str, password: str) -> None:
        Credentials(DataDirectory(self._settings(data=data).data_path)).password_changed(email, password)

    async def rotate_secret_key(self, *, data: str | None) -> int:
        return await rotate_secret_key(self._settings(data=data))

    def assets(self, *, data: str | None) -> ProjectAssets:
        settings = self._settings(data=data)
        key = settings.secret_key or DataDirectory(settings.data_path).secret("secret_key")
        return project_assets(key, settings.base_url)

    async def examine(self, *, data: str | None, port: int | None) -> list[Check]:
        return await examine(self._settings(data=data, port=port))


async def _newcomer(settings: Settings) -> Newcomer:
    """A server key, and the account that variables asked for, else the one that the first start made."""
    directory = DataDirectory(settings.data_path)
    key = await demo_key(settings, directory)
    made = Credentials(directory).account()
    email, password = (settings.admin_email, None) if settings.admin_email else made or (None, None)
    return Newcomer(settings.base_url, key.app_id, key.token, str(directory.path), email, password)


def main() -> NoReturn:
    try:
        command_line(LocalHost())()
    except StartRefused as refusal:
        _fail(str(refusal), refusal.exit_status)
    except (CommandFailed, DatabaseRefused, LargesseError) as error:
        _fail(str(error), FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if not is_unavailable(error):
            raise
        reason = str(error) or type(error).__name__
        _fail(f"The database can't be used at the moment: {reason.rstrip('.')}.", FAILED)
    sys.exit(0)


def _fail(sentence: str, status: int) -> NoReturn:
    if "--json" in sys.argv:
        print_json({"error": sentence})
    sys.stderr.write(f"largesse: {sentence}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
