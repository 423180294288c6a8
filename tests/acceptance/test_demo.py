"""`largesse demo`, `audit`, `generate` and `publish` as a newcomer and an operator run them."""

import asyncio
import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.acceptance.server import Server, clean_environment, command, data_folder, free_port, run, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def test_demo_once_makes_two_publications_and_leaves_with_zero(data: Path):
    for _ in range(2):  # the second time everything is there already
        told = run("demo", "--once", "--json", "--data", str(data), "--port", str(free_port()))
        assert told.returncode == 0, told.stderr
        shown = json.loads(told.stdout)
        assert shown["specific"]["voucher"]["publish"]["count"] == 1
        assert shown["specific"]["channel"] == "newsletter_October"
        assert len(set(shown["dynamic"]["vouchers"])) == 2
    listed = json.loads(run("audit", "--json", "--data", str(data)).stdout)
    assert listed["kept"] is True


def test_demo_serves_on_and_its_curl_lines_work_when_pasted(data: Path):
    asked = command("demo", "--data", str(data), "--port", str(free_port()))
    with subprocess.Popen(asked, env=clean_environment(), stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            pasted, said = [], []
            for line in demo.stdout:
                said.append(line.strip())
                if line.startswith("curl "):
                    pasted.append(line)
                if line.startswith("Ctrl-C"):
                    break
            answers = [json.loads(subprocess.check_output(["bash", "-c", line])) for line in pasted]
            assert [answer["object"] for answer in answers] == ["publication", "publication", "list"]
            assert [item["id"] for item in answers[2]["publications"]][:2] == [answers[1]["id"], answers[0]["id"]]
            # The printed account opens the printed dashboard.
            told = {name: rest.strip() for name, _, rest in (line.partition(":") for line in said)}
            page = subprocess.check_output(
                ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", told["The dashboard"] + "sign-in",
                 "--data-urlencode", "email=" + told["E-mail"], "--data-urlencode", "password=" + told["Password"]],
                text=True,
            )  # fmt: skip
            assert page.startswith("303 ")
            assert page.endswith("/app/")
        finally:
            demo.send_signal(signal.SIGINT)
            assert demo.wait(30) == 0


@pytest.mark.timeout(180)  # nine commands, each a process that begins from nothing
def test_codes_without_an_http_client_and_an_audit_that_finds_a_broken_promise(data: Path):
    with serving(data) as server:
        folder = str(data)
        assert run("demo", "--once", "--data", folder).returncode == 1, "a server owns the directory"
        url = server.attach()["url"]
        assert run("publish", "--campaign", "none", "--customer", "bob", "--data", folder).returncode == 1
        make_campaign(server)
        made = run("generate", "pool", "2500", "--data", folder, "--json")
        assert made.returncode == 0, made.stderr
        assert json.loads(made.stdout)["done_count"] == 2500
        asked = ("publish", "--campaign", "pool", "--customer", "bob", "--source-id", "s", "--data", folder, "--json")
        first, again = json.loads(run(*asked).stdout), json.loads(run(*asked).stdout)
        assert first["id"] == again["id"]
        assert run("audit", "--data", folder).returncode == 0
        asyncio.run(execute(url, "UPDATE campaign_counters SET published = 6"))
        broken = run("audit", "--data", folder, "--json")
        assert broken.returncode == 1
        (finding,) = [check for check in json.loads(broken.stdout)["checks"] if check["rows"]]
        assert finding["invariant"] == "I5"
        assert finding["rows"][0]["counter_published"] == 6 + 1  # the change that isn't folded yet


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def make_campaign(server: Server) -> None:
    key = json.loads((server.data / "credentials.json").read_text())["server"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    body = {"name": "pool", "voucher": {"discount": {"type": "PERCENT", "percent_off": 10}}}
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"], "Content-Type": "application/json"}
    connection.request("POST", "/v1/campaigns", json.dumps(body), headers)
    assert connection.getresponse().status == 200
    connection.close()
