"""/management/v1: projects and their keys, for the holder of a management key."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from largesse.auth.keys import KeyCache
from largesse.domain.projects import Project
from largesse.http.app import App
from largesse.http.services import Services
from largesse.store import project_rows
from largesse.store.connection import Pool
from tests.actions.conftest import work_off
from tests.http.conftest import KEY_HEADERS, client_of, make_key
from tests.migrations.test_catalogue import TABLES, is_control

PATH = "/management/v1/projects"
HEADERS = {"X-Management-Id": "manager", "X-Management-Token": "m"}
TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


@pytest.fixture
async def manager(app: App, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    await make_key(pool, None, app_id="manager", token="m", kind="management")
    async with client_of(app, HEADERS) as client:
        yield client


@pytest.fixture
def keys(project: Project) -> str:
    return f"{PATH}/{project.public_id}/keys"


def pair(key: dict[str, Any]) -> dict[str, str]:
    return {"X-App-Id": key["app_id"], "X-App-Token": key["app_token"]}


async def make(manager: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await manager.post(path, json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for path, methods in {
            "": ("GET", "POST"),
            "/proj_1": ("GET", "PUT", "DELETE"),
            "/proj_1/metadata-schemas": ("GET", "POST"),
            "/proj_1/metadata-schemas/ms_1": ("GET", "PUT", "DELETE"),
            "/proj_1/keys": ("GET", "POST"),
            "/proj_1/keys/x": ("GET", "DELETE"),
            "/proj_1/keys/x/rotate": ("POST",),
        }.items()
        for method in methods
    ],
)
async def test_only_a_management_key_opens_it(
    app: App, manager: httpx.AsyncClient, api_key: dict[str, str], method: str, path: str
) -> None:
    crossed = {"X-Management-Id": api_key["X-App-Id"], "X-Management-Token": api_key["X-App-Token"]}
    for headers in ({}, api_key, crossed):
        async with client_of(app, headers) as client:
            answer = await client.request(method, PATH + path)
            assert (answer.status_code, answer.json()["key"]) == (401, "unauthorized")
    if path:
        body = {"name": "x", "related_object": "order", "properties": {}}
        answer = await manager.request(method, PATH + path, json=body if method in {"POST", "PUT"} else None)
        assert (answer.status_code, answer.json()["resource_type"]) == (404, "project")


async def test_a_management_key_opens_no_project(app: App, manager: httpx.AsyncClient) -> None:
    for headers in (HEADERS, {"X-App-Id": "manager", "X-App-Token": "m"}):
        async with client_of(app, headers) as client:
            assert (await client.get("/v1/vouchers")).status_code == 401


async def fill(client: httpx.AsyncClient, pool: Pool) -> None:
    """Something in each of a project's tables, as far as the API makes it at once."""
    await client.post("/v1/categories", json={"name": "A", "hierarchy": 1})
    campaign = {"name": "A", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5}}, "vouchers_count": 5}
    await client.post("/v1/campaigns", json=campaign)
    await client.post("/v1/customers/bulk/async", json=[{"source_id": "b"}])
    await work_off(pool)
    await client.post("/v1/segments", json={"name": "A", "type": "static", "customers": ["b"]})
    await client.put("/v1/campaigns/A/runway", json={"alert_below_days": 1})
    referral = {"name": "F", "campaign_type": "REFERRAL_PROGRAM", "vouchers_count": 1}
    program = {"conversion_event_type": "custom_event", "custom_event": {"name": "e"}}
    discount = {"discount": {"type": "PERCENT", "percent_off": 5}}
    await client.post("/v1/campaigns", json={**referral, "referral_program": program, "voucher": discount})
    answer = await client.post("/v1/publications", json={"campaign": "F", "customer": "b"})
    friend = {"code": answer.json()["voucher"]["code"]}
    await client.post("/v1/events", json={"event": "e", "customer": {"source_id": "c"}, "referral": friend})
    await client.post(f"/v1/referrals/members/{friend['code']}/holders", json={"holders": [{"source_id": "c"}]})
    await client.post("/v1/exports", json={"exported_object": "customer"})
    await client.post("/v1/suppressions", json={"channel": "sms", "target": "+1"})
    csv = {
        "name": "A",
        "audience": {"customer": "b"},
        "action": {"type": "message"},
        "channels": [{"type": "csv"}],
    }
    distribution = (await client.post("/v1/distributions", json=csv)).json()["id"]
    await client.post(f"/v1/distributions/{distribution}/send", json={"now": True})
    await work_off(pool)
    rule = (await client.post("/v1/validation-rules", json={"name": "A"})).json()["id"]
    assigned = {"related_object_type": "campaign", "related_object_id": "A"}
    await client.post(f"/v1/validation-rules/{rule}/assignments", json=assigned)
    answer = await client.post("/v1/publications", json={"campaign": {"name": "A"}, "customer": "a"})
    code = answer.json()["voucher"]["code"]
    assert (await client.post(f"/v1/vouchers/{code}/balance", json={"amount": 1})).status_code == 200
    await client.delete(f"/v1/vouchers/{code}")


