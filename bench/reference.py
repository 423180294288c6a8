"""The reference: Django REST framework on gunicorn (bench/django), installed by the bench, on the system's database."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.database import database_url
from bench.system import System, below, cpu_s_of

PROJECT: Final = Path(__file__).with_name("django")
INSTALL_S: Final = 300
READY_S: Final = 30.0
STOP_S: Final = 20.0
THREADS: Final = 4


class NotInstalled(Exception):
    """Why there is no reference; a sentence."""


def install(folder: Path) -> Path:
    """A virtual environment in `folder`, kept when its packages are there. Raises NotInstalled."""
    requirements = PROJECT / "requirements.txt"
    stamp = folder / "installed.txt"
    if not (stamp.exists() and stamp.read_text() == requirements.read_text()):
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=60)
            pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--retries", "1", "-r", str(requirements)]
            subprocess.run(pip, check=True, capture_output=True, text=True, timeout=INSTALL_S)
        except (subprocess.SubprocessError, OSError) as error:
            lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
            raise NotInstalled(f"it can't be installed here: {lines[-1] if lines else error}") from error
        stamp.write_text(requirements.read_text())
    return folder / "bin" / "python"


class Reference:
    """gunicorn with twice as many workers as cores and one, as its manual recommends, and a few threads each."""

    def __init__(self, system: System, python: Path) -> None:
        self._system = system
        self.port = _free_port()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        workers = 2 * len(os.sched_getaffinity(0)) + 1
        command = [
            str(python), "-m", "gunicorn", "project.wsgi", "--chdir", str(PROJECT), "--bind", f"127.0.0.1:{self.port}",
            "--workers", str(workers), "--worker-class", "gthread", "--threads", str(THREADS), "--keep-alive", "60",
            "--preload", "--no-control-socket",
        ]  # fmt: skip
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": database_url(system.data)}
        self._process = subprocess.Popen(
            command, stdout=self._log, stderr=self._log, env=environment | {"PYTHONDONTWRITEBYTECODE": "1"}
        )
        self._wait_ready()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._log.seek(0)
                said = self._log.read().decode(errors="replace").split()[-40:]
                self.stop()
                raise NotInstalled(f"it doesn't start: {' '.join(said)}")
            time.sleep(0.05)

    def cpu_s(self) -> dict[str, float]:
        pids = [self._process.pid, *below(self._process.pid)]
        return {"api": sum(cpu_s_of(pid) for pid in pids), "postgres": self._system.cpu_s()["postgres"]}

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


@contextlib.contextmanager
def reference(system: System, venv: Path) -> Iterator[Reference]:
    """Raises NotInstalled."""
    running = Reference(system, install(venv))
    try:
        yield running
    finally:
        running.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
