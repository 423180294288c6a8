"""Two projects on one server: every operation is tried with the other project's ids, and finds and changes nothing."""

import re
import secrets
from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.http.edge import SERVER_KEYS
from largesse.http.routes import all_routes
from largesse.http.routing import Route
from largesse.store.connection import Pool
from tests.actions.conftest import work_off

DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
MAIL = {"type": "email", "from": "a@b.c", "subject": "x", "text": "x"}
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}}
ROUTES = [route for route in all_routes() if isinstance(route, Route) and route.keys == SERVER_KEYS]
WITH_PARAMETERS = [route for route in ROUTES if "{" in route.path]
LISTS = [
    route
    for route in ROUTES
    if route.path.startswith("/v1/") and "{" not in route.path and "GET" in (route.methods or ())
]
NOBODYS = {
    "/v1/assets/qr/{asset_id}",
    "/v1/assets/barcode/{asset_id}",
    "/unsubscribe/{token}",
}  # opened by their opaque ids alone
FREE_CODE = ("POST", "/v1/vouchers/{code}")  # the same code may exist in every project
MADE_UP = {("GET", "/v1/customers/{customer_id}/segments")}  # what somebody unknown would fall into; not a 404
BODIES: dict[str, Any] = {
    "PUT /v1/campaigns/{campaign}/runway": {"alert_below_days": 9},
    "PUT /v1/campaigns/{campaign}": {"description": "taken"},
    "POST /v1/campaigns/{campaign}/import": [{"code": "taken"}],
    "POST /v1/campaigns/{campaign}/vouchers": {},
    "POST /v1/campaigns/{campaign}/vouchers/{code}": {},
    "PUT /v1/categories/{category}": {"name": "taken", "hierarchy": 9},
    "PUT /v1/customers/{customer}": {"name": "taken"},
    "PUT /v1/vouchers/{code}": {"additional_info": "taken"},
    "POST /v1/vouchers/{code}": DISCOUNT,
    "POST /v1/vouchers/{code}/balance": {"amount": -1},
    "POST /v1/vouchers/{code}/transactions/export": {},
    "POST /v1/campaigns/{campaign}/transactions/export": {},
    "POST /v1/referrals/members/{member}/holders": {"holders": [{"source_id": "taken"}]},
    "POST /v1/referrals/{campaign}/members/{member}/holders": {"holders": [{"source_id": "taken"}]},
    "PUT /v1/validation-rules/{validationrule}": {"name": "taken"},
    "POST /v1/validation-rules/{validationrule}/assignments": {"related_object_id": "theirs"},
    "PUT /v1/distributions/{distribution}": {"name": "taken"},
    "POST /v1/distributions/{distribution}/send": {"now": True},
    "POST /v1/distributions/{distribution}/messages/retry": {},
}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
FILE = '--b\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\nCode\r\ntaken\r\n--b--\r\n'
TABLES = """
SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND c.column_name = 'project_id' AND t.table_type = 'BASE TABLE'
  AND c.table_name NOT IN ('api_keys', 'oauth_tokens')
"""

Owned = dict[str, list[str]]


@pytest.fixture
async def owned(api: httpx.AsyncClient, pool: Pool) -> Owned:
    """Every way to name each object of the first project, by the kind of parameter."""

    async def post(path: str, body: Any) -> Any:
        answer = await api.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    campaign = await post("/v1/campaigns", {"name": "mine", "voucher": GIFT, "campaign_type": "GIFT_VOUCHERS"})
    card = await post("/v1/campaigns/mine/vouchers", {})
    category = await post("/v1/categories", {"name": "mine", "hierarchy": 1})
    customer = await post("/v1/customers", {"source_id": "mine", "name": "Mine", "metadata": {"a": 1}})
    publication = await post("/v1/publications", {"voucher": card["code"], "customer": customer["id"]})
    other = await post("/v1/vouchers/mine", {**DISCOUNT, "category_id": category["id"]})
    await post(f"/v1/vouchers/{card['code']}/balance", {"amount": -1})
    rule = await post("/v1/validation-rules", {"name": "mine"})
    segment = await post("/v1/segments", {"name": "mine", "type": "static", "customers": [customer["id"]]})
    await post("/v1/vouchers/binned", DISCOUNT)
    await api.delete("/v1/vouchers/binned")
    [entry] = (await api.get("/v1/trash-bin")).json()["data"]
    body = {"name": "mine", "audience": {"customer": "mine"}, "action": {"type": "message"}, "channels": [MAIL]}
    distribution = await post("/v1/distributions", body)
    await post(f"/v1/distributions/{distribution['id']}/send", {"now": True})
    await post("/v1/suppressions", {"channel": "sms", "target": "+1"})
    export = await post("/v1/exports", {"exported_object": "customer"})
    action = await post("/v1/vouchers/metadata/async", {"codes": ["mine"], "metadata": {"a": 1}})
    await work_off(pool)
    referral = {"name": "friends", "campaign_type": "REFERRAL_PROGRAM", "voucher": DISCOUNT, "vouchers_count": 1}
    await post("/v1/campaigns", referral)
    friends = await post("/v1/publications", {"campaign": "friends", "customer": customer["id"]})
    member = friends["voucher"]
    await post(f"/v1/referrals/members/{member['code']}/holders", {"holders": [{"source_id": "referee"}]})
    return {
        "member": [member["code"], member["id"]],
        "campaign": [campaign["id"], "mine"],
        "code": [card["code"], card["id"], "mine", other["id"]],
        "category": [category["id"]],
        "customer": [customer["id"], "mine"],
        "asyncaction": [action["async_action_id"]],
        "validationrule": [rule["id"]],
        "segment": [segment["id"]],
        "export": [export["id"]],
        "distribution": [distribution["id"]],
        "channel": ["sms"],
        "entry": [entry["id"]],
        "resource": [],  # a metadata schema by its word, of which every project has its own
        "publication": [publication["id"]],
    }