class TestProjects:
    async def test_a_project_is_made_with_keys_that_work(self, app: App, manager: httpx.AsyncClient) -> None:
        made = await make(manager, PATH, name="Shop", timezone="Europe/Warsaw", currency="EUR", client_publish_enabled=True,
                          case_sensitive_codes=False, client_trusted_domains=["https://Shop.example"])  # fmt: skip
        assert made["id"].startswith("proj_")
        shown = {name: value for name, value in made.items() if not name.endswith("_side_key")}
        assert (await manager.get(f"{PATH}/{made['id']}")).json() == shown
        assert (await manager.get(PATH)).json() == {"object": "list", "data_ref": "data", "data": [shown], "total": 1}
        assert {name: shown[name] for name in (
            "name", "timezone", "currency", "client_publish_enabled", "client_redeem_enabled", "case_sensitive_codes",
            "client_trusted_domains", "on_known_source_id", "is_sandbox", "api_version",
        )} == {
            "name": "Shop", "timezone": "Europe/Warsaw", "currency": "EUR", "client_publish_enabled": True,
            "client_redeem_enabled": False, "case_sensitive_codes": False,
            "client_trusted_domains": ["https://shop.example"], "on_known_source_id": "replay", "is_sandbox": False,
            "api_version": "v2018-08-01",
        }  # fmt: skip
        async with client_of(app, pair(made["server_side_key"])) as shop:
            assert (await shop.post("/v1/vouchers/Aa", json=TEN_PERCENT)).status_code == 200
            assert (await shop.get("/v1/vouchers/aA")).status_code == 200
        client = {"X-Client-Application-Id": made["client_side_key"]["app_id"],
                  "X-Client-Token": made["client_side_key"]["app_token"], "Origin": "https://shop.example"}  # fmt: skip
        async with client_of(app, client) as page:
            answer = await page.post("/client/v1/publish", json={"voucher": "aa", "customer": "a"})
            assert answer.status_code == 200, answer.text

    async def test_settings_change_one_by_one(self, manager: httpx.AsyncClient) -> None:
        made = await make(manager, PATH, name="Shop", description="first")
        path = f"{PATH}/{made['id']}"
        usage = {"redemptions": {"enabled": True, "value": 80, "emails": ["a@b.example"]}}
        for name, value in {
            "name": "Store", "timezone": "Asia/Tokyo", "on_known_source_id": "strict", "codes_per_campaign_max": 7,
            "client_publish_enabled": True, "client_trusted_domains": ["*"], "dial_code": "48",
            "publish_on_voucher_export": False, "client_redeem_enabled": True, "api_usage_notifications": usage,
            "default_code_config": {"charset": "AB"},
        }.items():  # fmt: skip
            before = (await manager.get(path)).json()
            answer = await manager.put(path, json={name: value, "description": None})
            assert answer.json() == before | {name: value}

    async def test_the_setting_holds_for_the_next_request(
        self, app: App, manager: httpx.AsyncClient, api: httpx.AsyncClient, project: Project, services: Services
    ) -> None:
        await api.get("/v1/vouchers")  # the project is remembered with its key
        await manager.put(f"{PATH}/{project.public_id}", json={"codes_per_campaign_max": 1})
        services.keys.forget(KEY_HEADERS["X-App-Id"])  # what the notification does
        body = {"name": "A", "voucher": TEN_PERCENT, "vouchers_count": 2}
        assert (await api.post("/v1/campaigns", json=body)).json()["key"] == "invalid_campaign_params"

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({"timezone": "Mars"}, "IANA"),
            ({"timezone": "../etc/passwd"}, "IANA"),
            ({"client_trusted_domains": ["shop"]}, "origins"),
            ({"on_known_source_id": "maybe"}, "on_known_source_id"),
            ({"codes_per_campaign_max": 0}, "codes_per_campaign_max"),
            ({"currency": "euro"}, "currency"),
            ({"name": ""}, "name"),
            ({"api_usage_notifications": {"messages": {"value": 9}}}, "must be >= 10"),
            ({"case_sensitive_codes": False}, "cannot be changed"),
        ],
    )
    async def test_what_cannot_be_is_refused(
        self, manager: httpx.AsyncClient, project: Project, body: dict[str, Any], fault: str
    ) -> None:
        path = f"{PATH}/{project.public_id}"
        before = (await manager.get(path)).json()
        answer = await manager.put(path, json=body | ({} if "name" in body else {"name": "Changed"}))
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert fault in answer.json()["details"]
        assert (await manager.get(path)).json() == before
        if fault != "cannot be changed":
            assert (await manager.post(PATH, json={"name": "New"} | body)).status_code == 400
            assert (await manager.get(PATH)).json()["total"] == 1

    async def test_every_fault_is_told_at_once_by_its_name_on_the_wire(
        self, manager: httpx.AsyncClient, project: Project
    ) -> None:
        body = {"timezone": "Mars", "client_trusted_domains": ["shop"], "on_known_source_id": "maybe"}
        answer = await manager.put(f"{PATH}/{project.public_id}", json=body)
        for name in body:
            assert f"Property .{name} must" in answer.json()["details"]

    async def test_a_name_is_taken_once_and_required(self, manager: httpx.AsyncClient, project: Project) -> None:
        assert (await manager.post(PATH, json={})).json()["key"] == "invalid_payload"
        other = await make(manager, PATH, name="Other")
        for answer in (
            await manager.post(PATH, json={"name": "Test"}),
            await manager.put(f"{PATH}/{other['id']}", json={"name": "Test"}),
        ):
            assert (answer.status_code, answer.json()["key"]) == (409, "duplicate_found")

    async def test_a_deleted_project_opens_to_nobody_and_its_name_is_free(
        self, app: App, manager: httpx.AsyncClient, services: Services
    ) -> None:
        made = await make(manager, PATH, name="Shop")
        async with client_of(app, pair(made["server_side_key"])) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 200
            assert (await manager.delete(f"{PATH}/{made['id']}")).status_code == 204
            services.keys.forget(made["server_side_key"]["app_id"])  # what the notification does
            assert (await shop.get("/v1/vouchers")).status_code == 401
        assert (await manager.delete(f"{PATH}/{made['id']}")).status_code == 404
        assert (await manager.get(f"{PATH}/{made['id']}")).status_code == 404
        assert (await manager.get(PATH)).json()["total"] == 0
        await make(manager, PATH, name="Shop")

    async def test_a_deleted_projects_files_open_to_nobody(
        self, app: App, manager: httpx.AsyncClient, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        made = (await api.post("/v1/exports", json={"exported_object": "customer"})).json()
        await work_off(pool)
        url = (await api.get(f"/v1/exports/{made['id']}")).json()["result"]["url"]
        path = "/v1/" + url.partition("/v1/")[2]
        async with client_of(app) as anybody:
            assert (await anybody.get(path)).status_code == 200
            assert (await manager.delete(f"{PATH}/{project.public_id}")).status_code == 204
            assert (await anybody.get(path)).status_code == 404

    async def test_the_rows_of_a_deleted_project_are_cleared_away_and_no_others(
        self,
        manager: httpx.AsyncClient,
        api: httpx.AsyncClient,
        other_api: httpx.AsyncClient,
        pool: Pool,
        project: Project,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("largesse.actions.projects.CLEAR_CHUNK", 2)
        for client in (api, other_api):
            await fill(client, pool)
        for number in (project.id, project.id + 1):
            await pool.execute(
                "INSERT INTO webhooks (project_id, id, target_url, events) VALUES ($1, 'wh_a', 'http://a', '{a}')",
                number,
            )
            await pool.execute(
                "INSERT INTO webhook_deliveries (project_id, id, webhook_id, event_id, type, entity_id, xid, seq, part,"
                " body, due_at, created_at) VALUES ($1, 'whs_a', 'wh_a', 'ev_a', 'a', 'a', '1', 1, 0, '{}', now(), now())",
                number,
            )
            await pool.execute(
                "INSERT INTO webhook_attempts (project_id, delivery_id, number, result, elapsed_ms, created_at)"
                " VALUES ($1, 'whs_a', 1, 'accepted', 1, now())",
                number,
            )
            await pool.execute(
                "INSERT INTO publication_hours (project_id, hour, campaign_id, channel, succeeded)"
                " VALUES ($1, '2026-01-01', '', 'API', 1)",
                number,
            )
            await pool.execute(
                "INSERT INTO publication_days (project_id, day, campaign_id, channel, succeeded)"
                " VALUES ($1, '2026-01-01', '', 'API', 1)",
                number,
            )
            await pool.execute(
                "INSERT INTO uploads (project_id, id, kind, content, actor) VALUES ($1, 'upl_a', 'vouchers', 'Code', 'user_a')",
                number,
            )
        for client in (api, other_api):
            await client.post("/v1/customers/bulk/async", json=[{"source_id": "c"}])  # under way
        await make(manager, f"{PATH}/{project.public_id}/metadata-schemas", related_object="order", properties={})
        tables = list(project_rows.SQL)
        before = {table: await rows(pool, table, project.id) for table in tables}
        assert min(before.values()) > 0, before
        others = {table: await rows(pool, table, project.id + 1) for table in tables if table != "metadata_schemas"}
        assert min(others.values()) > 0, others
        await pool.execute("UPDATE jobs SET run_at = 'infinity' WHERE project_id <> $1", project.id)
        assert (await manager.delete(f"{PATH}/{project.public_id}")).status_code == 204
        await work_off(pool)
        assert {table: await rows(pool, table, project.id) for table in tables} == dict.fromkeys(tables, 0)
        assert {table: await rows(pool, table, project.id + 1) for table in others} == others

    async def test_every_table_of_projects_is_cleared(self, pool: Pool) -> None:
        tables = {row["relname"] for row in await pool.fetch(TABLES)}
        assert set(project_rows.SQL) == {table for table in tables if not is_control(table)}


async def rows(pool: Pool, table: str, project_id: int) -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {table} WHERE project_id = $1", project_id))


class TestKeys:
    async def test_a_key_is_made_listed_rotated_and_revoked(
        self, app: App, manager: httpx.AsyncClient, keys: str, services: Services
    ) -> None:
        made = await make(manager, keys, name="till")
        shown = {name: value for name, value in made.items() if name != "app_token"}
        assert (shown["type"], shown["role"], shown["scopes"], shown["expires_at"]) == ("server", "admin", None, None)
        assert (await manager.get(keys)).json()["data"] == [shown]
        assert (await manager.get(f"{keys}/{made['app_id']}")).json() == shown
        rotated = (await manager.post(f"{keys}/{made['app_id']}/rotate")).json()
        assert (rotated["app_id"], rotated["app_token"] != made["app_token"]) == (made["app_id"], True)
        for headers, status in ((pair(made), 401), (pair(rotated), 200)):
            async with client_of(app, headers) as shop:
                assert (await shop.get("/v1/vouchers")).status_code == status
        used = (await manager.get(f"{keys}/{made['app_id']}")).json()
        assert used["last_used_at"] is not None
        assert (await manager.delete(f"{keys}/{made['app_id']}")).status_code == 204
        services.keys.forget(made["app_id"])
        async with client_of(app, pair(rotated)) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 401
        for answer in (
            await manager.delete(f"{keys}/{made['app_id']}"),
            await manager.post(f"{keys}/{made['app_id']}/rotate"),
        ):
            assert (answer.status_code, answer.json()["resource_type"]) == (404, "key")

    async def test_another_projects_key_is_not_found(self, manager: httpx.AsyncClient, keys: str) -> None:
        other = await make(manager, PATH, name="Other")
        foreign = f"{keys}/{other['server_side_key']['app_id']}"
        assert (await manager.get(foreign)).status_code == 404
        assert (await manager.delete(foreign)).status_code == 404
        assert (await manager.post(f"{foreign}/rotate")).status_code == 404

    async def test_a_viewer_reads_and_writes_nothing(self, app: App, manager: httpx.AsyncClient, keys: str) -> None:
        viewer = await make(manager, keys, role="viewer")
        async with client_of(app, pair(viewer)) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 200
            form = {"grant_type": "client_credentials", "scope": "api"}
            token = (await shop.post("/v1/oauth/token", data=form)).json()["access_token"]
            answers = [
                await shop.post("/v1/vouchers/A", json=TEN_PERCENT),
                await shop.post("/v1/publications", json={"voucher": "A", "customer": "a"}),
                await shop.put("/v1/vouchers/A", json={}),
                await shop.delete("/v1/vouchers/A"),
            ]
        bearer = {"Authorization": f"Bearer {token}"}
        async with client_of(app, bearer) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 200
            answers.append(await shop.post("/v1/vouchers/A", json=TEN_PERCENT))
        shop_key = await make(manager, keys, type="integration", role="viewer")
        async with client_of(app, pair(shop_key)) as shop:
            answers.append(await shop.get("/v1/publications/create?voucher=A&customer=a"))
        for answer in answers:
            assert (answer.status_code, answer.json()["key"]) == (403, "missing_required_permission")
            assert answer.json()["message"] == "Missing permission"

    @pytest.mark.parametrize("role", ["admin", "user", "merchant", "restricted"])
    async def test_the_other_roles_write(self, app: App, manager: httpx.AsyncClient, keys: str, role: str) -> None:
        async with client_of(app, pair(await make(manager, keys, role=role))) as shop:
            assert (await shop.post("/v1/vouchers/A", json=TEN_PERCENT)).status_code == 200

    async def test_scopes_bound_the_key_and_its_tokens(self, app: App, manager: httpx.AsyncClient, keys: str) -> None:
        key = await make(manager, keys, scopes=["vouchers"])
        async with client_of(app, pair(key)) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 200
            assert (await shop.get("/v1/campaigns")).json()["key"] == "forbidden"
            assert (await shop.get("/v1/publications/create?voucher=A&customer=a")).status_code == 403
            form = {"grant_type": "client_credentials", "scope": "api"}
            token = (await shop.post("/v1/oauth/token", data=form)).json()["access_token"]
        async with client_of(app, {"Authorization": f"Bearer {token}"}) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 200
            assert (await shop.get("/v1/campaigns")).status_code == 403

    async def test_an_expired_key_opens_nothing(
        self, app: App, manager: httpx.AsyncClient, keys: str, pool: Pool, services: Services
    ) -> None:
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        key = await make(manager, keys, expires_at=soon)
        async with client_of(app, pair(key)) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 200
            form = {"grant_type": "client_credentials", "scope": "api"}
            token = (await shop.post("/v1/oauth/token", data=form)).json()["access_token"]
            await pool.execute("UPDATE api_keys SET expires_at = now() WHERE app_id = $1", key["app_id"])
            services.keys.forget(key["app_id"])
            assert (await shop.get("/v1/vouchers")).json()["key"] == "unauthorized"
        async with client_of(app, {"Authorization": f"Bearer {token}"}) as shop:
            assert (await shop.get("/v1/vouchers")).status_code == 401

    async def test_a_cached_key_ends_when_it_expires(self, pool: Pool, project: Project) -> None:
        await make_key(pool, project)
        await pool.execute("UPDATE api_keys SET expires_at = now() + interval '1 second'")
        cache = KeyCache(pool, ttl_s=1000)
        await cache.resolve(KEY_HEADERS["X-App-Id"], KEY_HEADERS["X-App-Token"])
        assert cache._known[KEY_HEADERS["X-App-Id"]].expires_at - cache._clock() <= 1

    async def test_a_cached_token_ends_when_its_key_expires(
        self, app: App, manager: httpx.AsyncClient, keys: str, pool: Pool
    ) -> None:
        key = await make(manager, keys)
        async with client_of(app, pair(key)) as shop:
            form = {"grant_type": "client_credentials", "scope": "api"}
            token = (await shop.post("/v1/oauth/token", data=form)).json()["access_token"]
        await pool.execute("UPDATE api_keys SET expires_at = now() + interval '1 second'")
        cache = KeyCache(pool, ttl_s=1000)
        await cache.resolve_token(token)
        (entry,) = cache._tokens._known.values()
        assert entry.expires_at - cache._clock() < 2  # of the 1,000 s that it would be believed; times are rounded

    async def test_tokens_that_the_old_key_got_die_with_its_rotation(
        self, app: App, manager: httpx.AsyncClient, keys: str, services: Services
    ) -> None:
        key, other = await make(manager, keys), await make(manager, keys)
        tokens = []
        for one in (key, other):
            async with client_of(app, pair(one)) as shop:
                form = {"grant_type": "client_credentials", "scope": "api"}
                tokens.append((await shop.post("/v1/oauth/token", data=form)).json()["access_token"])
        await manager.post(f"{keys}/{key['app_id']}/rotate")
        services.keys.forget(key["app_id"])
        for token, status in zip(tokens, (401, 200), strict=True):
            async with client_of(app, {"Authorization": f"Bearer {token}"}) as shop:
                assert (await shop.get("/v1/vouchers")).status_code == status

    async def test_a_key_opens_from_its_addresses_only(self, app: App, manager: httpx.AsyncClient, keys: str) -> None:
        key = await make(manager, keys, allowed_ips=["10.0.0.0/8", "::1"])
        for address, status in (
            ("10.1.2.3", 200),
            ("::ffff:10.1.2.3", 200),
            ("::1", 200),
            ("11.0.0.1", 403),
            ("", 403),
        ):
            async with client_of(app, pair(key), client=(address, 1)) as shop:
                spoofed = {"X-Forwarded-For": "10.1.2.3"}
                assert (await shop.get("/v1/vouchers", headers=spoofed)).status_code == status, address
        async with client_of(app, pair(key), client=("10.1.2.3", 1)) as shop:
            form = {"grant_type": "client_credentials", "scope": "api"}
            token = (await shop.post("/v1/oauth/token", data=form)).json()["access_token"]
        for address, status in (("10.1.2.3", 200), ("11.0.0.1", 403)):
            async with client_of(app, {"Authorization": f"Bearer {token}"}, client=(address, 1)) as shop:
                assert (await shop.get("/v1/vouchers")).status_code == status, address

    @pytest.mark.parametrize(
        "body",
        [{"role": "owner"}, {"type": "management"}, {"scopes": ["nothing"]}, {"scopes": []}, {"allowed_ips": ["home"]},
         {"allowed_ips": []}, {"allowed_ips": ["10.0.0.1/8"]}, {"expires_at": "2020-01-01"}, {"name": "x" * 256}],
    )  # fmt: skip
    async def test_what_cannot_be_is_refused(self, manager: httpx.AsyncClient, keys: str, body: dict[str, Any]) -> None:
        answer = await manager.post(keys, json=body)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert (await manager.get(keys)).json()["total"] == 0
