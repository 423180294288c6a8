import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from largesse.auth import keys
from largesse.auth import lookups as lookups_module
from largesse.auth.keys import KeyCache
from largesse.domain.errors import Unauthorized, Unavailable
from largesse.domain.keys import Key
from largesse.domain.projects import Project
from largesse.store.connection import API_SETTINGS, Connection, Pool, create_pool
from largesse.store.keys import find_key
from tests.http.conftest import APP_ID, APP_TOKEN, make_key


class Lookups:
    """Counts the real look-ups, and can hold them back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._find_key = find_key
        monkeypatch.setattr(keys, "find_key", self._look_up)

    async def _look_up(self, connection: Connection, app_id: str) -> Key | None:
        self.asked.append(app_id)
        found = await self._find_key(connection, app_id)
        await self.gate.wait()
        return found


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Lookups:
    return Lookups(monkeypatch)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def cache(pool: Pool, clock: Clock) -> AsyncIterator[KeyCache]:
    """No test may leave an error behind that only the event loop sees."""
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    yield KeyCache(pool, ttl_s=5, clock=clock)
    await asyncio.sleep(0)
    assert unheard == []


async def revoke(pool: Pool) -> None:
    await pool.execute("UPDATE api_keys SET revoked_at = now()")


async def test_a_pair_of_headers_becomes_a_caller(cache: KeyCache, pool: Pool, project: Project) -> None:
    await make_key(pool, project, kind="client")
    caller = await cache.resolve(APP_ID, APP_TOKEN)
    assert (caller.app_id, caller.kind, caller.project) == (APP_ID, "client", project)


@pytest.mark.parametrize("token", ["", "x", APP_TOKEN + " ", APP_TOKEN.upper(), "\x00", "\ud800", "ü"])
async def test_a_wrong_token_is_unauthorized(cache: KeyCache, api_key: dict[str, str], token: str) -> None:
    with pytest.raises(Unauthorized):
        await cache.resolve(APP_ID, token)


@pytest.mark.parametrize("app_id", ["", "unknown", "\x00", "a\x00b", "x" * 100_000, "ü"])
async def test_an_id_that_nobody_has_is_unauthorized(cache: KeyCache, api_key: dict[str, str], app_id: str) -> None:
    with pytest.raises(Unauthorized):
        await cache.resolve(app_id, APP_TOKEN)


async def test_the_database_is_asked_once_in_a_while(
    cache: KeyCache, lookups: Lookups, clock: Clock, api_key: dict[str, str]
) -> None:
    for _ in range(3):
        await cache.resolve(APP_ID, APP_TOKEN)
    assert lookups.asked == [APP_ID]
    clock.now += 5
    await cache.resolve(APP_ID, APP_TOKEN)
    assert lookups.asked == [APP_ID] * 2


async def test_a_revoked_key_is_felt_within_its_time(
    cache: KeyCache, pool: Pool, clock: Clock, api_key: dict[str, str]
) -> None:
    await cache.resolve(APP_ID, APP_TOKEN)
    await revoke(pool)
    await cache.resolve(APP_ID, APP_TOKEN)
    clock.now += 5
    with pytest.raises(Unauthorized):
        await cache.resolve(APP_ID, APP_TOKEN)


@pytest.mark.parametrize("forget_all", [False, True])
async def test_a_forgotten_key_is_felt_at_once(
    cache: KeyCache, pool: Pool, api_key: dict[str, str], forget_all: bool
) -> None:
    await cache.resolve(APP_ID, APP_TOKEN)
    await revoke(pool)
    if forget_all:
        cache.forget_all()
    else:
        cache.forget(APP_ID)
    with pytest.raises(Unauthorized):
        await cache.resolve(APP_ID, APP_TOKEN)


async def test_an_answer_from_before_it_was_forgotten_is_not_remembered(
    cache: KeyCache, pool: Pool, lookups: Lookups, api_key: dict[str, str]
) -> None:
    lookups.gate.clear()
    early = asyncio.create_task(cache.resolve(APP_ID, APP_TOKEN))
    while not lookups.asked:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # the row is read, the answer held back
    await revoke(pool)
    cache.forget(APP_ID)
    lookups.gate.set()
    await early
    with pytest.raises(Unauthorized):
        await cache.resolve(APP_ID, APP_TOKEN)


async def test_callers_that_come_together_ask_once(cache: KeyCache, lookups: Lookups, api_key: dict[str, str]) -> None:
    callers = await asyncio.gather(*(cache.resolve(APP_ID, APP_TOKEN) for _ in range(50)))
    assert len(callers) == 50
    assert lookups.asked == [APP_ID]


async def test_one_that_hangs_up_does_not_take_the_others_along(
    cache: KeyCache, lookups: Lookups, api_key: dict[str, str]
) -> None:
    lookups.gate.clear()
    first, second = (asyncio.create_task(cache.resolve(APP_ID, APP_TOKEN)) for _ in range(2))
    while not lookups.asked:
        await asyncio.sleep(0.01)
    first.cancel()
    lookups.gate.set()
    assert (await second).app_id == APP_ID
    assert lookups.asked == [APP_ID]


async def test_an_unknown_id_is_remembered_for_a_moment(
    cache: KeyCache, pool: Pool, project: Project, lookups: Lookups, clock: Clock
) -> None:
    for _ in range(3):
        with pytest.raises(Unauthorized):
            await cache.resolve(APP_ID, APP_TOKEN)
    assert lookups.asked == [APP_ID]
    await make_key(pool, project)
    clock.now += lookups_module.TTL_UNKNOWN_S
    assert await cache.resolve(APP_ID, APP_TOKEN)


@pytest.mark.parametrize("forget_all", [False, True])
async def test_a_new_key_that_was_asked_for_too_early_works_once_forgotten(
    cache: KeyCache, pool: Pool, project: Project, forget_all: bool
) -> None:
    with pytest.raises(Unauthorized):
        await cache.resolve(APP_ID, APP_TOKEN)
    await make_key(pool, project)
    if forget_all:
        cache.forget_all()
    else:
        cache.forget(APP_ID)
    assert await cache.resolve(APP_ID, APP_TOKEN)


async def test_unknown_ids_do_not_fill_the_memory(cache: KeyCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups_module, "UNKNOWN_MAX", 10)
    for number in range(30):
        with pytest.raises(Unauthorized):
            await cache.resolve(f"unknown-{number}", "x")
    assert len(cache._unknown) == 10
    assert not cache._lookups


async def test_without_a_database_it_is_unavailable_and_works_when_it_is_back(
    cache: KeyCache, lookups: Lookups, api_key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = await create_pool("postgresql://127.0.0.1:9/x", size=1, settings=API_SETTINGS, application="test")
    alive = cache._pool
    monkeypatch.setattr(cache, "_pool", dead)
    failures = await asyncio.gather(*(cache.resolve(APP_ID, APP_TOKEN) for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [Unavailable] * 3
    monkeypatch.setattr(cache, "_pool", alive)
    assert await cache.resolve(APP_ID, APP_TOKEN)
    await dead.close()
