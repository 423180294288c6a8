"""What `largesse doctor` looks at. It changes nothing and starts nothing."""

import contextlib
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Final

import asyncpg

from largesse.cli.host import Check
from largesse.runtime.account import check_reachable, postgres_account
from largesse.runtime.binaries import binaries
from largesse.runtime.database import running_url
from largesse.runtime.directory import DataDirectory
from largesse.runtime.listen import GONE
from largesse.runtime.refusal import StartRefused
from largesse.runtime.settings import Settings
from largesse.store.cluster import server_facts
from largesse.store.keys import list_keys
from largesse.store.migrate import SERVER_VERSION_MIN, migrations

PYTHON_MIN: Final = (3, 11)
DISK_FREE_BYTES_MIN: Final = 1 << 30


async def examine(settings: Settings) -> list[Check]:
    directory = DataDirectory(settings.data_path)
    checks = [_python(), *_local(settings, directory)]
    url = settings.database_url
    with contextlib.suppress(StartRefused):
        url = url or await running_url(directory)
    if url is None:
        checks.append(Check(name="database", ok=None, says="no server is running; it is checked when one is"))
    else:
        checks += await _database(url)
    checks.append(_port(settings, directory))
    return checks


def _python() -> Check:
    return Check(name="python", ok=sys.version_info >= PYTHON_MIN, says=platform.python_version())


def _local(settings: Settings, directory: DataDirectory) -> Iterator[Check]:
    def find_binaries() -> str:
        folder = binaries()
        check_reachable(folder, postgres_account(directory.postgres))
        return str(folder)

    def look_at_directory() -> str:
        if directory.path.exists():
            directory.check_ours()
        check_reachable(directory.path, postgres_account(directory.postgres))
        owner = directory.owner()
        return (
            f"{directory.path}, in use by `largesse {owner.command}`, process {owner.pid}"
            if owner
            else str(directory.path)
        )

    if settings.database_url is None:
        yield _tried("postgres", find_binaries)
    yield _tried("directory", look_at_directory)
    free = shutil.disk_usage(_nearest(directory)).free
    yield Check(name="disk", ok=free >= DISK_FREE_BYTES_MIN, says=f"{free / (1 << 30):.1f} GiB free")


def _nearest(directory: DataDirectory) -> str:
    path = directory.path
    while not path.exists():
        path = path.parent
    return str(path)


def _tried(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, says=look())
    except StartRefused as refusal:
        return Check(name=name, ok=False, says=str(refusal))


async def _database(url: str) -> list[Check]:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except GONE as error:
        return [Check(name="database", ok=False, says=f"can't be reached: {error or type(error).__name__}")]
    try:
        facts = await server_facts(connection)
        keys = await list_keys(connection) if facts["has_schema"] else []
    finally:
        await connection.close()
    live = sum(key.revoked_at is None for key in keys)
    known, applied = set(migrations()), set(facts["migrations"])
    major = int(facts["version"].partition(".")[0])
    return [
        Check(name="database", ok=major >= SERVER_VERSION_MIN, says=f"PostgreSQL {facts['version']}"),
        Check(name="fsync", ok=facts["fsync"] == "on", says=facts["fsync"]),
        Check(name="commit", ok=facts["synchronous_commit"] != "off", says=facts["synchronous_commit"]),
        Check(
            name="migrations",
            ok=not (applied - known),
            says=f"{len(applied & known)} of {len(known)} applied, {len(applied - known)} unknown to this program",
        ),
        Check(name="keys", ok=live > 0 or None, says=f"{live} usable, {len(keys) - live} revoked"),
    ]


def _port(settings: Settings, directory: DataDirectory) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            serving = directory.owner() is not None
            reason = os.strerror(error.errno or 0)
            says = f"{settings.port}: {reason}" + (", perhaps by the running server" if serving else "")
            return Check(name="port", ok=None if serving else False, says=says)
    return Check(name="port", ok=True, says=f"{settings.port} is free")
