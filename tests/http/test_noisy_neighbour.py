"""One caller's storm of slow reads: others publish, are let in and find the server ready; it hears "too many" at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from largesse.domain.filters import COST_MAX
from largesse.domain.projects import Project
from largesse.http.app import App, create_app
from largesse.http.routes import all_routes
from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.http.conftest import APP_TOKEN, client_of, make_key
from tests.http.probes import PROBES

STORM = 40
SLOW = "/v1/segments?filters[name][conditions][$contains]=x"
WAIT = "SELECT 1 FROM pg_advisory_xact_lock_shared(7)"


@pytest.fixture
def app(services: Services) -> App:
    return create_app(services, [*all_routes(), *PROBES])


@pytest.fixture
async def colleague(app: App, pool: Pool, project: Project) -> AsyncIterator[httpx.AsyncClient]:
    """Another key of the same project."""
    await make_key(pool, project, app_id="colleague")
    async with client_of(app, {"X-App-Id": "colleague", "X-App-Token": APP_TOKEN}) as client:
        yield client


@asynccontextmanager
async def held(url: str, statement: str) -> AsyncIterator[None]:
    """What reads need, held by another session: they last until the end of the block."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


async def done(tasks: list["asyncio.Task[httpx.Response]"], count: int) -> list[httpx.Response]:
    """The first `count` answers."""
    async with asyncio.timeout(30):
        while sum(task.done() for task in tasks) < count:
            await asyncio.sleep(0.01)
    return [task.result() for task in tasks if task.done()]


async def test_heavy_reads_of_one_key_take_its_share_and_the_rest_is_refused_at_once(
    api: httpx.AsyncClient, colleague: httpx.AsyncClient, other_api: httpx.AsyncClient, database_url: str
) -> None:
    async with held(database_url, "LOCK TABLE segments"):
        storm = [asyncio.create_task(api.get(SLOW)) for _ in range(STORM)]
        refused = await done(storm, STORM - 6)
        assert {answer.status_code for answer in refused} == {429}
        assert {answer.headers["retry-after"] for answer in refused} == {"1"}
        assert {answer.json()["key"] for answer in refused} == {"too_many_requests"}
        second = asyncio.create_task(other_api.get(SLOW))
        assert (await other_api.post("/v1/customers", json={"source_id": "c"})).status_code == 200
        assert (await api.post("/v1/customers", json={"source_id": "c"})).status_code == 200
        assert (await colleague.get("/readyz")).status_code == 200
    for task in (*storm, second):
        await task
    assert second.result().status_code == 200
    assert (await colleague.get(SLOW)).status_code == 200


async def test_slow_transactions_of_one_project_leave_connections_to_the_others(
    api: httpx.AsyncClient, colleague: httpx.AsyncClient, other_api: httpx.AsyncClient, database_url: str
) -> None:
    async with held(database_url, "SELECT pg_advisory_xact_lock(7)"):
        storm = [asyncio.create_task(api.post("/v1/probes/statement", content=WAIT)) for _ in range(STORM)]
        await asyncio.sleep(0)
        assert (await colleague.get("/v1/customers")).status_code == 200
        assert (await other_api.get("/v1/customers")).status_code == 200
        refused = await other_api.post("/v1/publications", json={"voucher": "x", "customer": "c"})
        assert refused.status_code == 404  # judged, not kept waiting
        assert (await other_api.get("/readyz")).status_code == 200
    assert {(await task).status_code for task in storm} == {200}


@pytest.mark.parametrize("path", ["/v1/vouchers", "/v1/customers", "/v1/publications"])
async def test_conditions_that_look_at_everything_are_bounded(api: httpx.AsyncClient, path: str) -> None:
    def query(count: int) -> str:
        return f"{path}?" + "&".join(f"filters[metadata.k][conditions][$not_contain][{n}]=x{n}" for n in range(count))

    answer = await api.get(query(COST_MAX + 1))
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
    assert f"{COST_MAX} at most" in answer.json()["details"]
    assert (await api.get(query(COST_MAX))).status_code == 200
    ids = "&".join(f"filters[id][conditions][$is][{n}]=x{n}" for n in range(99))
    assert (await api.get(f"{path}?{ids}")).status_code == 200  # an index knows each of them


async def test_many_cheap_reads_of_one_key_at_once_are_all_answered(api: httpx.AsyncClient) -> None:
    paths = ["/v1/vouchers", "/v1/customers?email=a@example.com", "/v1/publications?filters[customer_id][$is]=c"]
    answers = await asyncio.gather(*(api.get(paths[number % 3]) for number in range(120)))
    assert {answer.status_code for answer in answers} == {200}
