"""Publications are held to the metadata schemas of publications and customers, before anything is written."""

from typing import Any

import httpx
import pytest

from largesse.actions.metadata_schemas import create_schema
from largesse.actions.scope import Scope
from largesse.auth.keys import KeyCache
from largesse.domain.projects import Project
from largesse.http.app import App
from largesse.http.services import Services
from largesse.store.connection import Pool
from largesse.wire.metadata_schemas import SchemaInput
from largesse.wire.parse import parse_value
from tests.factories.campaigns import IDS, make_campaign
from tests.http.conftest import client_of, make_key

PATH = "/v1/publications"
NUMBER = {"type": "number"}


async def define(pool: Pool, project: Project, keys: KeyCache, resource: str, **properties: Any) -> None:
    """As the management API does it; what the notification does is done by hand: nobody listens here."""
    sent = parse_value({"related_object": resource, "properties": properties}, SchemaInput)
    async with pool.acquire() as connection, connection.transaction():
        scope = Scope(connection=connection, project=project, ids=IDS, request_id="v-1", actor="test")
        await create_schema(scope, sent.schema(IDS.new("ms_")))
    keys.forget(f"schemas:{project.id}")


@pytest.fixture
async def campaign(pool: Pool, project: Project) -> str:
    return await make_campaign(pool, project, vouchers_count=5)


def body(campaign: str, **more: Any) -> dict[str, Any]:
    return {"campaign": {"name": campaign}, "customer": {"source_id": "a"}} | more


@pytest.mark.row("A042")
async def test_metadata_of_the_publication_must_fit_its_schema(
    api: httpx.AsyncClient, pool: Pool, project: Project, services: Services, campaign: str
) -> None:
    await define(pool, project, services.keys, "publication", amount=NUMBER)
    for metadata in ({"amount": "ten"}, {}, None, {"amount": True}, {"amount": [1]}):
        answer = await api.post(PATH, json=body(campaign, metadata=metadata))
        assert (answer.status_code, answer.json()["key"]) == (400, "metadata_validation_failed")
        assert answer.json()["details"].startswith("amount: must be a number, property is required")
    assert (await api.get(PATH)).json()["total"] == 0  # no failure is kept of it either
    assert (await api.get("/v1/customers")).json()["total"] == 0
    answer = await api.post(PATH, json=body(campaign, metadata={"amount": 10.5, "other": "x"}))
    assert (answer.status_code, answer.json()["metadata"]) == (200, {"amount": 10.5, "other": "x"})


async def test_the_customer_of_a_publication_must_fit_too(
    api: httpx.AsyncClient, pool: Pool, project: Project, services: Services, campaign: str
) -> None:
    await define(pool, project, services.keys, "customer", age=NUMBER, name={"type": "string", "optional": True})
    for customer in ({"source_id": "a"}, {"source_id": "a", "metadata": {"age": "x"}}, {"name": "Anonymous"}, "a"):
        answer = await api.post(PATH, json=body(campaign, customer=customer))
        assert (answer.status_code, answer.json()["key"]) == (400, "metadata_validation_failed"), answer.text
    assert (await api.get("/v1/customers")).json()["total"] == 0
    good = await api.post(PATH, json=body(campaign, customer={"source_id": "a", "metadata": {"age": 7}}))
    assert good.status_code == 200
    # The customer has what is required by now: naming it is enough, and other keys may come.
    known = good.json()["customer_id"]
    for customer in ("a", known, {"source_id": "a"}, {"id": known, "metadata": {"name": "A"}}):
        answer = await api.post(PATH, json=body(campaign, customer=customer))
        assert answer.status_code == 200, answer.text
    for wrong in ({"age": "x"}, {"age": None}):
        answer = await api.post(PATH, json=body(campaign, customer={"source_id": "a", "metadata": wrong}))
        assert answer.json()["key"] == "metadata_validation_failed"
    answer = await api.post(PATH, json=body(campaign, customer={"id": "cust_unknown"}))
    assert (answer.status_code, answer.json()["resource_type"]) == (404, "customer")


async def test_a_query_string_gets_the_types_of_the_schema(
    app: App, pool: Pool, project: Project, services: Services, campaign: str
) -> None:
    await make_key(pool, project, app_id="shop", kind="integration")
    await define(
        pool, project, services.keys, "publication",
        test={"type": "boolean", "optional": True}, size={"type": "number", "optional": True},
        tags={"type": "string", "array": True, "optional": True},
    )  # fmt: skip
    await define(pool, project, services.keys, "customer", age={"type": "number", "optional": True})
    query = {"campaign": campaign, "customer[source_id]": "a", "customer[metadata][age]": "7", "metadata[free]": "1",
             "metadata[test]": "true", "metadata[size]": "2.5", "metadata[tags]": "x,y"}  # fmt: skip
    async with client_of(app, {"X-App-Id": "shop", "X-App-Token": "test-app-token"}) as shop:
        answer = await shop.get(f"{PATH}/create", params=query)
        assert answer.json()["metadata"] == {"free": "1", "test": True, "size": 2.5, "tags": ["x", "y"]}
        assert answer.json()["customer"]["metadata"] == {"age": 7}
        wrong = await shop.get(f"{PATH}/create", params=query | {"metadata[size]": "big"})
        assert wrong.json()["details"] == "size: must be a number (actual value is 'big')"


async def test_without_a_schema_the_database_is_asked_for_none_again_and_again(
    api: httpx.AsyncClient, services: Services, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("largesse.auth.schemas.list_schemas", _counting(asked))
    for _ in range(3):
        assert (await api.post(PATH, json=body(campaign))).status_code == 200
    assert len(asked) == 1


def _counting(asked: list[int]) -> Any:
    async def list_schemas(_connection: Any, project_id: int) -> dict[str, Any]:
        asked.append(project_id)
        return {}

    return list_schemas
