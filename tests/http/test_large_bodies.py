"""A large body with faults doesn't keep others waiting."""

import asyncio
import json

import httpx
import pytest

from largesse.http import edge
from largesse.wire.parse import parse_json


async def test_the_loop_goes_on_while_a_large_body_is_parsed(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    loop, served = asyncio.get_running_loop(), asyncio.Event()

    def slow(body: bytes, type_: type[object]) -> object:
        if len(body) > edge.PARSED_IN_LOOP_BYTES:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(served.wait(), loop).result(timeout=10)  # would never end in the loop
        return parse_json(body, type_)

    monkeypatch.setattr(edge, "parse_json", slow)
    large = json.dumps({"metadata": {"a": "x" * edge.PARSED_IN_LOOP_BYTES}, "voucher": 1})
    waiting = asyncio.create_task(api.post("/v1/publications", content=large))
    await begun.wait()
    assert (await api.get("/v1/publications")).status_code == 200
    served.set()
    answer = await waiting
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
