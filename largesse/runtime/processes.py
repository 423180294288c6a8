"""Child processes: started so that none outlives its parent, stopped in the polite way first."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
POLL_INTERVAL_S = 0.05
SUPERVISE_INTERVAL_S = 0.2

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    *,
    when_parent_dies: signal.Signals,
    environment: Mapping[str, str] | None = None,
    account: tuple[int, int] | None = None,
    pass_fds: Sequence[int] = (),
    stderr: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own, so that Ctrl-C reaches the parent alone, which stops in order.

    Call it from the main thread: Linux sends `when_parent_dies` when the *thread* that started the child ends.
    `account` is (uid, gid) to become first; the signal must be set afterwards, a change of uid clears it.
    """
    uid, gid = account or (None, None)
    return subprocess.Popen(  # noqa: S603 - our own command lines
        command,
        stdin=subprocess.DEVNULL,
        stdout=stderr,
        stderr=stderr,
        env=environment,
        cwd=None if account is None else "/",  # ours may be closed to the account
        user=uid,
        group=gid,
        extra_groups=None if account is None else [],
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=_die_with_parent(os.getpid(), when_parent_dies),  # noqa: PLW1509 - we have one thread
    )


def _die_with_parent(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    def set_signal() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl: nobody would ever tell us
            os._exit(1)

    return set_signal


def is_running(pid: int) -> bool:
    """False for a zombie: it holds nothing any more, though its number is still taken."""
    return (state := _state(pid)) is not None and state not in "ZX"


def _state(pid: int) -> str | None:
    if _libc is None:
        output = _ps("stat=", "-p", str(pid)).strip()
        return output[:1] or None
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()[0]
    except OSError:
        return None


def running_with(program: str, mark: str) -> list[int]:
    """Pids of running processes called `program` whose command line holds `mark`."""
    if _libc is None:
        lines = (line.strip().partition(" ") for line in _ps("pid=,command=", "-ax").splitlines())
        found = [int(pid) for pid, _, command in lines if program in command and mark in command]
    else:
        found = [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is(entry, program, mark)
        ]
    return [pid for pid in found if is_running(pid)]


def _is(entry: Path, program: str, mark: str) -> bool:
    # The command line, not the working folder: that one may not be readable even for root in a container.
    with contextlib.suppress(OSError):
        if (entry / "comm").read_text(encoding="latin-1").strip() == program:
            return mark in (entry / "cmdline").read_text(encoding="latin-1")
    return False


def _ps(columns: str, *arguments: str) -> str:
    command = ["/bin/ps", *arguments, "-o", columns]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


async def wait_until(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    """Poll `condition`; False when it still doesn't hold after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_INTERVAL_S)
    return True


class Backoff:
    """How long to wait before the next restart: nothing after a long life, then doubling."""

    FIRST_S = 0.1
    MAX_S = 5.0
    LONG_LIFE_S = 30.0

    def __init__(self) -> None:
        self._delay_s = 0.0
        self._started_at = time.monotonic()

    def started(self) -> None:
        self._started_at = time.monotonic()

    def next_delay_s(self) -> float:
        if time.monotonic() - self._started_at > self.LONG_LIFE_S:
            self._delay_s = 0.0
        delay_s = self._delay_s
        self._delay_s = min(self.MAX_S, max(self.FIRST_S, delay_s * 2))
        return delay_s
