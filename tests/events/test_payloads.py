"""One row of the log, and what it is told as: by table."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.events.catalogue import SUBSCRIBABLE, UNBUILT, EventType
from largesse.events.payloads import _READERS, derive
from largesse.store.connection import Pool
from largesse.store.events import BEGINNING, Event, read_events
from tests.actions.conftest import work_off
from tests.events.log import readable
from tests.http.conftest import api, api_key, app, services

__all__ = ["api", "api_key", "app", "services"]

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}}
CUSTOMER = {"source_id": "x", "name": "X", "email": "x@x", "metadata": {"a": 1}}


async def happened(pool: Pool, project: Project) -> dict[str, list[Event]]:
    await readable(pool)
    async with pool.acquire() as connection:
        found: dict[str, list[Event]] = {}
        for event in await read_events(connection, project.id, BEGINNING, 1000):
            found.setdefault(event.type, []).append(event)
        return found


@pytest.fixture
async def world(api: httpx.AsyncClient, pool: Pool, project: Project) -> dict[str, list[Event]]:
    """Everything that can happen, happened."""

    async def call(method: str, path: str, body: Any = None) -> Any:
        answer = await api.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    campaign = {"name": "mine", "voucher": GIFT, "campaign_type": "GIFT_VOUCHERS", "vouchers_count": 3}
    made = await call("POST", "/v1/campaigns", campaign)
    await work_off(pool)
    await call("PUT", "/v1/campaigns/mine", {"description": "changed"})
    await call("POST", f"/v1/campaigns/{made['id']}/disable")
    await call("POST", f"/v1/campaigns/{made['id']}/enable")
    await call("POST", "/v1/publications", {"campaign": {"name": "mine", "count": 2}, "customer": CUSTOMER})
    await call("PUT", "/v1/customers/x", {"name": "Y"})
    await call(
        "POST", "/v1/vouchers/A", {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 5}}
    )
    await call("POST", "/v1/publications", {"voucher": "A", "customer": {"source_id": "x"}})
    await call("PUT", "/v1/vouchers/A", {"metadata": {"b": 2}})
    await call("POST", "/v1/vouchers/A/disable")
    await call("POST", "/v1/vouchers/A/enable")
    await call("POST", "/v1/vouchers/G", GIFT)
    await call("POST", "/v1/vouchers/G/balance", {"amount": 5})
    await call("POST", "/v1/vouchers/G/balance", {"amount": -5})
    rule = await call("POST", "/v1/validation-rules", {"name": "m"})
    await call("PUT", f"/v1/validation-rules/{rule['id']}", {"name": "n"})
    assigned = {"related_object_id": made["id"], "related_object_type": "campaign"}
    one = await call("POST", f"/v1/validation-rules/{rule['id']}/assignments", assigned)
    await call("DELETE", f"/v1/validation-rules/{rule['id']}/assignments/{one['id']}")
    await call("DELETE", f"/v1/validation-rules/{rule['id']}")
    await call("DELETE", "/v1/vouchers/A")
    await call("DELETE", "/v1/customers/x")
    return await happened(pool, project)


EXPECTED: dict[str, list[tuple[str, set[str]]]] = {
    "campaign.created": [("campaign.created", {"campaign"})],
    "campaign.updated": [("campaign.updated", {"campaign"})],
    "campaign.enabled": [("campaign.enabled", {"campaign"})],
    "campaign.disabled": [("campaign.disabled", {"campaign"})],
    "campaign.vouchers.generation.started": [("campaign.vouchers.generation.started", {"campaign"})],
    "campaign.vouchers.generation.completed": [
        ("campaign.vouchers.generation.completed", {"campaign", "count", "completed_at"})
    ],
    "campaign.vouchers.added": [("campaign.vouchers.added", {"campaign", "count", "created_at"})],
    "customer.created": [("customer.created", {"customer"})],
    "customer.updated": [("customer.updated", {"customer"})],
    "customer.deleted": [("customer.deleted", {"customer"})],
    "voucher.created": [("voucher.created", {"voucher"})],
    "voucher.updated": [("voucher.updated", {"voucher"})],
    "voucher.enabled": [("voucher.enabled", {"voucher"})],
    "voucher.disabled": [("voucher.disabled", {"voucher"})],
    "voucher.deleted": [("voucher.deleted", {"voucher"})],
    "business_validation_rule.created": [("business_validation_rule.created", {"rule"})],
    "business_validation_rule.updated": [("business_validation_rule.updated", {"rule"})],
    "business_validation_rule.deleted": [("business_validation_rule.deleted", {"rule"})],
    "business_validation_rule.assignment.created": [("business_validation_rule.assignment.created", {"assignment"})],
    "business_validation_rule.assignment.deleted": [("business_validation_rule.assignment.deleted", {"assignment"})],
    "voucher.gift.transaction.created": [
        ("voucher.gift.transaction.created", {"campaign", "voucher", "balance", "transaction"}),
        ("voucher.gift.balance_added", {"campaign", "voucher", "balance", "transaction"}),
    ],
    "publication.succeeded": [
        ("publication.succeeded", {"customer", "campaign", "publication", "vouchers"}),
        *[("voucher.published", {"customer", "campaign", "publication", "voucher", "created_at"})] * 2,
        *[("customer.holder.assignment.created", {"holder", "voucher", "campaign", "customer"})] * 2,
    ],
}


async def test_every_fact_is_told_under_its_names(world: dict[str, list[Event]]) -> None:
    told = {type_: [(named.type, set(named.data)) for named in derive(events[0])] for type_, events in world.items()}
    assert told == EXPECTED
    for events in world.values():
        for event in events:
            assert all(named.type in SUBSCRIBABLE for named in derive(event))


async def test_every_name_of_the_log_is_read_by_somebody() -> None:
    assert set(_READERS) == set(EventType) - {EventType.VOUCHER_PUBLISHED}
    assert not SUBSCRIBABLE & UNBUILT


async def test_a_publication_shows_who_what_and_where_from(world: dict[str, list[Event]]) -> None:
    two, one = world["publication.succeeded"]
    whole, first, *_ = derive(two)
    assert whole.entity_id == whole.data["publication"]["id"] == two.entity_id
    assert whole.data["customer"] == {"id": whole.data["customer"]["id"], "object": "customer", **CUSTOMER}
    assert whole.data["campaign"]["name"] == "mine"
    assert whole.data["publication"]["customer"] == whole.data["customer"]
    assert [voucher["id"] for voucher in whole.data["vouchers"]] == whole.data["publication"]["vouchers_id"]
    assert first.entity_id == first.data["voucher"]["id"]
    voucher = whole.data["vouchers"][0]
    assert (voucher["gift"]["balance"], voucher["campaign"]) == (1000, "mine")
    assert voucher["holder_id"] == whole.data["customer"]["id"]
    alone = derive(one)[0].data
    assert alone["campaign"] is None
    assert alone["voucher"] == alone["vouchers"][0]
    assert (alone["voucher"]["code"], alone["voucher"]["discount"]["percent_off"]) == ("A", 5)


async def test_a_removal_adds_nothing_to_a_card(world: dict[str, list[Event]]) -> None:
    added, removed = world["voucher.gift.transaction.created"]
    assert [named.type for named in derive(removed)] == ["voucher.gift.transaction.created"]
    assert derive(added)[1].data["campaign"] is None
    balance = derive(added)[1].data["balance"]
    assert (balance["amount"], balance["total"], balance["balance"]) == (5, 1005, 1005)


async def test_a_failure_is_told_to_nobody() -> None:
    """There is no publication.failed for projects."""
    failed = Event(BEGINNING, "ev_a", "publication.failed", "pub_a", {}, None, None, datetime.now(UTC))
    assert derive(failed) == []
