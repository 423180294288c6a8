from urllib.parse import quote

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from largesse.domain.errors import LargesseError, MethodNotAllowed, NotBuilt, NotFound
from largesse.http.app import App, create_app
from largesse.http.routes import all_routes
from largesse.http.routing import Route, RouteTable
from largesse.http.services import Services
from tests.http.conftest import client_of
from tests.http.probes import PROBES


@pytest.fixture
def probe_app(services: Services) -> App:
    return create_app(services, [*all_routes(), *PROBES])


@pytest.mark.parametrize("code", ["a/b", "a/b/c", "100%", "%2F", "a b+c", "übergröße", "?x=1&y#z", "refusing", "😀"])
async def test_a_code_of_any_characters_stays_one_segment(probe_app: App, api_key: dict[str, str], code: str) -> None:
    async with client_of(probe_app, api_key) as client:
        answer = await client.get(f"/v1/probes/{quote(code, safe='')}")
    assert (answer.status_code, answer.json()) == (200, {"code": code})


@pytest.mark.parametrize("segment", ["%00", "%FF", "a%00b"])
async def test_a_segment_that_cannot_be_a_text_is_refused(
    probe_app: App, api_key: dict[str, str], segment: str
) -> None:
    async with client_of(probe_app, api_key) as client:
        answer = await client.get(f"/v1/probes/{segment}")
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")


async def test_a_slash_at_the_end_of_a_path_says_nothing(probe_app: App, api_key: dict[str, str]) -> None:
    async with client_of(probe_app, api_key) as client:
        for path in ("/v1/probes", "/v1/probes/x"):
            plain = await client.get(path)
            for slashes in ("/", "//"):
                answer = await client.get(path + slashes)
                assert (answer.status_code, answer.json()) == (plain.status_code, plain.json()), path + slashes
        answer = await client.get("/v1/probes/%2F")
        assert answer.json() != plain.json()  # a slash within a code is part of it


async def test_head_is_get_without_the_body(probe_app: App, api_key: dict[str, str]) -> None:
    async with client_of(probe_app, api_key) as client:
        got, head = await client.get("/v1/probes/x"), await client.head("/v1/probes/x")
        refused = await client.head("/v1/nothing")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert (refused.status_code, refused.content) == (404, b"")


async def test_options_names_the_methods(probe_app: App) -> None:
    async with client_of(probe_app) as client:
        answer, unknown = await client.options("/v1/probes"), await client.options("/v1/nothing")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, OPTIONS")
    assert unknown.status_code == 404


async def test_unknown_paths_are_not_found(api: httpx.AsyncClient) -> None:
    for path in ("/v1/nothing", "/v1/", "/v1//publications", "/v2/publications", "/", "/v1/Publications"):
        answer = await api.get(path)
        assert (answer.status_code, answer.json()["key"]) == (404, "not_found"), path


async def endpoint(_request: Request) -> Response:
    return Response()


def table(*operations: str, absent: tuple[tuple[str, str], ...] = ()) -> RouteTable:
    routes = [Route(path, endpoint, methods=[method]) for method, path in (each.split() for each in operations)]
    return RouteTable(routes, absent)


def test_a_fixed_word_goes_before_a_parameter() -> None:
    routes = table("GET /v1/things/{id}", "GET /v1/things/special", "POST /v1/things/{id}/on", "GET /v1/{x}/special/y")
    assert routes.find("GET", "/v1/things/special").route.path == "/v1/things/special"
    assert routes.find("GET", "/v1/things/other") == (routes.find("GET", "/v1/things/x").route, {"id": "other"})
    assert routes.find("POST", "/v1/things/special/on").parameters == {"id": "special"}
    assert routes.find("GET", "/v1/things/special/y").parameters == {"x": "things"}


def test_a_method_that_only_the_parameter_has_is_found_there() -> None:
    routes = table("GET /v1/things/{id}", "POST /v1/things/import")
    assert routes.find("GET", "/v1/things/import").parameters == {"id": "import"}


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("POST", "/v1/things/import", NotBuilt),  # not a thing called import
        ("DELETE", "/v1/things", MethodNotAllowed),
        ("GET", "/v1/rewards/r1", NotBuilt),
        ("HEAD", "/v1/rewards/r1", NotBuilt),
        ("DELETE", "/v1/rewards/r1", MethodNotAllowed),
        ("GET", "/v1/rewards", NotFound),
    ],
)
def test_what_is_absent_says_how(method: str, path: str, error: type[LargesseError]) -> None:
    routes = table(
        "GET /v1/things",
        "POST /v1/things/{id}",
        absent=(("POST", "/v1/things/import"), ("GET", "/v1/rewards/{id}"), ("GET", "/v1/things")),
    )
    with pytest.raises(error):
        routes.find(method, path)
    assert routes.find("GET", "/v1/things")  # a route that exists wins


def test_one_operation_routed_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="routed twice"):
        table("GET /v1/things/{id}", "GET /v1/things/{code}")
