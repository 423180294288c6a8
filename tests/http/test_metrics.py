"""What an operator's Prometheus sees of publishing."""

import httpx

from largesse.actions.publishing import Publisher
from largesse.domain.projects import Project
from largesse.http.app import App
from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.factories.campaigns import make_campaign
from tests.http.conftest import client_of


async def test_outcomes_of_publishing_are_counted(
    app: App, services: Services, api: httpx.AsyncClient, pool: Pool, project: Project, publisher: Publisher
) -> None:
    services.metrics.watch_publisher(publisher.statistics)
    campaign = await make_campaign(pool, project, vouchers_count=1)
    for _ in range(2):
        await api.post("/v1/publications", json={"campaign": campaign, "customer": "bob"})
    async with client_of(app) as client:
        text = (await client.get("/metrics")).text
    assert 'largesse_publish_outcomes_total{outcome="published"} 1.0' in text
    assert 'largesse_publish_outcomes_total{outcome="exhausted"} 1.0' in text
    assert "largesse_publish_requests_total 2.0" in text
