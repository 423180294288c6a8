"""Who gets in: passwords, lockout, sessions, forms from elsewhere, roles."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from largesse.actions.ids import IdSource
from largesse.actions.users import UserInput, create_user, update_user
from largesse.auth.passwords import hash_now
from largesse.auth.sessions import form_token
from largesse.dashboard.app import Dashboard
from largesse.dashboard.routing import COOKIE
from largesse.domain.errors import InvalidPayload
from largesse.domain.projects import Project
from largesse.domain.users import FAILURES_MAX
from largesse.http.app import create_app
from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.http.conftest import api_key, app, client_of, services  # noqa: F401  # fixtures

PASSWORD = "correct horse battery"
HASH = hash_now(PASSWORD)


async def make_user(pool: Pool, email: str, *, role: str = "user", projects: list[int] | None = None) -> str:
    async with pool.acquire() as connection:
        sent = UserInput(email=email, name="", role=role, projects=projects or [])
        return await create_user(connection, IdSource(), sent, HASH)


@pytest.fixture
async def browser(services: Services) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with client_of(create_app(services, pages=Dashboard(services))) as client:
        yield client


async def sign_in(browser: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await browser.post("/app/sign-in", data={"email": email, "password": password})


async def test_a_password_opens_a_session_that_ends_with_signing_out(
    browser: httpx.AsyncClient, pool: Pool, project: Project
) -> None:
    await make_user(pool, "a@example.com", projects=[project.id])
    answer = await sign_in(browser, " A@Example.com ")
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    token = browser.cookies[COOKIE]
    assert token not in str(await pool.fetch("SELECT token_hash FROM user_sessions"))
    assert (await browser.get(f"/app/{project.public_id}")).status_code == 200
    await browser.post("/app/sign-out", data={"proof": form_token(token)})
    browser.cookies.set(COOKIE, token)
    assert (await browser.get(f"/app/{project.public_id}")).headers["location"].startswith("/app/sign-in?next=")


@pytest.mark.parametrize("email", ["a@example.com", "nobody@example.com", "a\x00@example.com", ""])
async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    browser: httpx.AsyncClient, pool: Pool, email: str
) -> None:
    await make_user(pool, "a@example.com")
    answer = await sign_in(browser, email, "wrong")
    assert COOKIE not in browser.cookies
    assert answer.status_code in (400, 401)  # 400: what no browser sends
    assert answer.status_code == 400 or "don&#39;t belong together" in answer.text


async def test_after_five_wrong_passwords_the_right_one_is_refused_for_a_while(
    browser: httpx.AsyncClient, pool: Pool
) -> None:
    await make_user(pool, "a@example.com")
    for _ in range(FAILURES_MAX):
        assert (await sign_in(browser, "a@example.com", "wrong")).status_code == 401
    assert (await sign_in(browser, "a@example.com")).status_code == 401
    await pool.execute("UPDATE users SET locked_until = now()")
    assert (await sign_in(browser, "a@example.com")).status_code == 303
    assert await pool.fetchval("SELECT failures FROM users") == 0


async def test_the_lock_lasts_longer_each_time(browser: httpx.AsyncClient, pool: Pool) -> None:
    await make_user(pool, "a@example.com")
    spans = []
    for _ in range(FAILURES_MAX + 2):
        await sign_in(browser, "a@example.com", "wrong")
        spans.append(await pool.fetchval("SELECT extract(epoch FROM locked_until - now())::int FROM users"))
    assert spans[: FAILURES_MAX - 1] == [None] * (FAILURES_MAX - 1)
    assert spans[-1] > 1.5 * spans[-2] > 2 * spans[-3]


async def test_a_form_without_the_sessions_proof_or_from_elsewhere_changes_nothing(
    browser: httpx.AsyncClient, pool: Pool, project: Project
) -> None:
    await make_user(pool, "a@example.com", projects=[project.id])
    await sign_in(browser, "a@example.com")
    url, new = f"/app/{project.public_id}/customers/new", {"name": "Gavin"}
    proof = {"proof": form_token(browser.cookies[COOKIE])}
    assert (await browser.post(url, data=new)).status_code == 403
    assert (await browser.post(url, data=new | {"proof": "0" * 64})).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert (await browser.post(url, data=new | proof, headers=headers)).status_code == 403
    assert await pool.fetchval("SELECT count(*) FROM customers") == 0
    assert (await browser.post(url, data=new | proof, headers={"Origin": "http://api.test"})).status_code == 303
    assert await pool.fetchval("SELECT count(*) FROM customers") == 1


async def test_another_site_cannot_sign_anybody_in(browser: httpx.AsyncClient, pool: Pool) -> None:
    await make_user(pool, "a@example.com")
    answer = await browser.post(
        "/app/sign-in",
        data={"email": "a@example.com", "password": PASSWORD},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("goal", ["https://evil.example", "//evil.example", "/app/\\evil.example", "/v1/customers"])
async def test_signing_in_leads_to_our_pages_only(browser: httpx.AsyncClient, pool: Pool, goal: str) -> None:
    await make_user(pool, "a@example.com")
    answer = await browser.post("/app/sign-in", data={"email": "a@example.com", "password": PASSWORD, "next": goal})
    assert answer.headers["location"] == "/app/"


async def test_a_viewer_changes_nothing_and_a_user_sees_his_projects_only(
    browser: httpx.AsyncClient, pool: Pool, project: Project
) -> None:
    await pool.execute("INSERT INTO projects (public_id, name) VALUES ('proj_Other0000000', 'O')")
    await make_user(pool, "viewer@example.com", role="viewer", projects=[project.id])
    await sign_in(browser, "viewer@example.com")
    proof = {"proof": form_token(browser.cookies[COOKIE])}
    assert (await browser.get(f"/app/{project.public_id}/customers")).status_code == 200
    assert (await browser.get(f"/app/{project.public_id}/customers/new")).status_code == 403
    assert (await browser.post(f"/app/{project.public_id}/customers/new", data=proof)).status_code == 403
    assert (await browser.get("/app/users")).status_code == 403
    assert (await browser.get("/app/proj_Other0000000/customers")).status_code == 404
    await make_user(pool, "admin@example.com", role="admin")
    browser.cookies.clear()
    await sign_in(browser, "admin@example.com")
    assert (await browser.get("/app/proj_Other0000000/customers")).status_code == 200


async def test_whoever_is_let_in_no_more_is_out_at_once_and_one_admin_stays(
    browser: httpx.AsyncClient, pool: Pool, project: Project
) -> None:
    first = await make_user(pool, "first@example.com", role="admin")
    second = await make_user(pool, "second@example.com", role="admin")
    await sign_in(browser, "second@example.com")
    assert (await browser.get("/app/users")).status_code == 200
    async with pool.acquire() as connection:
        await update_user(connection, second, name="", role="admin", projects=[], enabled=False)
        assert (await browser.get("/app/users")).status_code == 303
        for role, enabled in (("viewer", True), ("admin", False)):
            with pytest.raises(InvalidPayload, match="last one"):
                await update_user(connection, first, name="", role=role, projects=[], enabled=enabled)


async def test_a_new_password_needs_the_old_one_and_ends_other_sessions(
    browser: httpx.AsyncClient,
    services: Services,  # noqa: F811
    pool: Pool,
    project: Project,
) -> None:
    await make_user(pool, "a@example.com", projects=[project.id])
    await sign_in(browser, "a@example.com")
    elsewhere = client_of(create_app(services, pages=Dashboard(services)))
    await sign_in(elsewhere, "a@example.com")
    proof = form_token(browser.cookies[COOKIE])
    new = {"proof": proof, "new_password": "another horse", "repeated": "another horse"}
    refused = await browser.post("/app/account", data=new | {"password": "wrong"})
    assert refused.status_code == 400
    assert "That isn&#39;t your password." in refused.text
    short = await browser.post("/app/account", data=new | {"password": PASSWORD, "new_password": "x", "repeated": "x"})
    assert "Must have 10 to 200 characters." in short.text
    assert (await browser.post("/app/account", data=new | {"password": PASSWORD})).status_code == 303
    assert (await browser.get("/app/account")).status_code == 200
    assert (await elsewhere.get("/app/account")).status_code == 303
    assert (await sign_in(elsewhere, "a@example.com", "another horse")).status_code == 303
    await elsewhere.aclose()


async def test_every_answer_has_the_headers_that_protect_it(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/app/sign-in")
    asset = re.search(r'href="(/app/static/[^"]+\.css)"', page.text)
    assert asset
    for answer in (page, await browser.get("/app/nowhere"), await browser.get(asset[1])):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    assert "cookie" in page.headers["vary"]
    assert "immutable" in (await browser.get(asset[1])).headers["cache-control"]
    assert (await browser.get("/app/static/0/../../../pyproject.toml")).status_code == 404


async def test_a_database_that_is_away_is_said_on_a_page(browser: httpx.AsyncClient, pool: Pool) -> None:
    await make_user(pool, "a@example.com")
    await sign_in(browser, "a@example.com")
    await pool.close()
    answer = await browser.get("/app/account")
    assert answer.status_code == 503
    assert "Nothing was lost" in answer.text