def kind(parameter: str) -> str:
    """`campaign_id` and `campaignId` are a `campaign`."""
    return re.sub(r"_?id$", "", parameter, flags=re.IGNORECASE).replace("_", "").lower()


async def kept(pool: Pool, project: Project) -> dict[str, Any]:
    """A digest of every row of the project, by table."""
    digest = "SELECT coalesce(md5(string_agg(r::text, chr(10) ORDER BY r::text)), '') FROM {} r WHERE project_id = $1"
    tables = [row["table_name"] for row in await pool.fetch(TABLES)]
    assert {"vouchers", "campaigns", "customers", "publications", "events"} <= set(tables)
    return {table: await pool.fetchval(digest.format(table), project.id) for table in tables}


@pytest.mark.parametrize("route", WITH_PARAMETERS, ids=lambda route: f"{min(route.methods)} {route.path}")
async def test_another_projects_ids_are_not_found(
    owned: Owned, other_api: httpx.AsyncClient, pool: Pool, project: Project, route: Route
) -> None:
    if route.path in NOBODYS:
        pytest.skip("opened by an opaque id alone")
    before = await kept(pool, project)
    [method] = (route.methods or set()) - {"HEAD"}
    shape = re.sub(r"{(\w+)}", lambda match: "{" + kind(match[1]) + "}", route.path)
    for name in owned[kind(re.findall(r"{(\w+)}", route.path)[0])]:
        path = re.sub(r"{\w+}", name, route.path, count=1)
        path = re.sub(r"{\w+}", secrets.token_hex(4), path)
        content: dict[str, Any] = {}
        if route.path.endswith("importCSV"):
            content = {"content": FILE, "headers": FORM}
        elif (body := BODIES.get(f"{method} {shape}")) is not None:
            content = {"json": body}
        answer = await other_api.request(method, path, **content)
        if (method, route.path) == FREE_CODE:
            assert answer.status_code == 200
        elif (method, route.path) in MADE_UP:
            assert answer.json()["total"] == 0
        else:
            assert (answer.status_code, answer.json()["key"]) == (404, "not_found"), (path, answer.text)
    await work_off(pool)
    assert await kept(pool, project) == before


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)
async def test_a_list_shows_nothing_of_another_project(
    owned: Owned, api: httpx.AsyncClient, other_api: httpx.AsyncClient, route: Route
) -> None:
    ids = [name for names in owned.values() for name in names if "_" in name]
    mine, theirs = await api.get(route.path), await other_api.get(route.path)
    assert (mine.status_code, theirs.status_code) == (200, 200)
    assert not [name for name in ids if name in theirs.text]


NAMED: list[tuple[str, str, Any]] = [
    ("voucher", "/v1/publications", {"voucher": "{code}", "customer": "new"}),
    ("campaign", "/v1/publications", {"campaign": "{campaign}", "customer": "new"}),
    ("customer", "/v1/publications", {"voucher": "theirs", "customer": "{customer}"}),
    ("customer object", "/v1/publications", {"voucher": "theirs", "customer": {"id": "{customer}", "name": "taken"}}),
    ("upserted customer", "/v1/customers", {"id": "{customer}", "name": "taken"}),
    ("category of a voucher", "/v1/vouchers", {**DISCOUNT, "category_id": "{category}"}),
    ("campaign of a voucher", "/v1/vouchers", {"campaign_id": "{campaign}"}),
    ("rule of a voucher", "/v1/vouchers", {**DISCOUNT, "validation_rules": ["{validationrule}"]}),
    ("category of a campaign", "/v1/campaigns", {"name": "theirs", "voucher": DISCOUNT, "category_id": "{category}"}),
]


@pytest.mark.parametrize(("path", "body"), [case[1:] for case in NAMED], ids=[case[0] for case in NAMED])
async def test_a_body_that_names_another_projects_object_is_refused(
    owned: Owned, other_api: httpx.AsyncClient, pool: Pool, project: Project, path: str, body: dict[str, Any]
) -> None:
    await other_api.post("/v1/vouchers/theirs", json=DISCOUNT)
    before = await kept(pool, project)

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return owned[value[1:-1]][0] if isinstance(value, str) and value.startswith("{") else value

    answer = await other_api.post(path, json=filled(body))
    assert answer.status_code == 404, answer.text
    assert await kept(pool, project) == before


BULK: list[tuple[str, Any]] = [
    ("/v1/vouchers/bulk/async", [{"code": "mine", "metadata": {"taken": True}}]),
    ("/v1/vouchers/metadata/async", {"codes": ["mine"], "metadata": {"taken": True}}),
    ("/v1/customers/bulk/async", [{"source_id": "mine", "name": "taken"}]),
    ("/v1/customers/metadata/async", {"source_ids": ["mine"], "metadata": {"taken": True}}),
    ("/v1/vouchers/import", [{"code": "mine", **DISCOUNT, "metadata": {"taken": True}}]),
]


@pytest.mark.parametrize(("path", "body"), BULK, ids=[path for path, _ in BULK])
async def test_what_runs_later_stays_in_its_project(
    owned: Owned, other_api: httpx.AsyncClient, pool: Pool, project: Project, path: str, body: Any
) -> None:
    before = await kept(pool, project)
    assert (await other_api.post(path, json=body)).status_code == 202
    await work_off(pool)
    assert await kept(pool, project) == before
