"""A client that hangs up, or whose body can't be read, is no unexpected error, wherever its body was being read."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from largesse.auth.sessions import form_token
from largesse.http.app import App
from largesse.http.edge import LastWords
from tests.dashboard.conftest import Person
from tests.http.conftest import KEY_HEADERS

FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")


async def send_and_hang_up(app: App, path: str, headers: list[tuple[bytes, bytes]], start: bytes) -> dict[str, Any]:
    """The answer that somebody would get who still listens."""
    messages = iter([{"type": "http.request", "body": start, "more_body": True}, *[{"type": "http.disconnect"}] * 3])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http", "server": ("api.test", 80),
        "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    await LastWords(app)(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    start_message: dict[str, Any] = sent[0]
    return start_message


@pytest.fixture
async def cookie(dashboard: Person) -> tuple[bytes, bytes]:
    return b"cookie", f"largesse_session={dashboard.token}".encode()


@pytest.mark.parametrize(
    "path", ["/app/sign-in", "/app/sign-out", "/app/account", "/app/users/new", "{}/customers/new"]
)
async def test_inside_a_form(app: App, dashboard: Person, cookie: tuple[bytes, bytes], path: str) -> None:
    start = f"proof={form_token(dashboard.token)}&na".encode()
    with capture_logs() as logs:
        answer = await send_and_hang_up(app, path.format(dashboard.base), [FORM, cookie], start)
    assert answer["status"] == 400
    assert [(one["event"], one["status"]) for one in logs] == [("request", 499)]


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/publications", "/v1/vouchers/importCSV", "/v1/oauth/token"])
async def test_inside_a_body_of_the_api(app: App, api_key: dict[str, str], path: str) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in KEY_HEADERS.items()]
    kind = {"/v1/vouchers/importCSV": (b"content-type", b"multipart/form-data; boundary=x"), "/v1/oauth/token": FORM}
    with capture_logs() as logs:
        answer = await send_and_hang_up(app, path, [*headers, kind.get(path, JSON)], b'{"a')
    assert answer["status"] == 400
    assert [(one["event"], one["status"]) for one in logs] == [("request", 499)]
