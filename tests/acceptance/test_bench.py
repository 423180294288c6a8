"""`largesse bench` against a real server, and what it leaves behind."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.server import Server, data_folder, free_port, run, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with data_folder() as data, serving(data) as running:
        yield running


def bench(server: Server, *arguments: str, kind: str = "server", **extra: str) -> "subprocess.CompletedProcess[str]":
    key = json.loads((server.data / "credentials.json").read_text())["server"]
    if kind == "management":
        key = json.loads(run("keys", "create", "--kind", kind, "--data", str(server.data), "--json").stdout)
    given = {"app-id": key["id"], "app-token": key["token"], "rate": "40", "duration": "1", **extra}
    where = ["--url", f"http://127.0.0.1:{server.port}"]
    return run("bench", *where, *(part for name, text in given.items() for part in (f"--{name}", text)), *arguments)


def listed(server: Server, path: str) -> Any:
    return server.call("GET", path)[2]


def test_a_rehearsal_publishes_to_everybody_meets_its_objective_and_deletes_its_campaign(server: Server):
    answer = bench(server, "--objective-ms", "8000", "--connections", "8", "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    shown = json.loads(answer.stdout)
    assert (shown["verdict"], shown["reasons"], shown["answers"]) == ("met", [], {"200": 40})
    assert set(shown["latencies_ms"]) == {"p50", "p99", "p99.9", "max"}
    assert listed(server, "/v1/campaigns")["campaigns"] == []
    assert listed(server, "/v1/publications?filters[campaign_name][conditions][$is][0]=x")["total"] == 0
    # Two requests a customer, each with a code of its own.
    assert listed(server, "/v1/publications")["total"] == 40
    assert listed(server, "/v1/customers")["total"] == 20
    assert "largesse-bench-" in shown["left_behind"]


def test_with_a_management_key_the_project_it_played_in_is_gone(server: Server):
    before = listed(server, "/v1/publications")["total"]
    projects = json.loads(run("projects", "list", "--data", str(server.data), "--json").stdout)
    answer = bench(server, "--objective-ms", "8000", kind="management")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "verdict      met: p99 within 8000 ms" in answer.stdout
    assert json.loads(run("projects", "list", "--data", str(server.data), "--json").stdout) == projects
    assert listed(server, "/v1/publications")["total"] == before


def test_an_objective_that_nobody_can_meet_is_missed_with_the_reason_and_exit_1(server: Server):
    answer = bench(server, "--objective-ms", "0.1", "--json")
    shown = json.loads(answer.stdout)
    assert (answer.returncode, shown["verdict"]) == (1, "missed")
    assert "the objective 0.1 ms" in shown["reasons"][0]
    assert listed(server, "/v1/campaigns")["campaigns"] == []


def test_a_wrong_key_and_a_server_that_isnt_there_are_sentences(server: Server):
    answer = bench(server, **{"app-token": "wrong"})
    assert answer.returncode == 1
    assert "POST /v1/campaigns answered 401" in answer.stderr
    nowhere = bench(server, "--url", f"http://127.0.0.1:{free_port()}")
    assert nowhere.returncode == 1
    assert "doesn't answer" in nowhere.stderr
    for failed in (answer, nowhere):
        assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": "0"},
        {"rate": "-1"},
        {"rate": "nan"},
        {"duration": "inf"},
        {"rate": "100000", "duration": "3600"},
        {"connections": "0"},
        {"objective-ms": "0"},
        {"url": "ftp://127.0.0.1"},
        {"url": "http://"},
        {"url": "http://[::1"},
        {"url": "http://host:99999"},
        {"url": "http://host/?x=1"},
    ],
)
def test_arguments_that_make_no_sense_are_wrong_usage(wrong: dict[str, str]):
    given = {"app-id": "a", "app-token": "b", "rate": "1", "duration": "1", **wrong}
    answer = run("bench", *(part for name, text in given.items() for part in (f"--{name}", text)))
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
