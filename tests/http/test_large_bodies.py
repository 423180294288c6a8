"""A large body with faults doesn't keep others waiting."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from largesse.http import bodies, large_bodies
from largesse.wire.parse import parse_json

VERY_LARGE = bodies.PARSED_IN_PROCESS_BYTES + 1
CUSTOMER = {"source_id": "somebody"}


async def test_the_loop_goes_on_while_a_large_body_is_parsed(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    loop, served = asyncio.get_running_loop(), asyncio.Event()

    def slow(body: bytes, type_: type[object]) -> object:
        if len(body) > bodies.PARSED_IN_LOOP_BYTES:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(served.wait(), loop).result(timeout=10)  # would never end in the loop
        return parse_json(body, type_)

    monkeypatch.setattr(bodies, "parse_json", slow)
    large = json.dumps({"metadata": {"a": "x" * bodies.PARSED_IN_LOOP_BYTES}, "voucher": 1})
    waiting = asyncio.create_task(api.post("/v1/publications", content=large))
    await begun.wait()
    assert (await api.get("/v1/publications")).status_code == 200
    served.set()
    answer = await waiting
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")


@pytest.fixture
def nothing_parsed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_body: bytes, _type: type[object]) -> object:
        raise AssertionError("it was parsed in the server's own process")

    monkeypatch.setattr(bodies, "parse_json", refuse)


@pytest.mark.usefixtures("nothing_parsed_here")
class TestApart:
    """Bodies of megabytes are judged by another process."""

    async def test_all_faults_are_named(self, api: httpx.AsyncClient) -> None:
        body = {"voucher": 1, "customer": 2, "more": "x" * VERY_LARGE}
        answer = await api.post("/v1/publications", json=body)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert "Property .voucher must be" in answer.json()["details"]
        assert "Property .customer must be" in answer.json()["details"]

    async def test_what_is_no_json_is_told_so(self, api: httpx.AsyncClient) -> None:
        answer = await api.post("/v1/publications", content='{"more":"' + "x" * VERY_LARGE)
        assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request payload JSON format")

    async def test_what_is_right_is_done(self, api: httpx.AsyncClient) -> None:
        body = {"source_id": "large", "metadata": {}, "more": ["\ud83d\ude00", 10**18] * (VERY_LARGE // 20)}
        answer = await api.post("/v1/customers", content=json.dumps(body))
        assert (answer.status_code, answer.json()["source_id"]) == (200, "large")

    async def test_a_process_that_dies_or_dawdles_is_no_verdict(
        self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(large_bodies, "JUDGED_WITHIN_S", 0.0)
        answer = await api.post("/v1/customers", json={"source_id": "late", "more": "x" * VERY_LARGE})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (await api.get("/v1/customers/late")).status_code == 404


def pieces(size: int) -> Any:
    async def content() -> Any:
        yield b'{"source_id":"pieces","more":"'
        for _ in range(size // 10_000):
            yield b"x" * 10_000
        yield b'"}'

    return content()


async def test_only_so_many_bytes_of_bodies_are_held(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_bodies, "HELD_MAX_BYTES", 50_000)
    answer = await api.post("/v1/customers", content=pieces(100_000))
    assert (answer.status_code, answer.json()["details"]) == (503, "Too many large bodies at once")
    for _ in range(3):  # what was held is given back
        assert (await api.post("/v1/customers", content=pieces(30_000))).status_code == 200
