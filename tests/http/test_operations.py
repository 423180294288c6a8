"""What whoever runs the server asks it."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from largesse.http.app import create_app
from largesse.http.readiness import Readiness
from largesse.http.services import Services
from largesse.store.connection import PUBLISH_SETTINGS, Pool, create_pool
from tests.http.conftest import client_of
from tests.http.probes import PROBES


@pytest.mark.own_database
async def test_ready_when_the_database_has_the_schema(anonymous: httpx.AsyncClient, pool: Pool) -> None:
    assert (await anonymous.get("/readyz")).json()["status"] == "ready"
    await pool.execute("DELETE FROM migrations")
    answer = await anonymous.get("/readyz")
    assert answer.status_code == 503
    assert "0001_initial" in answer.json()["details"]
    await pool.execute("DROP TABLE migrations")
    assert (await anonymous.get("/readyz")).status_code == 503


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.1.1"}, 403),
        ("10.1.1.1", {}, 403),
        ("10.1.1.1", {"Authorization": "Bearer wrong"}, 403),
        ("10.1.1.1", {"Authorization": "Bearer the-token"}, 200),
    ],
)
async def test_metrics_are_for_this_machine_or_the_holder_of_the_token(
    services: Services, address: str, headers: dict[str, str], status: int
) -> None:
    app = create_app(replace(services, metrics_token="the-token"))
    async with client_of(app, client=(address, 1)) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status


async def test_metrics_without_a_token_are_for_this_machine_only(services: Services) -> None:
    async with client_of(create_app(services), client=("10.1.1.1", 1)) as client:
        assert (await client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 403


async def test_metrics_count_by_route_and_never_by_what_a_caller_made_up(api: httpx.AsyncClient) -> None:
    await api.post("/v1/publications", content=b"{")
    await api.get("/v1/made-up-4711")
    text = (await api.get("/metrics")).text
    assert 'largesse_http_requests_total{method="POST",route="/v1/publications",status="400"} 1.0' in text
    assert "4711" not in text


async def test_the_description_shows_every_route_and_its_errors(services: Services) -> None:
    async with client_of(create_app(services, PROBES)) as client:
        document = (await client.get("/openapi.json")).json()
        page = await client.get("/docs")
    assert document["openapi"].startswith("3.")
    operation = document["paths"]["/v1/probes"]["post"]
    assert operation["summary"] == "Answer what was understood."
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Probe"}
    assert "not_found" in operation["responses"]["404"]["description"]
    assert "415" in operation["responses"]
    assert "415" not in document["paths"]["/v1/probes"]["get"]["responses"]
    assert document["paths"]["/v1/probes/{code}"]["get"]["parameters"][0]["in"] == "path"
    assert document["paths"]["/v1/probes"]["get"]["parameters"][0]["name"] == "limit"
    schema = document["components"]["schemas"]["Probe"]
    assert schema["required"] == ["customer"]
    assert "date-time" in str(schema["properties"]["starts"])
    assert "/v1/probes/{code}" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_not_ready_while_the_database_takes_no_writes(database_url: str, services: Services, pool: Pool) -> None:
    name = urlsplit(database_url).path[1:]
    async with client_of(create_app(services)) as client:
        await pool.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await pool.expire_connections()
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        admin = await asyncpg.connect(database_url, server_settings={"default_transaction_read_only": "off"})
        await admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await admin.close()
        statuses = [(await client.get("/readyz")).status_code for _ in range(3)]
    assert statuses == [200, 200, 200]


async def test_not_ready_when_the_publish_path_takes_no_writes(
    database_url: str, services: Services, pool: Pool
) -> None:
    publishing = await create_pool(
        database_url,
        size=2,
        settings=PUBLISH_SETTINGS | {"default_transaction_read_only": "on"},
        application="largesse-test",
    )
    app = create_app(replace(services, readiness=Readiness(pool, publishing)))
    async with client_of(app) as client:
        assert (await client.get("/readyz")).status_code == 503
        async with publishing.acquire(), publishing.acquire():  # in use: statements run
            assert (await client.get("/readyz")).status_code == 200
    await publishing.close()


async def test_not_ready_with_a_schema_that_is_newer_than_the_program(anonymous: httpx.AsyncClient, pool: Pool) -> None:
    await pool.execute("INSERT INTO migrations (name) VALUES ('9001_of_tomorrow')")
    answer = await anonymous.get("/readyz")
    assert answer.status_code == 503
    assert "9001_of_tomorrow" in answer.json()["details"]
    assert "newer than this program" in answer.json()["details"]
    await pool.execute("DELETE FROM migrations WHERE name = '9001_of_tomorrow'")
    assert (await anonymous.get("/readyz")).status_code == 200


async def test_many_who_ask_at_once_are_one_write(anonymous: httpx.AsyncClient, pool: Pool) -> None:
    answers = await asyncio.gather(*(anonymous.get("/readyz") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert await pool.fetchval("SELECT count(*) FROM readiness") == 1
