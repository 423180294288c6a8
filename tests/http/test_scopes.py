"""What a key or token with scopes may see and do beyond the first word of a path, and what keys must not use up."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from largesse.actions import exports
from largesse.actions.ids import IdSource
from largesse.actions.publishing import Limits, Publisher
from largesse.domain.errors import Unavailable
from largesse.domain.projects import Project
from largesse.domain.tokens import LIVE_MAX, OPEN_KEY_LIVE_MAX
from largesse.http.app import App
from largesse.http.bodies import OPEN_KEYS_BODY_BYTES_MAX
from largesse.store.connection import PUBLISH_SETTINGS, Pool, create_pool
from tests.actions.conftest import work_off
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.factories.publications import request
from tests.http.conftest import APP_ID, APP_TOKEN, client_of, make_key
from tests.http.test_exports import EXPORTS, address, begun
from tests.http.test_publications import assert_refused


@pytest.fixture
async def scoped(app: App, pool: Pool, project: Project) -> AsyncIterator[Callable[..., object]]:
    """Makes clients whose key has these scopes and no others."""
    clients: list[httpx.AsyncClient] = []

    async def make(*scopes: str) -> httpx.AsyncClient:
        app_id = f"key-{len(clients)}"
        await make_key(pool, project, app_id=app_id)
        await pool.execute("UPDATE api_keys SET scopes = $2 WHERE app_id = $1", app_id, list(scopes))
        clients.append(client_of(app, {"X-App-Id": app_id, "X-App-Token": APP_TOKEN}))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


async def token_client(app: App, api: httpx.AsyncClient, *scopes: str) -> httpx.AsyncClient:
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    token = (await api.post("/v1/oauth/token", data=form)).json()["access_token"]
    return client_of(app, {"Authorization": f"Bearer {token}"})


class TestExports:
    @pytest.mark.parametrize(
        ("exported_object", "parameters", "missing"),
        [
            ("customer", {}, "customers"),
            ("publication", {}, "publications"),
            ("voucher", {"publish": False}, "vouchers"),
            ("voucher_transactions", {}, "vouchers"),
            ("voucher", {"publish": False, "fields": ["code", "customer_source_id"]}, "customers, vouchers"),
        ],
    )
    async def test_the_scope_exports_alone_exports_nothing(self, scoped, pool, exported_object, parameters, missing):
        client = await scoped("exports")
        answer = await client.post(EXPORTS, json={"exported_object": exported_object, "parameters": parameters})
        assert_refused(answer, 403, "forbidden", f"needs the scopes {missing}")
        assert await pool.fetchval("SELECT count(*) FROM exports") == 0
        assert await pool.fetchval("SELECT count(*) FROM jobs") == 0
        able = await scoped("exports", *missing.split(", "))
        await begun(able, exported_object, **parameters)

    async def test_an_export_that_publishes_needs_the_scope_of_publishing(self, scoped, pool, project):
        await add_vouchers(pool, project, None, ["V-1"])
        client = await scoped("exports", "vouchers")
        answer = await client.post(EXPORTS, json={"exported_object": "voucher"})
        assert_refused(answer, 403, "forbidden", "publications")
        await work_off(pool)
        assert await pool.fetchval("SELECT state FROM vouchers") == 0
        await begun(await scoped("exports", "vouchers", "publications"), "voucher")
        await work_off(pool)
        assert await pool.fetchval("SELECT state FROM vouchers") == 2

    async def test_a_token_is_held_to_the_same(self, app, api):
        async with await token_client(app, api, "exports", "vouchers") as client:
            answer = await client.post(EXPORTS, json={"exported_object": "customer"})
            assert_refused(answer, 403, "forbidden", "customers")

    async def test_nobody_opens_the_file_that_another_key_asked_for(self, api, scoped, pool):
        made = await begun(api, "customer")
        await work_off(pool)
        client, able = await scoped("exports", "vouchers"), await scoped("exports", "customers")
        path = f"{EXPORTS}/{made['id']}"
        assert_refused(await client.get(path), 403, "forbidden", "customers")
        assert_refused(await client.get(path, params={"token": "wrong"}), 403, "forbidden", "customers")
        assert_refused(await client.delete(path), 403, "forbidden", "customers")
        (listed,) = (await client.get(EXPORTS)).json()["exports"]
        assert (listed["id"], listed["result"]) == (made["id"], None)
        (listed,) = (await able.get(EXPORTS)).json()["exports"]
        assert (await able.get(address(listed))).status_code == 200
        assert (await able.get(path, params={"token": "wrong"})).status_code == 200
        assert (await able.delete(path)).status_code == 204


class TestPaths:
    @pytest.mark.parametrize(
        ("method", "path", "scope", "missing"),
        [
            ("GET", "/v1/vouchers/V-1/publications", "vouchers", "publications"),
            ("POST", "/v1/vouchers/publish", "vouchers", "publications"),
            ("GET", "/v1/customers/c/redeemables", "customers", "vouchers"),
            ("GET", "/v1/customers/c/activity", "customers", "publications"),
            ("GET", "/v1/customers/c/activities", "customers", "publications"),
            ("GET", "/v1/customers/c/segments", "customers", "segments"),
            ("POST", "/v1/campaigns/Camp/vouchers", "campaigns", "vouchers"),
            ("POST", "/v1/campaigns/Camp/vouchers/V-9", "campaigns", "vouchers"),
            ("POST", "/v1/campaigns/Camp/import", "campaigns", "vouchers"),
            ("POST", "/v1/campaigns/Camp/importCSV", "campaigns", "vouchers"),
            ("GET", "/v1/campaigns/Camp/transactions", "campaigns", "vouchers"),
            ("POST", "/v1/campaigns/Camp/transactions/export", "campaigns", "vouchers"),
            ("GET", "/v1/referrals/members/V-1/holders", "referrals", "customers"),
            ("POST", "/v1/validation-rules/val_x/assignments", "validation-rules", "validation-rules-assignments"),
            ("GET", "/v1/trash-bin", "trash-bin", "campaigns vouchers"),
            ("DELETE", "/v1/trash-bin/tbe_1", "trash-bin", "campaigns vouchers"),
        ],
    )
    async def test_what_is_behind_a_path_needs_its_own_scope_too(self, scoped, method, path, scope, missing):
        assert_refused(await (await scoped(scope)).request(method, path), 403, "forbidden")
        assert_refused(await (await scoped(*missing.split())).request(method, path), 403, "forbidden")
        both = await (await scoped(scope, *missing.split())).request(method, path)
        assert both.status_code != 403, both.text

    async def test_a_voucher_shows_who_got_it_only_to_who_may_see_publications(self, scoped, api, pool, project):
        await add_vouchers(pool, project, None, ["V-1"])
        await api.post("/v1/publications", json={"voucher": "V-1", "customer": "ann@example.com"})
        seen = await (await scoped("vouchers")).get("/v1/vouchers/V-1")
        assert seen.json()["publish"]["count"] == 1
        assert "ann@example.com" not in seen.text
        assert "ann@example.com" in (await (await scoped("vouchers", "publications")).get("/v1/vouchers/V-1")).text

    async def test_the_result_of_an_async_action_needs_the_scope_of_what_it_names(self, scoped, api, pool):
        rows = [{"source_id": "ann@example.com", "email": "ann@example.com"}]
        made = (await api.post("/v1/customers/bulk/async", json=rows)).json()["async_action_id"]
        await work_off(pool)
        path = f"/v1/async-actions/{made}"
        assert_refused(await (await scoped("async-actions")).get(path), 403, "forbidden", "customers")
        assert_refused(await (await scoped("async-actions", "vouchers")).get(path), 403, "forbidden", "customers")
        assert (await (await scoped("async-actions", "customers")).get(path)).status_code == 200


class TestShares:
    async def test_a_key_in_links_leaves_the_others_their_tokens(self, app, api, pool, project):
        await make_key(pool, project, app_id="in-a-link", kind="integration")
        form = {"grant_type": "client_credentials", "scope": "publications"}
        async with client_of(app, {"X-App-Id": "in-a-link", "X-App-Token": APP_TOKEN}) as integration:
            answers = [await integration.post("/v1/oauth/token", data=form) for _ in range(OPEN_KEY_LIVE_MAX + 1)]
        assert [answer.status_code for answer in answers] == [200] * OPEN_KEY_LIVE_MAX + [429]
        assert f"{OPEN_KEY_LIVE_MAX} access tokens of a key" in answers[-1].json()["details"]
        assert (await api.post("/v1/oauth/token", data=form)).status_code == 200

    async def test_a_server_key_leaves_another_its_tokens(self, api, scoped, pool):
        await pool.execute(
            "INSERT INTO oauth_tokens SELECT decode(md5(n::text), 'hex'), $1, (SELECT id FROM projects WHERE name = 'Test'),"
            " '{api}', now() + interval '1 minute' FROM generate_series(1, $2) AS n",
            APP_ID,
            LIVE_MAX,
        )
        form = {"grant_type": "client_credentials", "scope": "publications"}
        assert (await api.post("/v1/oauth/token", data=form)).status_code == 429
        assert (await (await scoped("publications")).post("/v1/oauth/token", data=form)).status_code == 200

    async def test_a_key_leaves_others_their_exports(self, api, scoped, monkeypatch):
        monkeypatch.setattr(exports, "UNFINISHED_OF_KEY_MAX", 2)
        client = await scoped("exports", "customers")
        for _ in range(2):
            await begun(client, "customer")
        answer = await client.post(EXPORTS, json={"exported_object": "customer"})
        assert_refused(answer, 429, "too_many_requests", "Only up to 2 exports of a key")
        await begun(api, "customer")

    async def test_a_key_leaves_others_room_to_wait_for_their_publications(self, pool, database_url, project):
        publish_pool = await create_pool(database_url, size=1, settings=PUBLISH_SETTINGS, application="test")
        campaign = await make_campaign(pool, project, vouchers_count=6)
        publisher = Publisher(publish_pool, IdSource(), limits=Limits(waiting_max=4, waiting_of_key_max=2))
        asked = [publisher.publish(project, request(f"c{n}", campaign=campaign, actor="in-a-link")) for n in range(3)]
        others = [publisher.publish(project, request(f"d{n}", campaign=campaign, actor="server")) for n in range(2)]
        answers = await asyncio.gather(*asked, *others, return_exceptions=True)
        assert [isinstance(answer, Unavailable) for answer in answers] == [False, False, True, False, False]
        await publisher.publish(project, request("c9", campaign=campaign, actor="in-a-link"))
        await publish_pool.close()

    async def test_a_key_in_pages_holds_no_large_bodies(self, app, api, pool, project):
        await make_key(pool, project, app_id="in-a-page", kind="client")
        await pool.execute("UPDATE projects SET client_publish = true, client_origins = '{*}'")
        body = b'{"metadata": {"x": "' + b"x" * OPEN_KEYS_BODY_BYTES_MAX + b'"}}'
        headers = {"X-Client-Application-Id": "in-a-page", "X-Client-Token": APP_TOKEN, "Origin": "https://shop.test"}
        async with client_of(app, headers) as client:
            assert (await client.post("/client/v1/publish", content=body)).status_code == 413
        assert_refused(await api.post("/v1/publications", content=body), 400, "invalid_payload", "metadata")
