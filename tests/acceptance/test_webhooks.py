"""A real server, a real receiver: what happened is told, though the job process is killed in the middle of it."""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.acceptance.server import Server, data_folder, run, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

COUNT = 200
MANAGER = {"X-Management-Id": "manager", "X-Management-Token": "a-token-of-the-manager"}


class Receiver:
    """Takes its time, so that somebody can be killed meanwhile."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(0.02)
                outer.bodies.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    environment = {
        "LARGESSE_ALLOW_PRIVATE_TARGETS": "1",
        "LARGESSE_MANAGEMENT_ID": MANAGER["X-Management-Id"],
        "LARGESSE_MANAGEMENT_TOKEN": MANAGER["X-Management-Token"],
    }
    with data_folder() as folder, serving(folder, "--processes", "1", environment=environment) as server:
        yield server


def manage(server: Server, method: str, path: str, body: Any = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(
            method, f"/management/v1/projects{path}", content, {**MANAGER, "Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        found = json.loads(answer.read())
        assert answer.status == 200, found
        return found
    finally:
        connection.close()


def test_everything_is_told_though_the_job_process_is_killed(server: Server, receiver: Receiver) -> None:
    [project] = manage(server, "GET", "")["data"]
    wanted = {"target_url": receiver.url, "events": ["voucher.created"]}
    webhook = manage(server, "POST", f"/{project['id']}/webhooks", wanted)
    discount = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
    for n in range(COUNT):
        assert server.call("POST", f"/v1/vouchers/CODE-{n}", discount)[0] == 200
        if n == COUNT // 2:
            assert wait_until(lambda: len(receiver.bodies) > 20, 30)
            [worker] = server.children("largesse.runtime.work")
            os.kill(worker, signal.SIGKILL)
    codes = {f"CODE-{n}" for n in range(COUNT)}
    assert wait_until(lambda: {body["data"]["voucher"]["code"] for body in receiver.bodies} == codes, 90)
    ids = {body["data"]["voucher"]["code"]: body["id"] for body in receiver.bodies}
    assert all(ids[body["data"]["voucher"]["code"]] == body["id"] for body in receiver.bodies)
    path = f"/{project['id']}/webhooks/{webhook['id']}/deliveries"

    def all_delivered() -> bool:
        return bool(manage(server, "GET", f"{path}?status=DELIVERED")["total"] == COUNT)

    assert wait_until(all_delivered, 60)
    assert manage(server, "GET", path)["total"] == COUNT
    audit = run("audit", "--data", str(server.data), "--json")
    assert audit.returncode == 0, audit.stdout
    shown = run("events", "tail", "--lines", "1", "--json", "--data", str(server.data))
    assert json.loads(shown.stdout)["data"]["voucher"]["code"] == f"CODE-{COUNT - 1}"
