"""A PostgreSQL for a run of the tests, as `serve` would start it."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from largesse.runtime.directory import DataDirectory
from largesse.runtime.postgres import EmbeddedPostgres

MAX_CONNECTIONS: Final = 400
MEMORY: Final = Path("/dev/shm")
MEMORY_FREE_BYTES_MIN: Final = 6 << 30  # two servers with a million rows each, and what else runs here


def folder_in_memory() -> Path | None:
    """A file system in memory with room for a server: half of a test's time is files that are made and dropped.

    What is tested by killing the machine's processes has its data on a disk all the same (tests/acceptance/server.py).
    """
    try:
        enough = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_FREE_BYTES_MIN
    except OSError:
        return None
    return MEMORY if enough else None


@contextlib.contextmanager
def running_server() -> Iterator[str]:
    """The superuser's URL of a new server, in a folder that an unprivileged account can reach."""
    with tempfile.TemporaryDirectory(prefix="largesse-tests-", dir=folder_in_memory()) as name:
        path = Path(name)
        path.chmod(0o711)
        directory = DataDirectory(path)
        directory.create()
        server = EmbeddedPostgres(directory, max_connections=MAX_CONNECTIONS)
        asyncio.run(server.start())
        try:
            yield server.superuser_url
        finally:
            asyncio.run(server.stop())
