"""Clients that hold connections and say nothing, processes that share a port, and one that stands still."""

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from largesse.runtime.sockets import FILES_KEPT
from tests.acceptance.server import Server, data_folder, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

OPEN_FILES = 256
HELD = 400
HALF = b"POST /v1/publications HTTP/1.1\r\nHost: x\r\nX-App-Id: someb"
SLOW_FORM = b"POST /app/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\na"
ANSWERED_WITHIN_S = 15.0
ASKED = 10
CONNECTIONS = 200


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


class Holder:
    """One client's connections that say `start` and then nothing, each opened again whenever it is cut."""

    def __init__(self, port: int, start: bytes, count: int = HELD) -> None:
        self._port, self._start, self._count = port, start, count
        self._stop = threading.Event()
        self.cut = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._hold_all()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _hold_all(self) -> None:
        tasks = [asyncio.create_task(self._hold()) for _ in range(self._count)]
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hold(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(self._start)
                    await reader.read()
                    self.cut += 1
                finally:
                    writer.close()
            await asyncio.sleep(0.05)


def ask(server: Server, path: str, source: str = "127.0.0.2") -> int:
    """The status of an answer to another client."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", server.port, timeout=ANSWERED_WITHIN_S, source_address=(source, 0)
    )
    try:
        connection.request("GET", path, headers=server.key())
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def sockets_of(pid: int) -> int:
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(entry.readlink()))
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.parametrize("start", [b"", HALF, SLOW_FORM], ids=["silent", "half a head", "half a form"])
def test_one_clients_idle_connections_leave_another_its_answers(data: Path, start: bytes) -> None:
    with serving(data, "--processes", "1", open_files=OPEN_FILES) as server:
        assert f"connections_max={OPEN_FILES - FILES_KEPT}" in server.output()
        (api,) = server.children("largesse.runtime.api")
        with Holder(server.port, start) as holder:
            assert wait_until(lambda: holder.cut > 0, 30)
            for _ in range(ASKED):
                assert ask(server, "/healthz") == 200
                assert ask(server, "/v1/customers") == 200
            assert sockets_of(api) < OPEN_FILES
        assert ask(server, "/readyz", "127.0.0.1") == 200
        assert server.children("largesse.runtime.api") == [api]
        assert "connections_cut" in server.output()


def test_connections_are_dealt_out_evenly(data: Path) -> None:
    with serving(data, "--processes", "2") as server:
        before = {pid: sockets_of(pid) for pid in server.children("largesse.runtime.api")}
        opened = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=20) for _ in range(CONNECTIONS)]
        for one in opened:
            one.request("GET", "/healthz")
            assert one.getresponse().read()
        shares = [sockets_of(pid) - count for pid, count in before.items()]
        for one in opened:
            one.close()
    assert min(shares) > CONNECTIONS // 4, shares


def test_nobody_is_refused_or_kept_waiting_while_a_process_is_replaced(data: Path) -> None:
    with serving(data, "--processes", "2") as server:
        heard: Counter[str] = Counter()
        stop = threading.Event()

        def client() -> None:
            while not stop.is_set():
                try:
                    heard[str(server.get("/healthz", timeout_s=60)[0])] += 1
                except (http.client.HTTPException, OSError) as error:
                    heard[type(error).__name__] += 1

        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        killed = server.children("largesse.runtime.api")[0]
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: killed not in (now := server.children("largesse.runtime.api")) and len(now) == 2, 30)
        time.sleep(3)
        stop.set()
        for one in clients:
            one.join()
    in_its_hands = heard["RemoteDisconnected"] + heard["ConnectionResetError"]
    assert in_its_hands <= len(clients)
    assert heard.total() == heard["200"] + in_its_hands, heard
    assert heard["200"] > 50


def test_an_api_process_whose_loop_stands_still_is_replaced(data: Path) -> None:
    with serving(data, "--processes", "1") as server:
        (frozen,) = server.children("largesse.runtime.api")
        os.kill(frozen, signal.SIGSTOP)
        assert wait_until(lambda: server.children("largesse.runtime.api") not in ([], [frozen]), 60)
        assert wait_until(server.is_ready, 30)
        assert "process_stands_still" in server.output()
        assert frozen not in server.children("largesse.runtime.api")


CHUNKS = [
    b"zz\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n",
    b"2\r\n{}\r\nqq\r\n\r\n",
    b"-1\r\n\r\n",
    b"ffffffffffffffffff\r\n",
]


def test_chunks_that_cannot_be_read_are_the_clients_fault(data: Path) -> None:
    with serving(data, "--processes", "1") as server:
        keys = "".join(f"{name}: {value}\r\n" for name, value in server.key().items())
        for path in ("/v1/customers", "/v1/publications", "/app/sign-in"):
            kind = "application/x-www-form-urlencoded" if path.startswith("/app") else "application/json"
            head = (
                f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: {kind}\r\n{keys}\r\n"
            )
            for chunk in CHUNKS:
                with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
                    one.sendall(head.encode() + chunk)
                    assert one.recv(100).startswith(b"HTTP/1.1 400"), (path, chunk)
        assert "unexpected_error" not in server.output()
