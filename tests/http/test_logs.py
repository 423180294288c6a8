from typing import Any

import httpx
import pytest
import structlog

from largesse.domain.projects import Project
from largesse.http.app import App, create_app
from largesse.http.services import Services
from tests.http.conftest import client_of
from tests.http.probes import PROBES


@pytest.fixture
def probe_app(services: Services) -> App:
    return create_app(services, PROBES)


async def test_one_line_a_request_without_secrets(api: httpx.AsyncClient, project: Project) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = await api.post("/v1/publications?secret=q-secret", json={"customer": "body-secret"})
    [line] = [line for line in lines if line["event"] == "request"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/publications", answer.status_code)
    assert (line["app_id"], line["project"]) == ("test-app-id", project.public_id)
    assert line["duration_ms"] > 0
    assert "secret" not in str(lines)
    assert "test-app-token" not in str(lines)


async def test_what_nobody_foresaw_is_logged_with_its_cause(probe_app: App, api_key: dict[str, str]) -> None:
    with structlog.testing.capture_logs() as lines:
        async with client_of(probe_app, api_key) as client:
            answer = await client.post("/v1/probes/failing")
    [line] = [line for line in lines if line["event"] == "unexpected_error"]
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert line["request_id"] == answer.json()["request_id"]
    assert line["log_level"] == "error"


async def test_a_refusal_is_no_error_of_ours(probe_app: App, api_key: dict[str, str]) -> None:
    with structlog.testing.capture_logs() as lines:
        async with client_of(probe_app, api_key) as client:
            await client.post("/v1/probes/refusing")
    assert [line["event"] for line in lines] == ["request"]


async def test_an_answer_that_breaks_off_is_cut_and_logged(probe_app: App, api_key: dict[str, str]) -> None:
    with structlog.testing.capture_logs() as lines, pytest.raises(ZeroDivisionError):
        async with client_of(probe_app, api_key) as client:
            await client.get("/v1/probes/streaming")
    assert [line["event"] for line in lines] == ["unexpected_error", "request"]


@pytest.mark.parametrize("path", ["/v1/publications", "/v1/probes", "/v1/probes/raw"])
async def test_a_client_that_hangs_up_is_no_error(probe_app: App, api_key: dict[str, str], path: str) -> None:
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in api_key.items()]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "client": None}  # fmt: skip
    with structlog.testing.capture_logs() as lines:
        await probe_app(scope, receive, send)
    assert sent == []
    assert [(line["event"], line["status"]) for line in lines] == [("request", 499)]
