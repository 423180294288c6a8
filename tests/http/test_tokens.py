"""OAuth 2.0 by client credentials as a client sees it."""

import asyncio
import time

import pytest

from largesse.domain.tokens import LIVE_MAX
from largesse.jobs.worker import Worker
from largesse.store.keys import CHANNEL, revoke_key
from tests.factories.campaigns import add_vouchers
from tests.http.conftest import APP_ID, APP_TOKEN, client_of, make_key
from tests.http.test_publications import assert_refused

TOKEN = "/v1/oauth/token"
INTROSPECT = "/v1/oauth/introspect"
REVOKE = "/v1/oauth/token/revoke"
PUBLICATIONS = "/v1/publications"


async def token_of(client, scope: str = "publications") -> str:
    answer = await client.post(TOKEN, data={"grant_type": "client_credentials", "scope": scope})
    assert answer.status_code == 200, answer.json()
    return str(answer.json()["access_token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def hearing(services, pool):
    """This process hears of changed keys, as a real one does."""
    async with pool.acquire() as ear:
        await ear.add_listener(CHANNEL, lambda *heard: services.keys.forget(heard[-1]))

        async def hear() -> None:
            await ear.execute("SELECT")

        yield hear
        await ear.reset()


class TestIssue:
    async def test_anonymous_is_401(self, anonymous):
        assert_refused(await anonymous.post(TOKEN, data={"grant_type": "client_credentials"}), 401, "unauthorized")

    async def test_a_key_pair_becomes_a_token_of_15_minutes(self, api, anonymous, pool):
        """A003"""
        before = int(time.time())
        answer = await api.post(TOKEN, data={"grant_type": "client_credentials", "scope": "publications vouchers"})
        body = answer.json()
        token, expires_at = body.pop("access_token"), body.pop("expires_at")
        assert body == {
            "client_id": APP_ID, "expires_in": 900, "scope": "publications vouchers", "token_type": "Bearer",
        }  # fmt: skip
        assert before + 900 <= expires_at <= time.time() + 901
        assert answer.headers["cache-control"] == "no-store"
        assert (await anonymous.get(PUBLICATIONS, headers=bearer(token))).status_code == 200
        assert token.encode() not in await pool.fetchval("SELECT token_hash FROM oauth_tokens")

    @pytest.mark.parametrize(
        ("form", "key", "message"),
        [
            ({}, "missing_parameters", "Missing parameters"),
            ({"scope": "api"}, "missing_parameters", "Missing parameters"),
            ({"grant_type": "password", "scope": "api"}, "invalid_grant_type", "Invalid grant_type"),
            ({"grant_type": "client_credentials", "scope": "vouchers,campaigns"}, "invalid_scope", "Invalid scope: vouchers,campaigns"),
        ],
    )  # fmt: skip
    async def test_a_wrong_form_is_refused(self, api, form, key, message):
        answer = await api.post(TOKEN, data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert_refused(answer, 400, key)
        assert answer.json()["message"] == message

    @pytest.mark.parametrize("content", [b"\xff", b"scope=%ff", b"a=1&" * 100])
    async def test_what_is_no_form_is_refused(self, api, content):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert_refused(await api.post(TOKEN, content=content, headers=headers), 400, "invalid_payload")

    async def test_json_is_not_a_form(self, api):
        assert (await api.post(TOKEN, json={"grant_type": "client_credentials", "scope": "api"})).status_code == 415

    async def test_a_token_makes_no_tokens(self, api, anonymous):
        token = await token_of(api, "api")
        form = {"grant_type": "client_credentials", "scope": "api"}
        for path in (TOKEN, INTROSPECT, REVOKE):
            assert_refused(await anonymous.post(path, data=form, headers=bearer(token)), 401, "unauthorized")

    async def test_a_key_may_have_a_thousand_and_no_more_however_it_asks(self, api, other_api, pool):
        await pool.execute(
            "INSERT INTO oauth_tokens SELECT decode(md5(n::text), 'hex'), $1, (SELECT id FROM projects WHERE name = 'Test'),"
            " '{api}', now() + interval '1 minute' * (CASE WHEN n <= $2 - 4 THEN 1 ELSE -1 END)"
            " FROM generate_series(1, $2 + 50) AS n",
            APP_ID,
            LIVE_MAX,
        )
        form = {"grant_type": "client_credentials", "scope": "api"}
        answers = await asyncio.gather(*(api.post(TOKEN, data=form) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 8
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert "1000" in refused.json()["details"]
        assert refused.headers["retry-after"] == "60"
        assert "x-rate-limit-type" not in refused.headers
        await token_of(other_api)


class TestUse:
    async def test_a_token_opens_only_what_its_scopes_name(self, api, anonymous):
        """A003"""
        token = await token_of(api, "vouchers")
        assert (await anonymous.get("/v1/vouchers", headers=bearer(token))).status_code == 200
        assert_refused(await anonymous.get(PUBLICATIONS, headers=bearer(token)), 403, "forbidden")
        assert_refused(await anonymous.post(PUBLICATIONS, headers=bearer(token), json={}), 403, "forbidden")

    async def test_a_token_sees_its_own_project_only(self, api, anonymous, other_api, pool, project):
        await add_vouchers(pool, project, None, ["V-1"])
        token = await token_of(other_api, "api")
        assert_refused(await anonymous.get("/v1/vouchers/V-1", headers=bearer(token)), 404, "not_found")

    async def test_the_pair_decides_where_there_is_one(self, api, anonymous):
        token = await token_of(api)
        wrong = {"X-App-Id": APP_ID, "X-App-Token": "wrong"}
        good = {"X-App-Id": APP_ID, "X-App-Token": APP_TOKEN}
        assert_refused(await anonymous.get(PUBLICATIONS, headers=bearer(token) | wrong), 401, "unauthorized")
        assert_refused(
            await anonymous.get(PUBLICATIONS, headers=bearer(token) | {"X-App-Id": APP_ID}), 401, "unauthorized"
        )
        assert (await anonymous.get(PUBLICATIONS, headers=bearer("wrong") | good)).status_code == 200

    @pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer \u00ff", "x"])
    async def test_what_is_no_token_is_unauthorized(self, anonymous, header):
        answer = await anonymous.get(PUBLICATIONS, headers={"Authorization": header.encode("latin-1")})
        assert_refused(answer, 401, "unauthorized")

    async def test_an_expired_token_is_unauthorized_and_swept(self, api, anonymous, pool):
        live, dead = await token_of(api), await token_of(api, "api")
        await pool.execute("UPDATE oauth_tokens SET expires_at = now() WHERE scopes = '{api}'")
        assert_refused(await anonymous.get(PUBLICATIONS, headers=bearer(dead)), 401, "unauthorized")
        assert (await api.post(INTROSPECT, data={"access_token": dead})).json() == {"active": False}
        await Worker(pool, asyncio.Event()).sweep()
        assert await pool.fetchval("SELECT count(*) FROM oauth_tokens") == 1
        assert (await anonymous.get(PUBLICATIONS, headers=bearer(live))).status_code == 200

    async def test_a_token_dies_with_its_key(self, api, anonymous, pool, hearing):
        token = await token_of(api)
        assert (await anonymous.get(PUBLICATIONS, headers=bearer(token))).status_code == 200
        async with pool.acquire() as connection:
            await revoke_key(connection, APP_ID)
        await hearing()
        assert_refused(await anonymous.get(PUBLICATIONS, headers=bearer(token)), 401, "unauthorized")

    async def test_a_server_keys_token_publishes_by_query_and_for_a_client(self, api, anonymous, pool, project):
        await add_vouchers(pool, project, None, ["V-1", "V-2"])
        await pool.execute("UPDATE projects SET client_publish = true")
        headers = bearer(await token_of(api, "publications client_publish"))
        by_query = await anonymous.get(
            "/v1/publications/create", params={"voucher": "V-1", "customer": "c"}, headers=headers
        )
        for_client = await anonymous.post(
            "/client/v1/publish", json={"voucher": "V-2", "customer": "c"}, headers=headers
        )
        assert (by_query.status_code, for_client.status_code) == (200, 200)

    async def test_an_integration_keys_token_opens_no_more_than_the_key(self, app, pool, project, anonymous):
        await make_key(pool, project, app_id="integration-id", kind="integration")
        async with client_of(app, {"X-App-Id": "integration-id", "X-App-Token": APP_TOKEN}) as integration:
            headers = bearer(await token_of(integration, "api client_api"))
        assert_refused(await anonymous.get(PUBLICATIONS, headers=headers), 403, "forbidden")
        assert_refused(await anonymous.post("/client/v1/publish", json={}, headers=headers), 403, "forbidden")
        answer = await anonymous.get("/v1/publications/create", params={"customer": "c"}, headers=headers)
        assert_refused(answer, 400, "missing_vouchers")


class TestIntrospect:
    async def test_anonymous_is_401(self, anonymous):
        assert_refused(await anonymous.post(INTROSPECT, data={"access_token": "x"}), 401, "unauthorized")

    async def test_another_project_is_told_nothing(self, api, other_api):
        token = await token_of(api)
        assert (await other_api.post(INTROSPECT, data={"access_token": token})).json() == {"active": False}

    async def test_a_live_token_is_described(self, api):
        before = int(time.time())
        token = await token_of(api, "vouchers customers")
        body = (await api.post(INTROSPECT, data={"access_token": token})).json()
        expires_at = body.pop("expires_at")
        assert before + 900 <= expires_at <= time.time() + 901
        assert expires_at - time.time() - 2 <= body.pop("expires_in") <= 900
        assert body == {
            "active": True, "access_token": token, "client_id": APP_ID, "scope": "vouchers customers",
            "token_type": "Bearer",
        }  # fmt: skip

    async def test_an_unknown_token_is_not_active(self, api):
        answer = await api.post(INTROSPECT, data={"access_token": "x"})
        assert (answer.status_code, answer.json()) == (200, {"active": False})

    async def test_the_token_is_needed(self, api):
        assert_refused(await api.post(INTROSPECT, data={"token": "x"}), 400, "missing_parameters")


class TestRevoke:
    async def test_anonymous_is_401(self, anonymous):
        assert_refused(await anonymous.post(REVOKE, data={"access_token": "x"}), 401, "unauthorized")

    async def test_another_project_cannot(self, api, other_api, anonymous):
        token = await token_of(api)
        assert (await other_api.post(REVOKE, data={"access_token": token})).status_code == 404
        assert (await anonymous.get(PUBLICATIONS, headers=bearer(token))).status_code == 200

    async def test_a_revoked_token_is_refused_at_once(self, api, anonymous, hearing):
        """A003"""
        token, other = await token_of(api), await token_of(api)
        assert (await anonymous.get(PUBLICATIONS, headers=bearer(token))).status_code == 200
        answer = await api.post(REVOKE, data={"access_token": token})
        assert (answer.status_code, answer.content) == (204, b"")
        await hearing()
        assert_refused(await anonymous.get(PUBLICATIONS, headers=bearer(token)), 401, "unauthorized")
        assert (await anonymous.get(PUBLICATIONS, headers=bearer(other))).status_code == 200
        again = await api.post(REVOKE, data={"access_token": token})
        assert (again.status_code, again.content) == (404, b"")
