"""Real `largesse` processes for the tests: started as an operator would, in a temporary folder, on a free port."""

import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

READY_TIMEOUT_S = 60  # ten other things may be running on this machine
STOP_TIMEOUT_S = 20


def command(*arguments: str) -> list[str]:
    """As an operator types it."""
    return [str(Path(sys.executable).with_name("largesse")), *arguments]


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours without any LARGESSE_ variable of the caller."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LARGESSE_")}
    return {**kept, **(extra or {})}


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments), env=clean_environment(environment), capture_output=True, text=True, timeout=60, check=False
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that an unprivileged account can walk through, which pytest's own isn't."""
    with tempfile.TemporaryDirectory(prefix="largesse-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


class Server:
    """One `largesse serve`."""

    def __init__(
        self,
        data: Path,
        *flags: str,
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
        folder: Path | None = None,
        open_files: int | None = None,
    ) -> None:
        """`open_files`: a limit that it can't raise."""
        self.data = data
        self.port = port or free_port()
        log, log_name = tempfile.mkstemp(prefix="largesse-test-log-")
        self._log_file = Path(log_name)
        self.process = subprocess.Popen(
            command("serve", "--data", str(data), "--port", str(self.port), *flags),
            env=clean_environment(environment),
            cwd=folder,
            stdout=log,
            stderr=log,
            preexec_fn=None if open_files is None else _limit_files(open_files),  # noqa: PLW1509  # no threads yet
        )
        os.close(log)

    def get(self, path: str, timeout_s: float = 5) -> tuple[int, Mapping[str, str]]:
        """Status and headers. Raises OSError or HTTPException when there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status, dict(answer.getheaders())
        finally:
            connection.close()

    def key(self) -> dict[str, str]:
        """The headers of the generated server key."""
        pair = json.loads((self.data / "credentials.json").read_text())["server"]
        return {"X-App-Id": pair["id"], "X-App-Token": pair["token"]}

    def call(self, method: str, path: str, body: Any = None, timeout_s: float = 20) -> tuple[int, dict[str, str], Any]:
        """Status, headers (lower case) and the JSON of an answer. Raises OSError or HTTPException when there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {**self.key(), "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, json.loads(text) if text else None
        finally:
            connection.close()

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self) -> None:
        def ready_or_ended() -> bool:
            return self.process.poll() is not None or self.is_ready()

        assert wait_until(ready_or_ended, READY_TIMEOUT_S)
        if self.process.poll() is not None:
            raise AssertionError(f"serve ended: {self.output()}")

    def children(self, module: str) -> list[int]:
        """Pids of our direct children whose command line holds `module`."""
        return [pid for pid in children_of(self.process.pid) if module in command_line(pid)]

    def postgres_pid(self) -> int:
        (pid,) = self.children("/bin/postgres")
        return pid

    def attach(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "run" / "postgres.json").read_text())
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal, unless it has ended; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_TIMEOUT_S)

    def output(self) -> str:
        """What it has written so far."""
        return self._log_file.read_text()

    def close(self) -> None:
        self.stop()
        self._log_file.unlink()


def _limit_files(count: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


@contextlib.contextmanager
def serving(
    data: Path,
    *flags: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    open_files: int | None = None,
) -> Iterator[Server]:
    """A server that is ready, started in `folder`, stopped at the end of the block."""
    server = Server(data, *flags, environment=environment, folder=folder, open_files=open_files)
    try:
        server.wait_ready()
        yield server
    finally:
        server.close()


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def children_of(parent: int) -> list[int]:
    output = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in output.stdout.split()]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def mentioned(text: str) -> list[int]:
    """Pids of living processes whose command line holds `text`."""
    found = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in found if pid != os.getpid() and text in command_line(pid)]


def descendants(pid: int) -> list[int]:
    below = children_of(pid)
    return below + [deeper for child in below for deeper in descendants(child)]
