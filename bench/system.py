"""A server to measure, and what its processes use. Linux only: it reads /proc."""

import contextlib
import copy
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
READY_S: Final = 60.0


class System:
    """One `largesse serve` on a free port in a data directory."""

    def __init__(self, data: Path, port: int, *flags: str) -> None:
        self.data = data
        self.port = port
        started = time.perf_counter()
        command = [sys.executable, "-m", "largesse", "serve", "--data", str(data), "--port", str(port), *flags]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        environment = {name: text for name, text in os.environ.items() if not name.startswith("LARGESSE_")}
        environment["LARGESSE_LOG"] = "json"  # as in production
        environment["LARGESSE_RATE_LIMIT"] = "1000000000"  # what the machine can do, not what a key may
        environment["LARGESSE_ALLOW_PRIVATE_TARGETS"] = "1"  # the receiver of distributions is on this machine
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log, env=environment)
        while not self._is_ready():
            if self.process.poll() is not None or time.perf_counter() - started > READY_S:
                self._log.seek(0)
                raise RuntimeError(self._log.read().decode())
            time.sleep(0.02)
        self.ready_after_s = time.perf_counter() - started
        self.key: dict[str, str] = json.loads((data / "credentials.json").read_text())["server"]
        self._managing: dict[str, str] = {}

    def _is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz", headers={})[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """With the project's key, or with other headers."""
        if headers is None:
            headers = {"X-App-Id": self.key["id"], "X-App-Token": self.key["token"]}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", **headers}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def other_project(self, name: str) -> "System":
        """The same server as another project's key sees it."""
        if not self._managing:
            command = [sys.executable, "-m", "largesse", "keys", "create", "--kind", "management"]
            where = ["--data", str(self.data), "--json"]
            made = json.loads(subprocess.run([*command, *where], capture_output=True, check=True, timeout=60).stdout)
            self._managing = {"X-Management-Id": made["id"], "X-Management-Token": made["token"]}
        status, project = self.call("POST", "/management/v1/projects", {"name": name}, headers=self._managing)
        if status != 200:
            raise RuntimeError(f"no project of its own: {status} {project}")
        key = project["server_side_key"]
        tenant = copy.copy(self)
        tenant.key = {"id": key["app_id"], "token": key["app_token"]}
        return tenant

    def processes(self) -> dict[str, list[int]]:
        """Pids of the parent, the API, the jobs and PostgreSQL."""
        found: dict[str, list[int]] = {"parent": [self.process.pid], "api": [], "jobs": [], "postgres": []}
        for pid in below(self.process.pid):
            command = _read(f"/proc/{pid}/cmdline")
            api = b"runtime.api" in command or b"http.large_bodies" in command
            kind = "api" if api else "jobs" if b"runtime.work" in command else "postgres"
            found[kind].append(pid)
        return found

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds used so far, by kind of process; those of ended backends are in their parent's sum."""
        return {kind: sum(cpu_s_of(pid) for pid in pids) for kind, pids in self.processes().items()}

    def memory_mb(self) -> dict[str, float]:
        """Proportional set size: shared pages are counted once."""
        return {kind: sum(pss_mb(pid) for pid in pids) for kind, pids in self.processes().items()}

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self._log.close()


@contextlib.contextmanager
def running(data: Path, port: int, *flags: str) -> Iterator[System]:
    system = System(data, port, *flags)
    try:
        yield system
    finally:
        system.stop()


def below(pid: int) -> list[int]:
    children = [int(word) for word in _read(f"/proc/{pid}/task/{pid}/children").split()]
    return children + [deeper for child in children for deeper in below(child)]


def cpu_s_of(pid: int) -> float:
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS


def pss_mb(pid: int) -> float:
    found = _read(f"/proc/{pid}/smaps_rollup").partition(b"Pss:")[2].split()
    return int(found[0]) / 1024 if found else 0.0


def _read(path: str) -> bytes:
    """Nothing, when the process has ended meanwhile."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
