"""The embedded PostgreSQL, without anything else: real processes in a temporary folder."""

import asyncio
import contextlib
import fcntl
import os
import signal
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from largesse.runtime import processes
from largesse.runtime.binaries import binaries, copy_binaries
from largesse.runtime.directory import DataDirectory, first_closed_folder
from largesse.runtime.postgres import EmbeddedPostgres
from largesse.runtime.postgres import running as run_supervised
from largesse.runtime.refusal import StartRefused

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the account")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged account can walk through, which pytest's own isn't."""
    with tempfile.TemporaryDirectory(prefix="largesse-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    directory = DataDirectory(folder)
    async with directory.owned("test"), run_supervised(directory) as server:
        yield server


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_is_durable_silent_on_the_network_and_closed_to_others(folder: Path) -> None:
    async with running(folder) as server:
        assert await ask(server.url, "SHOW fsync") == "on"
        assert await ask(server.url, "SHOW synchronous_commit") == "on"
        assert await ask(server.url, "SHOW listen_addresses") == ""
        assert await ask(server.url, "SELECT datcollate FROM pg_database WHERE datname = current_database()") == "C"
        assert not await ask(server.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        for name in ("run", "postgres"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "run" / "postgres.json").stat().st_mode) == 0o600
        wrong = server.url.replace(server.url.split(":")[2].split("@")[0], "wrong")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)


async def test_what_was_written_is_there_at_the_next_start(folder: Path) -> None:
    async with running(folder) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS number")
    assert not (folder / "run" / "postgres.json").exists()
    async with running(folder) as server:
        assert await ask(server.url, "SELECT number FROM kept") == 7


async def test_killed_it_runs_again(folder: Path) -> None:
    async with running(folder) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS number")
        assert server.pid
        killed = server.pid
        os.kill(killed, signal.SIGKILL)
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                assert await ask(server.url, "SELECT number FROM kept") == 7
                break
            await asyncio.sleep(0.05)
        assert server.pid != killed


async def test_a_postmaster_left_behind_is_ended_and_a_fresh_one_started(folder: Path) -> None:
    """The parent was killed so hard that not even its death signal arrived."""
    directory = DataDirectory(folder)
    directory.create()
    orphan = EmbeddedPostgres(directory)
    await orphan.start()
    assert orphan.pid
    assert orphan._process
    reaper = asyncio.create_task(asyncio.to_thread(orphan._process.wait))
    async with running(folder) as server:
        assert server.pid != orphan.pid
        assert await reaper == 0  # it was stopped cleanly
        assert await ask(server.url, "SELECT 1") == 1
    orphan._temporary.remove()  # its owner, this process, isn't dead as a killed parent is


async def test_the_pid_file_of_a_zombie_doesnt_stop_a_start(folder: Path) -> None:
    async with running(folder):
        pass
    zombie = processes.spawn(["/bin/true"], when_parent_dies=signal.SIGKILL)
    assert await processes.wait_until(lambda: not processes.is_running(zombie.pid), timeout_s=5)
    (folder / "postgres" / "postmaster.pid").write_text(f"{zombie.pid}\n{folder}/postgres\n")
    async with running(folder) as server:
        assert await ask(server.url, "SELECT 1") == 1
    zombie.wait()


async def test_a_start_killed_while_creating_the_database_begins_anew(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with running(folder) as server:
        assert await ask(server.url, "SELECT 1") == 1


async def test_a_path_too_long_for_a_socket_still_works(folder: Path) -> None:
    deep = folder / ("d" * 80) / ("e" * 40)
    for part in (deep.parent, deep):
        part.mkdir()
        part.chmod(0o711)
    async with running(deep) as server:
        assert str(deep) not in server.url
        sockets = Path(server.url.partition("host=")[2].partition("&")[0])
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert await ask(server.url, "SELECT 1") == 1
    assert not sockets.exists()


@pytest.fixture
def closed(folder: Path) -> Path:
    """A folder that only root may enter, as one that `mktemp -d` makes for root."""
    inner = folder / "closed"
    inner.mkdir(mode=0o700)
    return inner


def temporary_folders(server: EmbeddedPostgres) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{server._mark}-*"))


@only_root
async def test_as_root_it_runs_behind_a_closed_folder_and_comes_back_when_killed(closed: Path) -> None:
    assert first_closed_folder(closed / "data", (65534, 65534)) == closed
    async with running(closed / "data") as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS number")
        assert await ask(server.superuser_url, "SELECT pg_reload_conf()")
        for _ in range(2):
            assert server.pid
            os.kill(server.pid, signal.SIGKILL)
            while True:
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    assert await ask(server.url, "SELECT number FROM kept") == 7
                    break
                await asyncio.sleep(0.05)
    async with running(closed / "data") as server:
        assert await ask(server.url, "SELECT number FROM kept") == 7
        assert len(temporary_folders(server)) == 1
    assert temporary_folders(server) == []
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@only_root
async def test_as_root_binaries_behind_a_closed_folder_are_copied_for_the_time_it_runs(
    folder: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable = copy_binaries(binaries(), closed)
    monkeypatch.setattr("largesse.runtime.postgres.binaries", lambda version=None: unreachable)
    async with running(folder / "data") as server:
        (temporary,) = temporary_folders(server)
        assert str(temporary) in Path(f"/proc/{server.pid}/cmdline").read_text()
        assert await ask(server.url, "DO $$ BEGIN PERFORM 1; END $$") is None  # it found its libraries
        for path in (temporary, *temporary.rglob("*")):
            assert path.stat().st_uid == 0
            assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        assert server.url.endswith(f"host={folder}/data/run&port=5432")  # reachable: stays where it belongs
    assert not temporary.exists()


@only_root
@pytest.mark.parametrize("missing", ["descriptors", "temporary folder"])
async def test_as_root_without_a_way_around_the_closed_folder_is_named(
    closed: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing == "descriptors":
        monkeypatch.setattr("largesse.runtime.account.DESCRIPTORS", closed / "descriptors")
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(closed))
    with pytest.raises(StartRefused, match=f"may not enter {closed}.* no way around: .*{missing}"):
        async with running(closed / "data"):
            pass


async def test_a_database_of_a_version_that_isnt_here_is_refused(folder: Path) -> None:
    async with running(folder):
        pass
    (folder / "postgres" / "PG_VERSION").write_text("99\n")
    with pytest.raises(StartRefused, match="of PostgreSQL 99; the embedded ones are"):
        async with running(folder):
            pass


def test_the_newest_binaries_are_taken() -> None:
    assert (binaries() / "initdb").exists()
    with pytest.raises(StartRefused):
        binaries(9)


async def test_what_a_killed_parent_left_in_the_temporary_folder_is_removed_and_nothing_else(folder: Path) -> None:
    async with running(folder) as server:
        mark = server._mark
    made = {name: Path(tempfile.mkdtemp(prefix=f"{prefix}-")) for name, prefix in
            {"stale": mark, "in use": mark, "a stranger's": mark, "another's": "largesse-0123456789abcdef"}.items()}  # fmt: skip
    (made["stale"] / "s").mkdir()
    if os.geteuid() == 0:
        os.chown(made["a stranger's"], 65534, 65534)
    with locked(made["in use"]):
        async with running(folder):
            pass
    left = {name for name, path in made.items() if path.exists()}
    for name in left:
        made[name].rmdir()
    assert left == {"in use", "another's"} | ({"a stranger's"} if os.geteuid() == 0 else set())


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)
