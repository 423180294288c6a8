"""What the commands need from the runtime, which stands above them: it passes itself in."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from largesse.store.connection import Connection


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of `doctor`. `ok` is None for what couldn't be looked at."""

    name: str
    ok: bool | None
    says: str


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

    async def examine(self, *, data: str | None, port: int | None) -> list[Check]:
        """Whether a server could run here."""
