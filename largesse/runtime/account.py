"""The account that runs PostgreSQL when we are root, which it refuses to be, and what that account can get to.

What lies behind a folder that is closed to it still works, without opening the folder and without any capability:
the account names it by an inherited descriptor, /proc/self/fd/N, which leads there past the parents.
"""

import contextlib
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from largesse.runtime.directory import first_closed_folder
from largesse.runtime.refusal import StartRefused

# Who may run it; a name must exist, initdb looks it up.
ACCOUNTS: Final = ("postgres", "nobody")
DESCRIPTORS: Final = Path("/proc/self/fd")

Account: TypeAlias = tuple[int, int]
"""(uid, gid)"""


def postgres_account(existing: Path) -> Account | None:
    """Who to run as, None to stay who we are: the owner of an existing directory, else a known account."""
    if os.geteuid() != 0:
        return None
    if existing.exists() and (status := existing.stat()).st_uid != 0:
        return status.st_uid, status.st_gid
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise StartRefused(
        f"PostgreSQL doesn't run as root and none of the accounts {', '.join(ACCOUNTS)} exists: "
        "start as another user, or set LARGESSE_DATABASE_URL."
    )


def closed_folder(folder: Path, account: Account | None) -> Path | None:
    """The first folder on the way into `folder` that is closed to the account; None when it gets there."""
    return None if account is None else first_closed_folder(folder.resolve(), account)


def check_reachable(folder: Path, account: Account | None) -> None:
    """Raises StartRefused when the account can't get to `folder` and there is no way around either."""
    closed = closed_folder(folder, account)
    if closed is None or account is None or (obstacle := _obstacle(account)) is None:
        return
    raise StartRefused(
        f"As root, PostgreSQL runs as the account {_name(account)}, which may not enter {closed} on its way to "
        f"{folder}, and there is no way around: {obstacle}. Start as another user, choose another place, or allow it "
        f"with `chmod o+x {closed}`."
    )


def _name(account: Account) -> str:
    try:
        return pwd.getpwuid(account[0]).pw_name
    except KeyError:
        return str(account[0])


def _obstacle(account: Account) -> str | None:
    """Why a closed folder can't be got around, None when it can: by descriptors, and by our temporary folder."""
    temporary = Path(tempfile.gettempdir())
    if not DESCRIPTORS.is_dir():
        return f"{DESCRIPTORS} is missing"
    if closed := closed_folder(temporary, account):
        return f"the temporary folder {temporary} lies behind {closed}, too (TMPDIR names another)"
    if os.statvfs(temporary).f_flag & os.ST_NOEXEC:
        return f"nothing may be executed in the temporary folder {temporary} (TMPDIR names another)"
    return None


@contextlib.contextmanager
def named_for(account: Account | None, path: Path) -> Iterator[tuple[str, list[int]]]:
    """How a process of the account names `path`, and the descriptors it must inherit for that."""
    if closed_folder(path.parent, account) is None:
        yield str(path), []
        return
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)  # a place and nothing more: its own rights still decide
    try:
        yield str(DESCRIPTORS / str(descriptor)), [descriptor]
    finally:
        os.close(descriptor)
