"""What the commands need from the runtime, which stands above them: it passes itself in."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from largesse.store.connection import Connection
from largesse.wire.assets import ProjectAssets


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of `doctor`. `ok` is None for what couldn't be looked at."""

    name: str
    ok: bool | None
    says: str


class Newcomer(msgspec.Struct, frozen=True):
    """Where a server is, a key that opens its default project, and an account of its dashboard."""

    base_url: str
    app_id: str
    token: str
    data: str
    email: str | None  # of the dashboard's first account; None: another start made it
    password: str | None  # None: it was chosen, or isn't known here


class Host(Protocol):
    """`data` is the flag --data, None when it wasn't given."""

    def serve(self, *, host: str | None, port: int | None, data: str | None, processes: int | None, jobs: bool) -> None:
        """Until a signal."""

    def work(self, *, data: str | None) -> None:
        """Jobs alone, until a signal."""

    async def migrate(self, *, data: str | None) -> list[str]:
        """The names of the migrations applied now."""

    def database(self, *, data: str | None, command: str) -> AbstractAsyncContextManager[Connection]:
        """A connection to the running server's database, or to one started for this command alone."""

    def reading(self, *, data: str | None, command: str) -> AbstractAsyncContextManager[Connection]:
        """The same for a command that only reads: nothing is made, migrated or written. Raises a refusal where there is
        no database, or its schema isn't this program's.
        """

    def place(self, *, data: str | None) -> str:
        """Where the database is, in words: host, port and name, or the data directory."""

    def key_changed(self, *, data: str | None, app_id: str, token: str | None) -> None:
        """A key has another token, or (None) none any more: `credentials.json` follows, if it holds the key."""

    def password_changed(self, *, data: str | None, email: str, password: str) -> None:
        """Likewise for an account of the dashboard."""

    def database_url(self, *, data: str | None, command: str) -> AbstractAsyncContextManager[str]:
        """The same, for commands that need connections of their own."""

    async def rotate_secret_key(self, *, data: str | None) -> int:
        """How many webhooks and distributions were sealed with the new key."""

    def assets(self, *, data: str | None) -> ProjectAssets:
        """The addresses of pictures. Within `database` or `database_url`: before, there may be no key yet."""

    def demo(self, show: Callable[[Newcomer], None], *, once: bool, port: int | None, data: str | None) -> None:
        """Serve; call `show` (in a thread, it may block) once the server is started; go on until a signal, or end."""

    async def examine(self, *, data: str | None, port: int | None) -> list[Check]:
        """Whether a server could run here."""
