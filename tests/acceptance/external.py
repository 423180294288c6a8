"""A PostgreSQL that isn't ours: started on a free port of 127.0.0.1, as an unprivileged user."""

import contextlib
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from largesse.runtime import processes
from largesse.runtime.account import closed_folder
from largesse.runtime.binaries import copy_binaries
from tests.acceptance.server import data_folder, free_port, wait_until

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@contextlib.contextmanager
def external_postgres(binaries: Path, *settings: str) -> Iterator[str]:
    """Its superuser URL. `settings` are like "fsync=off"."""
    entry = pwd.getpwnam("nobody")
    account = (entry.pw_uid, entry.pw_gid) if os.geteuid() == 0 else None
    port = free_port()
    with data_folder() as folder:
        if account:
            os.chown(folder, *account)
        programs = copy_binaries(binaries, folder / "copy") if closed_folder(binaries, account) else binaries
        initdb = [f"{programs}/initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        uid, gid = account or (None, None)
        subprocess.run([*initdb, "--locale=C", "-N"], user=uid, group=gid, check=True, capture_output=True)
        command = [f"{programs}/postgres", "-D", f"{folder}/data", "-p", str(port), "-k", str(folder)]
        for setting in ("listen_addresses=127.0.0.1", "shared_buffers=32MB", *settings):
            command += ["-c", setting]
        with (folder / "log").open("ab") as log:
            server = processes.spawn(command, when_parent_dies=signal.SIGINT, account=account, stderr=log)
        try:
            ready = [f"{binaries}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            assert wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, 20)
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)
