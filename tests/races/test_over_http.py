"""The promises through HTTP: one server, three API processes, 48 connections, everybody at the same moment.

A rival is an answer whose request was on its way before the winner's answer had come: it really raced. `contest` prints
how many there were, and fails when there was none.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.acceptance.server import Server, data_folder, run, serving

CONNECTIONS = 48
ROUNDS = 8
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with data_folder() as data, serving(data, "--processes", "3") as server:
        yield server
        assert json.loads(run("audit", "--json", "--data", str(data)).stdout)["kept"] is True


@pytest.fixture
async def api(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    key = json.loads((server.data / "credentials.json").read_text())["server"]
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{server.port}",
        headers={"X-App-Id": key["id"], "X-App-Token": key["token"]},
        limits=limits,
        timeout=20,
    ) as client:
        # Open the connections first, so that the race doesn't begin with handshakes; processes share them out.
        await asyncio.gather(*(client.get("/healthz") for _ in range(CONNECTIONS)))
        yield client


class Answer(NamedTuple):
    status: int
    body: Any
    sent_at: float
    came_at: float

    @property
    def key(self) -> str:
        return str(self.body.get("key", self.body.get("result")))


async def ask(api: httpx.AsyncClient, payload: dict[str, Any], query: str = "") -> Answer:
    sent_at = time.perf_counter()
    response = await api.post("/v1/publications" + query, json=payload)
    return Answer(response.status_code, response.json(), sent_at, time.perf_counter())


async def contest(api: httpx.AsyncClient, payloads: list[dict[str, Any]], query: str = "") -> list[Answer]:
    return list(await asyncio.gather(*(ask(api, payload, query) for payload in payloads)))


def report(name: str, rounds: list[list[Answer]], capsys: pytest.CaptureFixture[str]) -> None:
    rivals = 0
    for answers in rounds:
        first = min(answer.came_at for answer in answers if answer.status == 200)
        rivals += sum(answer.sent_at < first for answer in answers) - 1
    with capsys.disabled():
        print(f"\n    {name} over HTTP: {rivals} rivals in {len(rounds)} rounds", end="")
    assert rivals > 0


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


async def make_campaign(api: httpx.AsyncClient, count: int, **fields: Any) -> str:
    name = unique("campaign")
    body = {
        "name": name,
        "vouchers_count": count,
        "voucher": {"discount": {"type": "PERCENT", "percent_off": 10}},
    } | fields
    response = await api.post("/v1/campaigns", json=body)
    assert response.status_code == 200, response.text
    while (await api.get(f"/v1/campaigns/{name}")).json()["vouchers_generation_status"] != "DONE":
        await asyncio.sleep(0.05)
    return name


async def test_one_source_id_is_one_publication(api, capsys):
    campaign = await make_campaign(api, 100)
    rounds = []
    for _ in range(ROUNDS):
        payload = {"campaign": campaign, "customer": unique("bob"), "source_id": unique("source")}
        answers = await contest(api, [payload] * CONNECTIONS)
        assert {answer.status for answer in answers} == {200}
        assert len({(answer.body["id"], answer.body["voucher"]["code"]) for answer in answers}) == 1
        rounds.append(answers)
    report("source_id", rounds, capsys)


async def test_join_once_is_one_code(api, capsys):
    campaign = await make_campaign(api, 100)
    rounds = []
    for _ in range(ROUNDS):
        answers = await contest(
            api, [{"campaign": campaign, "customer": unique("bob")}] * CONNECTIONS, "?join_once=true"
        )
        assert len({answer.body["voucher"]["code"] for answer in answers}) == 1
        rounds.append(answers)
    assert (await api.get(f"/v1/publications?campaign={campaign}")).json()["total"] == ROUNDS
    report("join_once", rounds, capsys)


async def test_one_voucher_goes_to_one_customer(api, capsys):
    rounds = []
    for _ in range(ROUNDS):
        made = await api.post(
            "/v1/vouchers", json={"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 5}}
        )
        code = made.json()["code"]
        answers = await contest(api, [{"voucher": code, "customer": unique("c")} for _ in range(CONNECTIONS)])
        assert sorted(answer.key for answer in answers) == ["SUCCESS"] + ["voucher_already_published"] * (
            CONNECTIONS - 1
        )
        rounds.append(answers)
    report("one voucher", rounds, capsys)


async def test_more_callers_than_codes(api, capsys):
    campaign = await make_campaign(api, 100)
    answers = await contest(api, [{"campaign": campaign, "customer": unique("c")} for _ in range(240)])
    codes = [answer.body["voucher"]["code"] for answer in answers if answer.status == 200]
    assert len(codes) == len(set(codes)) == 100
    assert {answer.key for answer in answers if answer.status != 200} == {"no_voucher_suitable_for_publication"}
    report("too few codes", [answers], capsys)


async def test_auto_update_from_empty(api, capsys):
    campaign = await make_campaign(api, 0, type="AUTO_UPDATE")
    answers = await contest(api, [{"campaign": campaign, "customer": unique("c")} for _ in range(240)])
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["voucher"]["code"] for answer in answers}) == 240
    assert (await api.get(f"/v1/campaigns/{campaign}")).json()["vouchers_count"] == 240
    report("AUTO_UPDATE from empty", [answers], capsys)


async def test_auto_update_in_a_space_as_small_as_the_crowd(api, capsys):
    """A hundred codes exist: a hundred callers get them, the others are refused, and nobody waits for ever."""
    voucher = {
        "discount": {"type": "PERCENT", "percent_off": 10},
        "code_config": {"pattern": unique("x") + "##", "charset": "0123456789"},
    }
    campaign = await make_campaign(api, 0, type="AUTO_UPDATE", voucher=voucher)
    answers = await contest(api, [{"campaign": campaign, "customer": unique("c")} for _ in range(130)])
    codes = [answer.body["voucher"]["code"] for answer in answers if answer.status == 200]
    assert len(codes) == len(set(codes)) <= 100
    late = [answer for answer in answers if answer.status == 503]
    assert {answer.key for answer in answers if answer.status not in (200, 503)} <= {
        "no_voucher_suitable_for_publication"
    }
    # Whoever ran out of time was told so and got nothing: asking again settles it.
    while len(codes) < 100:
        again = await ask(api, {"campaign": campaign, "customer": unique("c")})
        assert again.status in (200, 503)
        codes += [again.body["voucher"]["code"]] if again.status == 200 else []
    assert len(set(codes)) == 100
    report(f"small space ({len(late)} out of time)", [answers], capsys)
