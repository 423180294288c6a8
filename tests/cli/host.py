"""The part of the runtime that commands use, on the database of a test."""

import contextlib
from collections.abc import AsyncIterator

import asyncpg

from largesse.store.connection import Connection, set_codecs
from largesse.store.installation import only_read


class ThisDatabase:
    """`changed` is what it was told for `credentials.json`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.changed: list[tuple[str, str | None]] = []

    @contextlib.asynccontextmanager
    async def database(self, *, data: str | None, command: str) -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(self._url)
        await set_codecs(connection)
        try:
            yield connection
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def reading(self, *, data: str | None, command: str) -> AsyncIterator[Connection]:
        async with self.database(data=data, command=command) as connection:
            await only_read(connection)
            yield connection

    def key_changed(self, *, data: str | None, app_id: str, token: str | None) -> None:
        self.changed.append((app_id, token))

    def password_changed(self, *, data: str | None, email: str, password: str) -> None:
        self.changed.append((email, password))
