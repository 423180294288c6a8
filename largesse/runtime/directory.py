"""The data directory: what lies where, who owns it, and the small private files in it."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from largesse.runtime.refusal import StartRefused

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# As root PostgreSQL runs under another account, which must be able to walk through, but not to look around.
WALKABLE_FOLDER = 0o711
# Commands that keep the directory; others need it for a moment and are waited for.
LASTING = frozenset({"serve", "work"})
LOCK_WAIT_S = 60.0
LOCK_POLL_S = 0.1


class Lock(msgspec.Struct, frozen=True):
    """Who owns the data directory, as written into the lock file."""

    pid: int
    command: str


class DataDirectory:
    """`postgres/`, `run/` (sockets), `credentials.json`, `secrets.json`, `lock` under one path."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.postgres = self.path / "postgres"
        self.run = self.path / "run"
        self.attach_file = self.run / "postgres.json"
        self.credentials_file = self.path / "credentials.json"
        self.secrets_file = self.path / "secrets.json"
        self.lock_file = self.path / "lock"

    def create(self) -> None:
        """Make the directory. Raises StartRefused when it can't be made, or isn't ours."""
        try:
            if not self.path.is_dir():
                self.path.mkdir(parents=True, exist_ok=True)
                self.path.chmod(WALKABLE_FOLDER if os.geteuid() == 0 else PRIVATE_FOLDER)
        except OSError as error:
            raise StartRefused(f"The data directory {self.path} can't be made: {error.strerror}.") from error
        self.check_ours()

    def has_database(self) -> bool:
        return (self.postgres / "PG_VERSION").exists()

    def check_ours(self) -> None:
        """Raises StartRefused when the directory belongs to somebody else."""
        owner = self.path.stat().st_uid
        if os.geteuid() not in (0, owner) or not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise StartRefused(
                f"The data directory {self.path} belongs to another user (uid {owner}): "
                "start as that user, or choose another directory with --data."
            )

    @contextlib.asynccontextmanager
    async def owned(self, command: str) -> AsyncIterator[None]:
        """Own the directory until the block ends. Raises StartRefused when a `serve` or `work` owns it.

        A short command that runs PostgreSQL for its own duration is waited for.
        """
        self.create()
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            await self._lock(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(Lock(os.getpid(), command)), 0)
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)  # which gives the lock back

    async def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = self.owner()
                if (owner and owner.command in LASTING) or time.monotonic() > deadline:
                    raise StartRefused(self._in_use(owner)) from None
                await asyncio.sleep(LOCK_POLL_S)
            else:
                return

    def _in_use(self, owner: Lock | None) -> str:
        who = f"`largesse {owner.command}`, process {owner.pid}" if owner else "another process"
        return f"The data directory {self.path} is in use by {who}: stop it first, or choose another with --data."

    def owner(self) -> Lock | None:
        """Who holds the lock now, or None."""
        try:
            with self.lock_file.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return msgspec.json.decode(file.read(), type=Lock)
        except (OSError, msgspec.DecodeError):
            return None
        return None

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_hex(32)) -> str:
        """A generated secret of this installation, the same at every call. Only for the owner of the directory."""
        known = read_json(self.secrets_file)
        if name not in known:
            known[name] = make()
            write_private(self.secrets_file, known)
        return str(known[name])

    def next_secret(self, name: str) -> str | None:
        """The secret that `change_secret` was about to put in the place of `name`."""
        return read_json(self.secrets_file).get(f"{name}_next")

    def begin_change(self, name: str, new: str) -> None:
        """Note the secret that comes next, so that a crash can't lose it."""
        write_private(self.secrets_file, read_json(self.secrets_file) | {f"{name}_next": new})

    def end_change(self, name: str) -> str:
        """The one that was noted takes its place."""
        known = read_json(self.secrets_file)
        known[name] = known.pop(f"{name}_next")
        write_private(self.secrets_file, known)
        return str(known[name])


def read_json(file: Path) -> dict[str, Any]:
    """The object in a file; an empty one when there is no file."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return {}


def write_private(file: Path, content: dict[str, Any]) -> None:
    """Write an object to a file that only its owner reads; after a crash it is the old one or the new one, whole."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def first_closed_folder(path: Path, account: tuple[int, int]) -> Path | None:
    """The first folder on the way to `path` that `account` (uid, gid) may not walk through."""
    uid, gid = account
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            return None  # what we make ourselves is open enough
        status = folder.stat()
        if status.st_uid == uid:
            bit = stat.S_IXUSR
        elif status.st_gid == gid:
            bit = stat.S_IXGRP
        else:
            bit = stat.S_IXOTH
        if not status.st_mode & bit:
            return folder
    return None
