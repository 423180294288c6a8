"""What whoever runs the server asks it."""

from dataclasses import replace

import httpx
import pytest

from largesse.http.app import create_app
from largesse.http.services import Services
from largesse.store.connection import Pool
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
