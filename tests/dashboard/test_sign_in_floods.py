"""Floods of attempts to sign in: no more are judged than may be, others get in, and nobody is read at length."""

import asyncio
import threading
from collections.abc import AsyncIterator

import httpx
import pytest

from largesse.auth import passwords as hashing
from largesse.auth import sessions
from largesse.auth.passwords import ACCOUNT_MAX, HASHES, Passwords
from largesse.dashboard.app import Dashboard
from largesse.dashboard.routing import COOKIE
from largesse.domain.errors import TooManyAtOnce, Unauthorized
from largesse.domain.users import FAILURES_MAX
from largesse.http.app import App, create_app
from largesse.http.bodies import STRANGERS_BODY_BYTES_MAX
from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.dashboard.test_sign_in import PASSWORD, make_user, sign_in
from tests.http.conftest import client_of

FLOOD = 60


@pytest.fixture
def app(services: Services) -> App:
    return create_app(services, pages=Dashboard(services))


@pytest.fixture
async def browser(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


class Slow:
    """Comparisons that cost nothing, take until they are let go, and are counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.judged = 0

        def verify(password: str, password_hash: str | None) -> bool:
            self.judged += password_hash is not None
            self.go.wait(30)
            return password_hash is not None and password == PASSWORD

        monkeypatch.setattr(hashing, "_verify", verify)


async def judge(pool: Pool, passwords: Passwords, password: str, address: str) -> str:
    try:
        await sessions.sign_in(pool, passwords, "a@example.com", password, address=address)
    except (Unauthorized, TooManyAtOnce) as error:
        return type(error).__name__
    return "in"


async def test_the_right_password_among_many_at_once_is_not_found_by_trying(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process has a `Passwords`, and its bounds, of its own: the row decides."""
    await make_user(pool, "a@example.com")
    slow = Slow(monkeypatch)
    slow.go.set()
    wrong = [judge(pool, Passwords(), f"wrong {number}", f"10.0.0.{number}") for number in range(FLOOD)]
    answers = await asyncio.gather(*wrong, judge(pool, Passwords(), PASSWORD, "10.0.0.99"))
    assert set(answers[:-1]) == {"Unauthorized"}
    assert answers[-1] == "Unauthorized"  # its connection was asked for last
    assert slow.judged == FAILURES_MAX


async def test_what_is_beyond_the_queue_is_refused_at_once_and_somebody_else_gets_in(
    browser: httpx.AsyncClient, app: App, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user(pool, "a@example.com")
    await make_user(pool, "b@example.com")
    slow = Slow(monkeypatch)
    flood = [asyncio.create_task(sign_in(browser, "a@example.com", "wrong")) for _ in range(FLOOD)]
    async with asyncio.timeout(20):
        while sum(task.done() for task in flood) < FLOOD - ACCOUNT_MAX:
            await asyncio.sleep(0.01)
    refused = [task.result() for task in flood if task.done()]
    assert {(answer.status_code, answer.headers["retry-after"]) for answer in refused} == {(429, "1")}
    assert "Try again in a moment" in refused[0].text
    async with client_of(app, client=("10.1.1.1", 1)) as elsewhere:
        here = asyncio.create_task(sign_in(browser, "b@example.com"))
        there = asyncio.create_task(sign_in(elsewhere, "b@example.com"))
        await asyncio.sleep(0.05)
        slow.go.set()
        assert {(await here).status_code, (await there).status_code} == {303}
    assert {(await task).status_code for task in flood} == {401, 429}


async def test_one_address_that_tries_many_accounts_fills_its_own_line_only(
    browser: httpx.AsyncClient, app: App, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user(pool, "a@example.com")
    slow = Slow(monkeypatch)
    flood = [asyncio.create_task(sign_in(browser, f"nobody{n}@example.com", "wrong")) for n in range(FLOOD)]
    async with asyncio.timeout(20):
        while sum(task.done() for task in flood) < FLOOD - 1 - HASHES.group_waiting:
            await asyncio.sleep(0.01)
    async with client_of(app, client=("10.1.1.1", 1)) as elsewhere:
        there = asyncio.create_task(sign_in(elsewhere, "a@example.com"))
        await asyncio.sleep(0.05)
        slow.go.set()
        assert (await there).status_code == 303
    await asyncio.gather(*flood)


async def test_the_password_of_an_open_session_cannot_be_found_by_trying_either(
    browser: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user(pool, "a@example.com")
    slow = Slow(monkeypatch)
    slow.go.set()
    new = {"new_password": "another horse", "repeated": "another horse"}
    for at_once in (False, True):
        await sign_in(browser, "a@example.com")
        slow.judged = 0
        proof = {"proof": sessions.form_token(browser.cookies[COOKIE])}
        tries = [{"password": f"wrong {n}"} for n in range(2 * FAILURES_MAX)] + [{"password": PASSWORD}]
        if at_once:
            answers = await asyncio.gather(*(browser.post("/app/account", data=proof | new | one) for one in tries))
        else:
            answers = [await browser.post("/app/account", data=proof | new | one) for one in tries]
        assert {answer.status_code for answer in answers} <= {303, 400, 429}
        assert slow.judged <= FAILURES_MAX
        assert await pool.fetchval("SELECT count(*) FROM users WHERE failures > 0 OR locked_until IS NOT NULL") == 0
    assert (await sign_in(browser, "a@example.com")).status_code == 303  # the account isn't locked
    proof = {"proof": sessions.form_token(browser.cookies[COOKIE])}
    assert (await browser.post("/app/account", data=proof | new | {"password": "wrong"})).status_code == 400
    assert (await browser.post("/app/account", data=proof | new | {"password": PASSWORD})).status_code == 303
    assert await pool.fetchval("SELECT max(failures) FROM user_sessions") == 0


@pytest.mark.parametrize("path", ["/app/sign-in", "/app/sign-out", "/app/account", "/v1/oauth/token", "/v1/customers"])
async def test_of_strangers_little_is_read(browser: httpx.AsyncClient, path: str) -> None:
    """Announced or not, and whatever route it is for."""
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1_000):
            read += 10_000
            yield b"x" * 10_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    announced = await browser.post(path, content=b"x" * (STRANGERS_BODY_BYTES_MAX + 1), headers=form)
    assert announced.status_code in {303, 401, 413}
    streamed = await browser.post(path, content=pieces(), headers=form)
    assert streamed.status_code == announced.status_code
    assert read <= 2 * STRANGERS_BODY_BYTES_MAX
