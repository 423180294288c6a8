"""The embedded PostgreSQL: the binaries of a wheel, run and supervised by ourselves (docs/decisions/0001).

Reachable through a socket in a private folder only, with a password even there; fsync and synchronous_commit are
on. The process that holds the data directory's lock is the only one that starts or stops it.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

import asyncpg
import structlog

from largesse.runtime import processes
from largesse.runtime.account import check_reachable, closed_folder, named_for, postgres_account
from largesse.runtime.binaries import binaries, copy_binaries
from largesse.runtime.directory import PRIVATE_FILE, PRIVATE_FOLDER, DataDirectory, write_private
from largesse.runtime.refusal import StartRefused
from largesse.runtime.temporary import TemporaryFolder
from largesse.store.cluster import ensure_database

SUPERUSER: Final = "postgres"
OWNER: Final = "largesse"
DATABASE: Final = "largesse"
PORT: Final = 5432  # names the socket file only: nothing listens on TCP
SOCKET_FOLDER_BYTES_MAX: Final = 90  # a socket's path has 108 bytes at most, 104 on macOS

MAX_CONNECTIONS: Final = 200
READY_TIMEOUT_S: Final = 600.0  # crash recovery may take minutes
FAST_STOP_S: Final = 60.0
IMMEDIATE_STOP_S: Final = 15.0
# Backends of a killed postmaster notice by themselves within milliseconds; the ones in a long computation don't.
ORPHANS_LEAVE_S: Final = 2.0
LOG_TAIL_BYTES: Final = 2_000
LOG_BYTES_MAX: Final = 1_000_000

_SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    # A segment of WAL that must be filled with zeros first stops everybody who commits for 40 ms. So keep used ones, to
    # be written over, and don't fill new ones.
    "max_wal_size": "2GB",
    "min_wal_size": "512MB",
    "wal_init_zero": "off",
    "checkpoint_timeout": "15min",
    # Nothing waits for dead rows to be removed, and everybody who commits waits for a disk that is busy removing them.
    "autovacuum_vacuum_cost_delay": "10ms",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    # A lost race is an error to PostgreSQL and everyday life to us, and its detail would show a customer's code.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}

_GONE: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
)

log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """One PostgreSQL of one data directory. The caller holds the directory's lock."""

    def __init__(self, directory: DataDirectory, *, max_connections: int = MAX_CONNECTIONS) -> None:
        self._directory = directory
        self._max_connections = max_connections
        self._account = postgres_account(directory.postgres)
        self._binaries: Path | None = None
        self._sockets = directory.run
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        # In every process title of this server: how we recognise what a killed parent left behind.
        self._mark = "largesse-" + hashlib.sha256(os.fsencode(directory.postgres.resolve())).hexdigest()[:16]
        self._temporary = TemporaryFolder(self._mark)
        self._log_file = directory.run / "postgres.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def url(self) -> str:
        """For the program: owner of its database and nothing else."""
        return self._url(OWNER, self._directory.secret("database_password"), DATABASE)

    @property
    def superuser_url(self) -> str:
        return self._url(SUPERUSER, self._directory.secret("superuser_password"), SUPERUSER)

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@/{database}?host={quote(str(self._sockets), safe='/')}&port={PORT}"

    async def start(self) -> None:
        """Create the database if there is none, start, wait until it answers, tell other commands where it is.

        Raises StartRefused with a sentence when that can't be.
        """
        check_reachable(self._directory.path, self._account)
        check_reachable(binaries(), self._account)
        self._make_private(self._directory.run)
        await self._settle()
        self._temporary.remove_stale()
        self._find_places()
        await self._initialise()
        self._launch()
        await self._wait_ready()
        await ensure_database(
            self.superuser_url, DATABASE, owner=OWNER, password=self._directory.secret("database_password")
        )
        self._tell()

    def _tell(self) -> None:
        """Where other commands find this server."""
        write_private(
            self._directory.attach_file,
            {"url": self.url, "owner_pid": os.getpid(), "postgres_pid": self.pid},
        )

    async def supervise(self) -> None:
        """Start it again whenever it ends, until `stop`."""
        backoff = processes.Backoff()
        while not self._stopping:
            if self._process is None or self._process.poll() is None:
                await asyncio.sleep(processes.SUPERVISE_INTERVAL_S)
                continue
            log.warning("postgres_died", status=self._process.returncode)
            await asyncio.sleep(backoff.next_delay_s())
            try:
                await self._settle()
                if self._stopping:
                    return
                self._launch()
                backoff.started()
                await self._wait_ready()
                self._tell()
            except (StartRefused, OSError) as error:
                log.error("postgres_restart_failed", reason=str(error))  # noqa: TRY400 - the sentence says it all

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, a checkpoint is written. Immediate only if that hangs."""
        self._stopping = True
        process = self._process
        if process is not None:
            await self._end(process.pid, lambda: process.poll() is not None)
        self._directory.attach_file.unlink(missing_ok=True)
        self._temporary.remove()

    async def _end(self, pid: int, ended: Callable[[], bool]) -> None:
        for number, timeout_s in ((signal.SIGINT, FAST_STOP_S), (signal.SIGQUIT, IMMEDIATE_STOP_S)):
            if ended():
                return
            processes.send(pid, number)
            if await processes.wait_until(ended, timeout_s=timeout_s):
                return
        raise StartRefused(f"PostgreSQL, process {pid}, doesn't stop.")

    def _find_places(self) -> None:
        """Where the binaries and the sockets are: where they belong, or where the account gets to and a path fits."""
        version_file = self._directory.postgres / "PG_VERSION"
        version = int(version_file.read_text(encoding="ascii")) if version_file.exists() else None
        self._binaries = binaries(version)
        if closed_folder(self._binaries, self._account):
            self._binaries = copy_binaries(self._binaries, self._temporary.path)
        too_long = len(os.fsencode(self._directory.run)) > SOCKET_FOLDER_BYTES_MAX
        if too_long or closed_folder(self._directory.path, self._account):
            self._sockets = self._temporary.path / "s"
            self._make_private(self._sockets)

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        folder.chmod(PRIVATE_FOLDER)
        self._own(folder)

    def _own(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, *self._account, follow_symlinks=False)

    async def _initialise(self) -> None:
        if (self._directory.postgres / "PG_VERSION").exists():
            return
        # Made aside and renamed when whole, so that a start killed half-way leaves nothing that looks like a database.
        draft = self._directory.path / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._make_private(draft)
        password_file = self._directory.run / f"initdb.{secrets.token_hex(4)}"
        password_file.touch(PRIVATE_FILE)
        try:
            password_file.write_text(self._directory.secret("superuser_password"), encoding="ascii")
            self._own(password_file)
            await self._run_initdb(draft, password_file)
        finally:
            password_file.unlink()
        draft.rename(self._directory.postgres)

    async def _run_initdb(self, folder: Path, password_file: Path) -> None:
        with (
            self._open_log() as out,
            named_for(self._account, folder) as (folder_name, folder_descriptors),
            named_for(self._account, password_file) as (password_name, password_descriptors),
        ):
            process = processes.spawn(
                [
                    str(self._program("initdb")),
                    f"--pgdata={folder_name}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_name}",
                    "--auth-local=scram-sha-256",
                    "--auth-host=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                ],
                when_parent_dies=signal.SIGKILL,
                account=self._account,
                pass_fds=folder_descriptors + password_descriptors,
                stderr=out,
                environment=_environment(),
            )
            try:
                await processes.wait_until(lambda: process.poll() is not None, timeout_s=READY_TIMEOUT_S)
            finally:
                process.kill()  # nothing, once it has ended
        if process.returncode != 0:
            raise StartRefused(f"The database couldn't be created in {self._directory.path}. {self._log_tail()}")

    def _program(self, name: str) -> Path:
        assert self._binaries is not None
        return self._binaries / name

    def _launch(self) -> None:
        settings = {
            **_SETTINGS,
            "unix_socket_directories": f'"{self._sockets}"',
            "max_connections": str(self._max_connections),
            "cluster_name": self._mark,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._open_log() as out, named_for(self._account, self._directory.postgres) as (folder, descriptors):
            self._process = processes.spawn(
                [str(self._program("postgres")), "-D", folder, *options],
                when_parent_dies=signal.SIGINT,  # a fast shutdown, as ours is
                account=self._account,
                pass_fds=descriptors,
                stderr=out,
                environment=_environment(),
            )

    def _open_log(self) -> IO[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._log_file, flags, PRIVATE_FILE)
        if os.fstat(descriptor).st_size > LOG_BYTES_MAX:
            os.ftruncate(descriptor, 0)
        return os.fdopen(descriptor, "ab")

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            text = self._log_file.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
            return f"It said: {' / '.join(text.split(chr(10))[-4:]).strip(' /')}"
        return ""

    async def _wait_ready(self) -> None:
        assert self._process is not None
        deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
        while asyncio.get_running_loop().time() < deadline:
            if self._process.poll() is not None:
                raise StartRefused(f"PostgreSQL ended while starting. {self._log_tail()}")
            # Not there yet, starting up, or still recovering.
            with contextlib.suppress(*_GONE):
                connection = await asyncpg.connect(self.superuser_url, timeout=5)
                await connection.close()
                return
            await asyncio.sleep(processes.POLL_INTERVAL_S)
        raise StartRefused(f"PostgreSQL isn't ready after {READY_TIMEOUT_S:.0f} s. {self._log_tail()}")

    async def _settle(self) -> None:
        """Wait for, or end, what an earlier parent left running on this directory; then clear its pid file.

        Only the holder of the directory's lock comes here, so whatever runs belongs to nobody.
        """
        pid_file = self._directory.postgres / "postmaster.pid"
        postmaster = _first_number(pid_file)
        if postmaster and postmaster in self._leftovers():
            await self._end(postmaster, lambda: not processes.is_running(postmaster))
        # Backends without a postmaster: SIGQUIT makes them leave at once, the log is replayed at the next start.
        for number in (None, signal.SIGQUIT, signal.SIGKILL):
            for pid in self._leftovers() if number else ():
                processes.send(pid, number or signal.SIGQUIT)
            if await processes.wait_until(lambda: not self._leftovers(), timeout_s=ORPHANS_LEAVE_S):
                break
        if left := self._leftovers():
            raise StartRefused(f"Processes of an earlier PostgreSQL don't end: {left}.")
        # PostgreSQL would take a zombie, or a stranger with the same number, for a running server.
        if not (postmaster and _is_postgres(postmaster)):
            pid_file.unlink(missing_ok=True)

    def _leftovers(self) -> list[int]:
        return processes.running_with("postgres", self._mark)


@contextlib.asynccontextmanager
async def running(directory: DataDirectory) -> AsyncIterator[EmbeddedPostgres]:
    """A server that runs, supervised, until the end of the block. Raises StartRefused."""
    postgres = EmbeddedPostgres(directory)
    supervisor: asyncio.Task[None] | None = None
    try:
        await postgres.start()
        supervisor = asyncio.create_task(postgres.supervise())
        yield postgres
    finally:
        await postgres.stop()
        if supervisor is not None:
            await supervisor


def _is_postgres(pid: int) -> bool:
    return pid in processes.running_with("postgres", "")


def _first_number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="latin-1").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _environment() -> dict[str, str]:
    """Nothing of ours: PG… variables of the caller would change what initdb and postgres do."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
