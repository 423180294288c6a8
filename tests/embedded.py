"""A PostgreSQL for a run of the tests, as `serve` would start it."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from largesse.runtime.directory import DataDirectory
from largesse.runtime.postgres import EmbeddedPostgres

MAX_CONNECTIONS = 400


@contextlib.contextmanager
def running_server(path: Path) -> Iterator[str]:
    """The superuser's URL of a server in `path`; as root in a folder that an unprivileged account can reach."""
    with contextlib.ExitStack() as stack:
        if os.geteuid() == 0:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="largesse-tests-")))
            path.chmod(0o711)
        directory = DataDirectory(path)
        directory.create()
        server = EmbeddedPostgres(directory, max_connections=MAX_CONNECTIONS)
        asyncio.run(server.start())
        try:
            yield server.superuser_url
        finally:
            asyncio.run(server.stop())
