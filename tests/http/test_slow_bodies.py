"""A client that sends byte by byte, on both kinds of route."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from largesse.http.app import create_app
from largesse.http.services import Services

LIMIT_S = 0.05


@pytest.mark.parametrize("path", ["/v1/publications", "/v1/customers"])
async def test_a_body_that_does_not_end_is_cut_off(services: Services, api_key: dict[str, str], path: str) -> None:
    app = create_app(replace(services, body_limit_s=LIMIT_S))
    sent: list[Any] = []
    waits = 0

    async def receive() -> Any:
        nonlocal waits
        waits += 1
        await asyncio.sleep(LIMIT_S / 5)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in api_key.items()]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [*headers, (b"content-type", b"application/json")], "client": None}  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 10)
    assert waits > 1
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["key"] == "request_timeout"
