"""`largesse serve` as an operator meets it: start, refusals, signals, crashes. Real processes only."""

import asyncio
import http.client
import json
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from largesse.runtime.processes import is_running
from tests.acceptance.server import Server, data_folder, descendants, mentioned, run, serving, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all tests that leave it running, whatever they kill in it."""
    with data_folder() as folder, serving(folder, "--processes", "2") as server:
        yield server


def test_it_starts_from_nothing_and_says_that_it_is_ready(server: Server) -> None:
    assert server.get("/healthz")[0] == 200
    assert len(server.children("largesse.runtime.api")) == 2
    assert len(server.children("largesse.runtime.work")) == 1
    credentials = server.data / "credentials.json"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert set(json.loads(credentials.read_text())) == {
        "project",
        "server",
        "client",
        "integration",
        "management",
        "dashboard",
    }


def test_without_jobs_there_is_no_job_process(data: Path) -> None:
    with serving(data, "--no-jobs", "--processes", "1") as server:
        assert server.children("largesse.runtime.work") == []


def test_generated_keys_are_the_same_at_the_next_start_and_a_revoked_one_stays_revoked(data: Path) -> None:
    with serving(data):
        first = json.loads((data / "credentials.json").read_text())
        assert run("keys", "revoke", first["client"]["id"], "--data", str(data)).returncode == 0
    with serving(data):
        known = json.loads((data / "credentials.json").read_text())
        assert known == {name: entry for name, entry in first.items() if name != "client"}
        listed = json.loads(run("keys", "list", "--data", str(data), "--json").stdout)["keys"]
    assert {key["app_id"]: key["revoked_at"] is not None for key in listed} == {
        first[kind]["id"]: kind == "client" for kind in ("server", "client", "integration", "management")
    }


def test_keys_from_variables_are_created_and_not_written_down(data: Path) -> None:
    variables = {"LARGESSE_APP_ID": "my-app", "LARGESSE_APP_TOKEN": "my-very-secret-token"}
    with serving(data, environment=variables):
        listed = json.loads(run("keys", "list", "--data", str(data), "--json").stdout)["keys"]
        assert "my-app" in [key["app_id"] for key in listed]
        assert "my-very-secret-token" not in (data / "credentials.json").read_text()


def test_a_second_serve_on_the_same_directory_is_refused_with_the_pid_of_the_first(server: Server) -> None:
    second = run("serve", "--data", str(server.data), "--port", "0")
    assert second.returncode == 1
    assert f"in use by `largesse serve`, process {server.process.pid}" in second.stderr
    assert server.is_ready()


def test_a_port_in_use_is_refused_before_anything_starts(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", "--data", str(data / "new"), "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 can't be used" in refused.stderr
    assert not (data / "new" / "postgres").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's directory")
def test_a_directory_of_another_user_is_refused(data: Path) -> None:
    """Seen from an unprivileged user."""
    os.chown(data, 1, 1)
    data.chmod(0o700)
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        from largesse.runtime.directory import DataDirectory
        from largesse.runtime.refusal import StartRefused

        try:
            DataDirectory(data).create()
        except StartRefused as refusal:
            os._exit(0 if "belongs to another user (uid 1)" in str(refusal) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_commands_attach_to_the_running_server(server: Server) -> None:
    before = server.postgres_pid()
    created = run("projects", "create", "Shop", "--data", str(server.data), "--json")
    assert created.returncode == 0
    assert json.loads(created.stdout)["name"] == "Shop"
    again = run("projects", "create", "Shop", "--data", str(server.data))
    assert again.returncode == 1
    assert "There is a project called Shop already." in again.stderr
    assert server.postgres_pid() == before


def test_commands_run_without_a_server_one_after_the_other(data: Path) -> None:
    results: list[int] = []
    names = ("One", "Two", "Three")
    threads = [
        threading.Thread(
            target=lambda name=name: results.append(run("projects", "create", name, "--data", str(data)).returncode)
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0, 0, 0]
    listed = json.loads(run("projects", "list", "--data", str(data), "--json").stdout)["projects"]
    assert sorted(project["name"] for project in listed) == sorted(names)


def test_doctor_finds_a_running_server_well(server: Server) -> None:
    told = run("doctor", "--data", str(server.data), "--port", str(server.port), "--json")
    assert told.returncode == 0
    checks = {check["name"]: check for check in json.loads(told.stdout)["checks"]}
    assert {name for name, check in checks.items() if check["ok"]} == {
        *("python", "postgres", "directory", "disk", "database", "fsync", "commit", "migrations", "keys")
    }


def test_doctor_says_that_a_port_is_taken(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = run("doctor", "--data", str(data), "--port", str(taken.getsockname()[1]))
    assert told.returncode == 1
    assert "BAD port" in told.stdout


def test_sigterm_answers_what_is_in_flight_and_leaves_nothing_behind(data: Path) -> None:
    with serving(data, "--processes", "2") as server:
        family = descendants(server.process.pid)
        assert len(family) > 4
        body = json.dumps({"source_id": "in-flight"}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
        connection.putrequest("POST", "/v1/customers")
        for name, value in {**server.key(), "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body[:7])
        time.sleep(0.3)  # until an API process has it
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server.process.poll() is None
        connection.send(body[7:])
        assert connection.getresponse().status == 200
        assert server.stop() == 0
        assert not [pid for pid in family if is_running(pid)]
        assert not (data / "run" / "postgres.json").exists()
        assert not (data / "postgres" / "postmaster.pid").exists()


def test_what_was_answered_while_stopping_is_kept(data: Path) -> None:
    """A publication that waits for a customer whose row is locked: asked before SIGTERM, answered after it."""
    with serving(data, "--processes", "1") as server:
        assert server.call("POST", "/v1/vouchers/ONLY", {"type": "GIFT_VOUCHER", "gift": {"amount": 100}})[0] == 200
        assert server.call("POST", "/v1/customers", {"source_id": "locked"})[0] == 200
        answers: list[tuple[int, dict[str, str], Any]] = []
        body = {"voucher": "ONLY", "customer": {"source_id": "locked"}}
        asking = threading.Thread(target=lambda: answers.append(server.call("POST", "/v1/publications", body)))

        async def stop_meanwhile() -> None:
            connection = await asyncpg.connect(server.attach()["url"])
            async with connection.transaction():
                await connection.execute("SELECT 1 FROM customers FOR UPDATE")
                asking.start()
                await asyncio.sleep(0.5)
                server.process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.5)
            await connection.close()

        asyncio.run(stop_meanwhile())
        asking.join()
        assert [status for status, _, _ in answers] == [200]
        assert server.stop() == 0
    with serving(data) as server:
        found = server.call("GET", "/v1/publications")[2]["publications"]
        assert [publication["id"] for publication in found] == [answers[0][2]["id"]]


def test_ctrl_c_stops_it_as_cleanly(data: Path) -> None:
    with serving(data) as server:
        family = descendants(server.process.pid)
        assert server.stop(signal.SIGINT) == 0
        assert not [pid for pid in family if is_running(pid)]


def test_sigterm_while_starting_stops_it_at_once(data: Path) -> None:
    server = Server(data)
    assert wait_until((data / "postgres.new" / "base").exists, 20)
    assert server.stop() == 0
    assert "serving" not in server.output()
    server.close()
    assert wait_until(lambda: not mentioned(str(data)), 5)
    with serving(data):
        pass


def test_a_killed_api_process_is_replaced_and_the_other_answers_meanwhile(server: Server) -> None:
    before = server.children("largesse.runtime.api")
    os.kill(before[0], signal.SIGKILL)
    assert wait_until(lambda: len(set(server.children("largesse.runtime.api")) - set(before)) == 1, 10)
    assert before[1] in server.children("largesse.runtime.api")
    assert wait_until(server.is_ready, 10)


def test_a_killed_job_process_is_replaced(server: Server) -> None:
    (before,) = server.children("largesse.runtime.work")
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: server.children("largesse.runtime.work") not in ([], [before]), 10)


def test_killed_postgres_runs_again_and_requests_meanwhile_answer_503(server: Server) -> None:
    killed = server.postgres_pid()
    os.kill(killed, signal.SIGKILL)
    seen, gone_at = [], time.monotonic()
    while time.monotonic() - gone_at < 50:
        status, headers = server.get("/readyz")
        seen.append(status)
        assert status in (200, 503)
        if status == 503:
            assert int(headers.get("Retry-After", headers.get("retry-after", "0"))) >= 1
        elif 503 in seen:
            break
    assert seen[-1] == 200
    assert 503 in seen
    assert server.postgres_pid() != killed
    assert wait_until(lambda: server.attach()["postgres_pid"] == server.postgres_pid(), 5)


def test_a_killed_parent_takes_its_children_along_and_leaves_a_usable_directory(data: Path) -> None:
    with serving(data, "--processes", "2") as server:
        family = descendants(server.process.pid)
        assert run("projects", "create", "Kept", "--data", str(data)).returncode == 0
        server.stop(signal.SIGKILL)
        with serving(data) as next_one:
            listed = json.loads(run("projects", "list", "--data", str(data), "--json").stdout)["projects"]
            assert "Kept" in [project["name"] for project in listed]
            assert next_one.process.poll() is None
        assert wait_until(lambda: not [pid for pid in family if is_running(pid)], 10)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter a folder that is closed to PostgreSQL's account")
def test_as_root_it_serves_behind_a_closed_folder_also_after_its_parent_was_killed(data: Path) -> None:
    data.chmod(0o700)
    with serving(data / "inner") as server:
        assert run("projects", "create", "Kept", "--data", str(server.data)).returncode == 0
        server.stop(signal.SIGKILL)
        with serving(data / "inner"):
            assert "Kept" in run("projects", "list", "--data", str(server.data), "--json").stdout
            assert run("doctor", "--data", str(server.data), "--port", "0").returncode == 0


def test_a_killed_parent_frees_the_port_for_the_next(data: Path) -> None:
    with serving(data, "--processes", "2") as server:
        server.stop(signal.SIGKILL)
        again = Server(data, "--port", str(server.port))
        again.port = server.port
        try:
            again.wait_ready()
        finally:
            again.close()


def test_no_connection_is_refused_while_the_api_is_replaced(data: Path) -> None:
    """The parent keeps the socket: a newcomer waits for the new process."""
    with serving(data, "--processes", "1") as server:
        (only,) = server.children("largesse.runtime.api")
        os.kill(only, signal.SIGKILL)
        assert wait_until(lambda: not is_running(only), 5)
        try:
            status, _ = server.get("/healthz", timeout_s=15)
        except http.client.HTTPException:  # accepted by the one that died
            status, _ = server.get("/healthz", timeout_s=15)
        assert status == 200
