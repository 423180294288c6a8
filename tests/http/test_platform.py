"""The platform's table, sent to the bare publish route and to a Starlette route: both must answer the same."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
import pytest

from largesse.auth.rates import RateLimits
from largesse.domain.projects import Project
from largesse.http.app import App, create_app
from largesse.http.routes import all_routes
from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.http.conftest import APP_TOKEN, KEY_HEADERS, client_of, make_key
from tests.http.probes import PROBES

BARE = "/v1/publications"
STARLETTE = "/v1/probes"
BODY_MAX = 2000
JSON = {"Content-Type": "application/json"}
MALFORMED = {"statusCode": 400, "error": "Bad Request", "message": "Invalid request payload JSON format"}
TOO_LARGE = {
    "statusCode": 413,
    "error": "Request Entity Too Large",
    "message": f"Payload content length greater than maximum allowed: {BODY_MAX}",
}
VARYING = {"x-request-id", "x-rate-limit-retry", "x-rate-limit-remaining", "retry-after"}


async def endless() -> AsyncIterator[bytes]:
    for _ in range(10 * BODY_MAX // 100):
        yield b" " * 100


class Case(NamedTuple):
    name: str
    status: int
    body: dict[str, Any]  # without request_id, and only what must be there
    content: Any = b'{"customer":"c"}'
    headers: dict[str, str] = JSON
    method: str = "POST"
    key: dict[str, str] = KEY_HEADERS
    answered: dict[str, str] = {}  # headers of the answer  # noqa: RUF012


UNAUTHORIZED = {"code": 401, "key": "unauthorized", "message": "Unauthorized"}
OPENS_NOTHING = UNAUTHORIZED | {
    "details": "There is no such key or token, or it was revoked, has expired, or is for other paths"
}
MALFORMED_ID = "The header X-App-Id is malformed: up to 255 printable ASCII characters"
MALFORMED_BEARER = "The header Authorization is malformed: it must be Bearer and an access token"
CASES = [
    Case("no key", 401, UNAUTHORIZED | {"details": "The headers X-App-Id and X-App-Token are missing"}, key={}),
    Case("half a key", 401, UNAUTHORIZED | {"details": "The header X-App-Token is missing"},
         key={"X-App-Id": KEY_HEADERS["X-App-Id"]}),
    Case("the other half", 401, UNAUTHORIZED | {"details": "The header X-App-Id is missing"},
         key={"X-App-Token": APP_TOKEN, "X-App-Id": ""}),
    Case("a malformed id", 401, UNAUTHORIZED | {"details": MALFORMED_ID}, key={**KEY_HEADERS, "X-App-Id": "x" * 256}),
    Case("not a bearer", 401, UNAUTHORIZED | {"details": MALFORMED_BEARER}, key={"Authorization": "Basic eDp5"}),
    Case("a bearer of nothing", 401, UNAUTHORIZED | {"details": MALFORMED_BEARER}, key={"Authorization": "Bearer"}),
    Case("an unknown access token", 401, OPENS_NOTHING, key={"Authorization": "Bearer abc"}),
    Case("wrong token", 401, OPENS_NOTHING, key={**KEY_HEADERS, "X-App-Token": "x"}),
    Case("unknown id", 401, OPENS_NOTHING, key={**KEY_HEADERS, "X-App-Id": "nobody"}),
    Case("a revoked key", 401, OPENS_NOTHING, key={"X-App-Id": "revoked-id", "X-App-Token": APP_TOKEN}),
    Case("an expired key", 401, OPENS_NOTHING, key={"X-App-Id": "expired-id", "X-App-Token": APP_TOKEN}),
    Case("client-side headers on a server path", 401,
         UNAUTHORIZED | {"details": "The headers X-App-Id and X-App-Token are missing"},
         key={"X-Client-Application-Id": "client-id", "X-Client-Token": APP_TOKEN}),
    Case("client-side key in server headers", 401, OPENS_NOTHING,
         key={"X-App-Id": "client-id", "X-App-Token": APP_TOKEN}),
    Case("integration key", 403, {"code": 403, "key": "forbidden", "message": "Forbidden"},
         key={"X-App-Id": "integration-id", "X-App-Token": APP_TOKEN}),
    Case("header names in another case", 400, MALFORMED, content=b"{",
         key={name.upper(): value for name, value in KEY_HEADERS.items()}),
    Case("method", 405, {"code": 405, "message": "HTTP Method Not Allowed",
                         "details": "PUT is not supported by this endpoint. Did you mean GET or POST?"},
         method="PUT", answered={"allow": "GET, POST"}),
    Case("accept", 406, {"code": 406, "message": "Not Acceptable"}, headers={**JSON, "Accept": "text/html"}),
    Case("accept with q=0", 406, {"code": 406}, headers={**JSON, "Accept": "text/html, */*;q=0"}),
    Case("accept json with q=0", 406, {"code": 406}, headers={**JSON, "Accept": "application/json; q=0"}),
    Case("accept something like json", 406, {"code": 406}, headers={**JSON, "Accept": "application/json-patch+json"}),
    Case("accept json or anything", 400, MALFORMED, content=b"{",
         headers={**JSON, "Accept": "application/json, text/plain, */*"}),
    Case("accept among others", 400, MALFORMED, content=b"{",
         headers={**JSON, "Accept": "text/html, application/*;q=0.1"}),
    Case("announced too large", 413, TOO_LARGE, content=b"{}", headers={**JSON, "Content-Length": str(BODY_MAX + 1)}),
    Case("announced with 5,000 digits", 413, TOO_LARGE, content=b"{}", headers={**JSON, "Content-Length": "9" * 5000}),
    Case("announced too small", 413, TOO_LARGE, content=b" " * (BODY_MAX + 1), headers={**JSON, "Content-Length": "5"}),
    Case("not announced", 413, TOO_LARGE, content=endless),
    Case("largest possible", 400, MALFORMED, content=b"{" + b" " * (BODY_MAX - 1)),
    Case("form", 415, {"code": 415, "message": "Unsupported Media Type"},
         headers={"Content-Type": "application/x-www-form-urlencoded"}),
    Case("other charset", 415, {"code": 415}, headers={"Content-Type": "application/json; charset=iso-8859-1"}),
    Case("compressed", 415, {"code": 415}, headers={**JSON, "Content-Encoding": "gzip"}),
    Case("utf-8 said", 400, MALFORMED, content=b"{", headers={"Content-Type": "application/json; charset=UTF-8"}),
    Case("no content type", 400, MALFORMED, content=b"{", headers={}),
    Case("truncated", 400, MALFORMED, content=b'{"customer":"c'),
    Case("not utf-8", 400, MALFORMED, content=b'{"customer":"\xff"}'),
    Case("not utf-8 in an unknown field", 400, MALFORMED, content=b'{"customer":"c","unknown":"\xff"}'),
    Case("65 levels", 400, MALFORMED, content=b'{"customer":"c","metadata":{"a":' + b"[" * 63 + b"]" * 63 + b"}}"),
    Case("levels without end", 400, MALFORMED, content=b"[" * BODY_MAX),
    Case("NUL", 400, {"key": "invalid_payload", "details": "Property .customer must not contain NUL characters"},
         content=b'{"customer":"a\\u0000","voucher":"v"}'),
    Case("half a character", 400,
         {"key": "invalid_payload", "details": "Property .customer must not contain lone surrogates"},
         content=b'{"customer":"\\ud800","voucher":"v"}'),
    Case("integer of 65 bits", 400,
         {"key": "invalid_payload",
          "details": "Property .metadata.n must be between -9223372036854775808 and 9223372036854775807"},
         content=b'{"customer":"c","voucher":"v","metadata":{"n":9223372036854775808}}'),
    Case("NaN", 400, {"key": "invalid_payload", "details": "Property .metadata.n must be a finite number"},
         content=b'{"customer":"c","voucher":"v","metadata":{"n":NaN}}'),
    Case("array", 400, {"key": "invalid_payload", "message": "Invalid payload", "details": "Payload must be object"},
         content=b"[]"),
    Case("nothing", 400, {"key": "invalid_payload", "details": "Payload must be object"}, content=b""),
    Case("preflight", 204, {}, method="OPTIONS", content=b"", key={},
         headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                  "Access-Control-Request-Headers": "x-app-id,x-app-token"},
         answered={"access-control-allow-origin": "*", "access-control-allow-headers": "x-app-id,x-app-token",
                   "access-control-allow-methods": "GET, POST, PUT, DELETE"}),
    Case("another origin", 400, MALFORMED, content=b"{", headers={**JSON, "Origin": "https://shop.example"},
         answered={"access-control-allow-origin": "*"}),
    Case("unknown version", 400, MALFORMED, content=b"{", headers={**JSON, "X-Voucherify-API-Version": "v1999-01-01"}),
]  # fmt: skip


@pytest.fixture
def probe_app(services: Services) -> App:
    return create_app(replace(services, body_bytes_max=BODY_MAX), [*all_routes(), *PROBES])


async def send(client: httpx.AsyncClient, case: Case, path: str) -> httpx.Response:
    content = case.content() if callable(case.content) else case.content
    return await client.request(case.method, path, content=content, headers={**case.headers, **case.key})


def comparable(answer: httpx.Response) -> tuple[int, Any, list[tuple[str, str]]]:
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body.pop("request_id", None)
    return answer.status_code, body, sorted(item for item in answer.headers.items() if item[0] not in VARYING)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_both_kinds_of_route_answer_the_same(probe_app: App, pool: Pool, project: Project, case: Case) -> None:
    await make_key(pool, project)
    await make_key(pool, project, app_id="client-id", kind="client")
    await make_key(pool, project, app_id="integration-id", kind="integration")
    for app_id in ("revoked-id", "expired-id"):
        await make_key(pool, project, app_id=app_id)
    await pool.execute("UPDATE api_keys SET revoked_at = now() WHERE app_id = 'revoked-id'")
    await pool.execute("UPDATE api_keys SET expires_at = now() WHERE app_id = 'expired-id'")
    async with client_of(probe_app) as client:
        bare, starlette = await send(client, case, BARE), await send(client, case, STARLETTE)
    assert comparable(bare) == comparable(starlette)
    for answer in (bare, starlette):
        assert answer.status_code == case.status, answer.text
        body = answer.json() if answer.content else {}
        assert {name: body.get(name) for name in case.body} == case.body
        assert {name: answer.headers.get(name) for name in case.answered} == case.answered
        assert answer.headers["x-request-id"].startswith("v-")
        assert len(answer.headers["x-request-id"]) == 20
        assert not {"retry-after", "x-rate-limit-type"} & answer.headers.keys()
        assert ("access-control-allow-origin" in answer.headers) == ("Origin" in case.headers)
        if "code" in body:
            assert body["request_id"] == answer.headers["x-request-id"]


async def test_every_answer_says_what_the_key_may_still_do(services: Services, pool: Pool, project: Project) -> None:
    await make_key(pool, project)
    await make_key(pool, project, app_id="second")
    limited = replace(services, rates=RateLimits(calls=8, bulk_calls=4, processes=2, clock=lambda: 61.0))
    case = Case("", 0, {}, content=b"{")
    async with client_of(create_app(limited, [*all_routes(), *PROBES])) as client:
        for remaining in (3, 2, 1, 0):
            answer = await send(client, case, BARE if remaining % 2 else STARLETTE)
            assert answer.headers["x-rate-limit-limit"] == "4"
            assert answer.headers["x-rate-limit-remaining"] == str(remaining)
            assert answer.headers["x-rate-limit-retry"] == ("61" if remaining else "120")
        refusals = [await send(client, case, path) for path in (BARE, STARLETTE)]
        bulk = await client.post("/v1/products/bulk/async", headers=KEY_HEADERS)
        other = await client.get("/v1/probes", headers={**KEY_HEADERS, "X-App-Id": "second"})
    assert comparable(refusals[0]) == comparable(refusals[1])
    assert refusals[0].status_code == 429
    assert refusals[0].json()["message"] == "Too many requests hit the API too quickly."
    assert refusals[0].headers["x-rate-limit-type"] == "api_calls"
    assert refusals[0].headers["x-rate-limit-remaining"] == "0"
    assert int(refusals[0].headers["retry-after"]) >= 1
    assert (bulk.status_code, bulk.headers["x-rate-limit-limit"]) == (501, "2")  # a bucket of its own
    assert other.status_code == 200  # the limit is the key's


async def test_answers_to_nobody_carry_the_rate_limit_headers_too(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/healthz")
    assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-retry"} <= answer.headers.keys()


async def test_a_refusal_names_the_resource(probe_app: App, api_key: dict[str, str]) -> None:
    async with client_of(probe_app, api_key) as client:
        answer = await client.post("/v1/probes/refusing")
    body = answer.json()
    assert body.pop("request_id") == answer.headers["x-request-id"]
    assert body == {
        "code": 404,
        "key": "not_found",
        "message": "Resource not found",
        "details": "Cannot find voucher with id no such",
        "resource_id": "no such",
        "resource_type": "voucher",
    }


async def test_what_nobody_foresaw_is_an_error_without_internals(probe_app: App, api_key: dict[str, str]) -> None:
    async with client_of(probe_app, api_key) as client:
        answer = await client.post("/v1/probes/failing")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_an_integration_route_wants_an_integration_key(
    probe_app: App, api_key: dict[str, str], pool: Pool, project: Project
) -> None:
    await make_key(pool, project, app_id="integration-id", kind="integration")
    async with client_of(probe_app) as client:
        with_server_key = await client.get("/v1/probes/integration", headers=api_key)
        with_integration_key = await client.get(
            "/v1/probes/integration", headers={**api_key, "X-App-Id": "integration-id"}
        )
    assert (with_server_key.status_code, with_server_key.json()["key"]) == (403, "integration_api_key_required")
    assert with_integration_key.status_code == 200


@pytest.mark.parametrize(
    "api_of",
    [
        ("client", "/client/v1/redemptions", "X-Client-Application-Id", "X-Client-Token"),
        ("management", "/management/v1/projects/users/invite", "X-Management-Id", "X-Management-Token"),
    ],
)
async def test_every_api_has_headers_and_keys_of_its_own(
    anonymous: httpx.AsyncClient, api_key: dict[str, str], pool: Pool, project: Project, api_of: tuple[str, ...]
) -> None:
    kind, path, *names = api_of
    await pool.execute("UPDATE projects SET client_origins = '{*}'")
    await make_key(pool, None if kind == "management" else project, app_id="other-kind", kind=kind)
    known = await anonymous.post(path, headers=dict(zip(names, ("other-kind", APP_TOKEN), strict=True)))
    wrong_kind = await anonymous.post(path, headers=dict(zip(names, api_key.values(), strict=True)))
    wrong_headers = await anonymous.post(path, headers=api_key)
    assert (known.status_code, known.json()["key"]) == (501, "not_implemented")
    assert (wrong_kind.status_code, wrong_headers.status_code) == (401, 401)
