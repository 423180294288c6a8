"""No cache on the way may keep an answer that a credential opened, or refuse one with what it kept."""

import httpx
import pytest

from largesse.http.app import create_app
from largesse.http.routes import all_routes
from tests.http.conftest import client_of, make_key

PATHS = sorted({(method, route.path) for route in all_routes() for method in route.methods or ()})
OPENERS = {
    "x-app-id", "x-app-token", "x-client-application-id", "x-client-token", "x-management-id", "x-management-token",
    "authorization", "cookie", "origin",
}  # fmt: skip


def assert_not_kept(answer: httpx.Response) -> None:
    assert answer.headers.get_list("cache-control") == ["no-store"], (answer.request.url, answer.headers)
    assert set(answer.headers["vary"].split(", ")) >= OPENERS, answer.headers["vary"]


async def test_no_answer_of_any_route_may_be_kept(app, api, anonymous):
    """With a key and without, found or not, right or wrong: the id isn't known, and the body is no JSON."""
    for method, path in PATHS:
        if path.startswith("/v1/assets/"):
            continue
        address = path.replace("{", "").replace("}", "")
        for client in (api, anonymous):
            assert_not_kept(await client.request(method, address, content=b"{" if method in {"POST", "PUT"} else None))


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/vouchers?limit=1", "/v1/publications", "/v1/customers/c-1"])
async def test_what_is_found_may_not_be_kept(api, path):
    assert (await api.post("/v1/customers", json={"source_id": "c-1"})).status_code == 200
    for method in ("GET", "HEAD"):
        answer = await api.request(method, path)
        assert answer.status_code in {200, 405}
        assert_not_kept(answer)


async def test_a_published_code_may_not_be_kept(api):
    await api.post(
        "/v1/vouchers/C-1", json={"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
    )
    answer = await api.post("/v1/publications", json={"voucher": "C-1", "customer": "c"})
    assert answer.status_code == 200, answer.json()
    assert_not_kept(answer)


async def test_errors_before_a_route_may_not_be_kept(api, anonymous):
    for client in (api, anonymous):
        for method, path in (("GET", "/nowhere"), ("PATCH", "/v1/customers"), ("GET", "/v1/customers?page=x"),
                             ("OPTIONS", "/v1/customers"), ("GET", "/v1/assets/qr/nothing")):  # fmt: skip
            assert_not_kept(await client.request(method, path))


async def test_client_side_answers_may_not_be_kept(services, pool, project):
    await make_key(pool, project, app_id="client-id", token="client-token", kind="client")
    headers = {"X-Client-Application-Id": "client-id", "X-Client-Token": "client-token", "Origin": "https://shop.test"}
    async with client_of(create_app(services), headers) as client:
        assert_not_kept(await client.post("/client/v1/publish", json={}))


async def test_an_open_picture_may_be_kept_and_varies_with_the_origin(api, anonymous):
    await api.post(
        "/v1/vouchers/C-1", json={"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
    )
    url = (await api.get("/v1/vouchers/C-1")).json()["assets"]["qr"]["url"]
    answer = await anonymous.get(httpx.URL(url).raw_path.decode())
    assert answer.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
    assert answer.headers["vary"] == "Origin"
