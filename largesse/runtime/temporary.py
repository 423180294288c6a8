"""A folder of ours in the system's temporary one, for what can't lie in the data directory; gone with its maker.

Its name says to which data directory it belongs, and its maker holds a lock on it. So who owns the data directory can
tell what a killed predecessor left: ours by owner and name, and locked by nobody. The lock also tells systemd-tmpfiles
that the folder is in use, however old it gets.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

from largesse.runtime.directory import WALKABLE_FOLDER


class TemporaryFolder:
    """Made when it is first asked for: everybody may walk through, only we may write or look around."""

    def __init__(self, name: str) -> None:
        self._prefix = f"{name}-"
        self._lock: int | None = None
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix=self._prefix))
            self._lock = _locked(self._path)
            self._path.chmod(WALKABLE_FOLDER)
        return self._path

    def remove(self) -> None:
        if self._path is not None and self._lock is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            os.close(self._lock)
            self._path = self._lock = None

    def remove_stale(self) -> None:
        """Remove what earlier makers of the same name left. Only for the owner of the data directory."""
        for folder in Path(tempfile.gettempdir()).glob(f"{self._prefix}*"):
            if folder == self._path or not _is_ours(folder):
                continue
            with contextlib.suppress(OSError):
                lock = _locked(folder)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _locked(folder: Path) -> int:
    """A descriptor that holds the folder's lock. Raises BlockingIOError when somebody else does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
