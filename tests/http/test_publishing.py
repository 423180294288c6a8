"""GET /v1/publications/create and POST /client/v1/publish as a client sees them."""

import httpx
import pytest

from tests.factories.campaigns import add_vouchers, make_campaign
from tests.http.conftest import APP_TOKEN, client_of, make_key
from tests.http.test_publications import assert_refused

CREATE = "/v1/publications/create"


@pytest.fixture
async def code(pool, project) -> str:
    await add_vouchers(pool, project, None, ["V-1"])
    return "V-1"


@pytest.fixture
async def campaign(pool, project) -> str:
    await make_campaign(pool, project, name="100k test", vouchers_count=5)
    return "100k test"


@pytest.fixture
async def integration(app, pool, project):
    """Authenticated with an integration key."""
    await make_key(pool, project, app_id="integration-id", kind="integration")
    async with client_of(app, {"X-App-Id": "integration-id", "X-App-Token": APP_TOKEN}) as client:
        yield client


async def publications_count(pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM publications WHERE result = 'SUCCESS'"))


class TestCreateByQuery:
    async def test_anonymous_is_401(self, anonymous, code):
        assert_refused(await anonymous.get(CREATE, params={"voucher": code, "customer": "c"}), 401, "unauthorized")

    async def test_other_project_does_not_see_the_voucher(self, app, pool, other_api, code):
        await pool.execute("UPDATE api_keys SET kind = 'integration' WHERE app_id = 'other-app-id'")
        response = await other_api.get(CREATE, params={"voucher": code, "customer": "c"})
        assert_refused(response, 404, "not_found")

    async def test_a_server_key_is_not_enough(self, api, pool, code):
        response = await api.get(CREATE, params={"voucher": code, "customer": "c"})
        assert_refused(response, 403, "integration_api_key_required")
        assert await publications_count(pool) == 0

    async def test_brackets_say_what_a_body_would_say(self, integration, campaign):
        response = await integration.get(
            CREATE
            + "?join_once=true&campaign[name]=100k+test&campaign[count]=1&customer[source_id]=s-1&customer[email]=a%40b"
            "&customer[address][city]=Opole&customer[metadata][k]=v&source_id=pub-1"
            "&metadata[Object][payment][tax]=9&metadata[flag]=true"
        )
        body = response.json()
        assert response.status_code == 200, body
        assert body["customer"] == {
            "id": body["customer_id"], "name": None, "email": "a@b", "source_id": "s-1", "metadata": {"k": "v"},
            "object": "customer",
        }  # fmt: skip
        assert body["voucher"]["campaign"] == campaign
        assert body["metadata"] == {"Object": {"payment": {"tax": "9"}}, "flag": "true"}
        assert (body["channel"], body["source_id"], body["result"]) == ("API", "pub-1", "SUCCESS")
        assert response.headers["cache-control"] == "no-store"

    async def test_objects_may_come_as_json(self, integration, code):
        customer = '{"source_id": "s", "metadata": {"n": 1}}'
        response = await integration.get(
            CREATE, params={"voucher": code, "customer": customer, "metadata": '{"x": [1]}'}
        )
        body = response.json()
        assert response.status_code == 200, body
        assert (body["customer"]["metadata"], body["metadata"]) == ({"n": 1}, {"x": [1]})

    async def test_bare_names_are_understood(self, integration, campaign):
        response = await integration.get(CREATE, params={"campaign": campaign, "customer": "somebody"})
        assert response.status_code == 200, response.json()
        assert response.json()["tracking_id"] == "somebody"

    async def test_an_id_beats_a_source_id(self, integration, api, pool, campaign):
        """A027"""
        known = (await api.post("/v1/customers", json={"source_id": "mine"})).json()["id"]
        query = {"campaign": campaign, "customer[id]": known, "customer[source_id]": "other"}
        body = (await integration.get(CREATE, params=query)).json()
        assert (body["customer_id"], body["customer"]["source_id"]) == (known, "mine")
        assert await pool.fetchval("SELECT count(*) FROM customers") == 1

    async def test_a_source_id_gives_the_same_code_again(self, integration, pool, campaign):
        query = {"campaign": campaign, "customer": "c", "source_id": "p"}
        first, second = [(await integration.get(CREATE, params=query)).json() for _ in range(2)]
        assert (first["id"], first["vouchers_id"]) == (second["id"], second["vouchers_id"])
        assert await publications_count(pool) == 1

    async def test_only_one_code_can_be_had(self, integration, pool, campaign):
        """A044"""
        response = await integration.get(
            CREATE, params={"campaign[name]": campaign, "campaign[count]": "2", "customer": "c"}
        )
        assert_refused(response, 400, "too_many_vouchers_requested", "Only up to 1 can be published")
        assert await publications_count(pool) == 0

    @pytest.mark.parametrize("customer", ["", "&customer=", "&customer={}", "&customer[id]=None"])
    async def test_a_customer_is_required(self, integration, code, customer):
        """A037"""
        response = await integration.get(
            f"{CREATE}?voucher={code}{customer}", headers={"User-Agent": "OpenAPI-Python-SDK/6.1.1"}
        )
        assert_refused(response, 400, "invalid_query_params", "Query should have required property 'customer'")
        assert response.headers["cache-control"] == "no-store"

    async def test_what_the_python_client_leaves_unset_is_unset(self, integration, code):
        query = f"{CREATE}?voucher={code}&campaign=None&customer[source_id]=s&customer[email]=None&metadata=None"
        body = (await integration.get(query, headers={"User-Agent": "OpenAPI-Python-SDK/6.1.1"})).json()
        assert (body["customer"]["email"], body["metadata"]) == (None, {})

    async def test_every_fault_is_named(self, integration):
        response = await integration.get(
            CREATE, params={"campaign[count]": "x", "customer[birthdate]": "2024-02-30", "metadata": "text"}
        )
        assert_refused(response, 400, "invalid_query_params", "Property .campaign.count must be integer")
        for name in (".customer.birthdate", ".metadata must be object"):
            assert name in response.json()["details"]

    async def test_neither_campaign_nor_voucher_is_missing_vouchers(self, integration):
        assert_refused(await integration.get(CREATE, params={"customer": "c"}), 400, "missing_vouchers")

    async def test_asking_for_the_head_publishes_nothing(self, integration, pool, code):
        response = await integration.head(CREATE, params={"voucher": code, "customer": "c"})
        assert response.status_code == 405
        assert await publications_count(pool) == 0

    async def test_an_integration_key_opens_nothing_else(self, integration: httpx.AsyncClient):
        assert_refused(await integration.get("/v1/publications"), 403, "forbidden")


SHOP = "https://shop.example"


@pytest.fixture
async def page(app, pool, project):
    """A page of the shop, in a project that lets client-side keys publish."""
    await make_key(pool, project, app_id="client-id", kind="client")
    await allow(pool)
    headers = {"X-Client-Application-Id": "client-id", "X-Client-Token": APP_TOKEN, "Origin": SHOP}
    async with client_of(app, headers) as client:
        yield client


async def allow(pool, *, publish: bool = True, origins: tuple[str, ...] = (SHOP,)) -> None:
    await pool.execute("UPDATE projects SET client_publish = $1, client_origins = $2", publish, list(origins))


class TestClientPublish:
    PATH = "/client/v1/publish"

    async def test_anonymous_is_401(self, anonymous, code):
        assert_refused(await anonymous.post(self.PATH, json={"voucher": code, "customer": "c"}), 401, "unauthorized")

    async def test_other_project_does_not_see_the_voucher(self, page, other_api, pool, code):
        other = await pool.fetchval("SELECT id FROM projects WHERE name = 'Other'")
        await pool.execute("UPDATE api_keys SET project_id = $1 WHERE app_id = 'client-id'", other)
        await allow(pool)
        assert_refused(await page.post(self.PATH, json={"voucher": code, "customer": "c"}), 404, "not_found")

    async def test_a_server_key_does_not_open_it(self, api, code):
        assert_refused(await api.post(self.PATH, json={"voucher": code, "customer": "c"}), 401, "unauthorized")

    async def test_a_page_publishes_as_a_server_does(self, page, campaign):
        body = {"campaign": {"name": campaign, "count": 2}, "customer": {"source_id": "s"}, "channel": "web"}
        answer = await page.post(self.PATH, json=body)
        assert answer.status_code == 200, answer.json()
        assert (len(answer.json()["vouchers"]), answer.json()["channel"]) == (2, "web")
        assert answer.headers["access-control-allow-origin"] == "*"

    async def test_join_once_in_the_query_gives_the_same_code(self, page, campaign):
        body = {"campaign": campaign, "customer": "c"}
        first, second = [(await page.post(self.PATH + "?join_once=true", json=body)).json()["id"] for _ in range(2)]
        assert first == second

    async def test_the_campaign_may_stand_in_the_query_as_the_official_client_sends_it(self, page, campaign, code):
        body = {"customer": {"source_id": "visitor"}}
        answer = await page.post("/client/v1/publish", params={"campaign": campaign}, json=body)
        assert (answer.status_code, answer.json()["voucher"]["campaign"]) == (200, campaign)
        named = await page.post("/client/v1/publish", params={"campaign": campaign}, json={**body, "voucher": code})
        assert named.json()["voucher"]["code"] == code

    async def test_it_is_off_unless_the_project_switches_it_on(self, page, pool, code):
        await allow(pool, publish=False)
        assert_refused(
            await page.post(self.PATH, json={"voucher": code, "customer": "c"}), 403, "forbidden", "switched off"
        )
        assert await publications_count(pool) == 0

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "https://shop.example.evil", ""])
    async def test_another_origin_is_refused(self, page, pool, code, origin):
        body = {"voucher": code, "customer": "c"}
        assert_refused(await page.post(self.PATH, json=body, headers={"Origin": origin}), 403, "forbidden", "rigin")
        assert await publications_count(pool) == 0

    async def test_a_project_without_origins_lets_nobody_in(self, page, pool, code):
        await allow(pool, origins=())
        assert_refused(await page.post(self.PATH, json={"voucher": code, "customer": "c"}), 403, "forbidden")

    async def test_a_star_lets_everybody_in_for_development(self, page, pool, code):
        await allow(pool, origins=("*",))
        body = {"voucher": code, "customer": "c"}
        assert (await page.post(self.PATH, json=body, headers={"Origin": "http://localhost:3000"})).status_code == 200

    async def test_every_fault_of_a_body_is_named(self, page):
        answer = await page.post(self.PATH, json={"voucher": 1, "metadata": []})
        assert_refused(answer, 400, "invalid_payload", "Property .voucher must be string")
