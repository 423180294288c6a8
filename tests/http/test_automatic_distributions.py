"""Distributions that events trigger."""

import asyncio
from typing import Any

import pytest

from largesse.actions import distribution_triggers, distributions
from largesse.actions.distribution_triggers import trigger_chunk
from largesse.jobs.worker import Worker
from tests.events.log import readable
from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import EMAIL, automatic
from tests.http.test_distribution_runs import listed, people, sound, states
from tests.http.test_distributions import PATH
from tests.http.test_publications import assert_refused

__all__ = ["sound"]


@pytest.fixture
def courier() -> FakeCourier:
    return FakeCourier()


async def live(api, **fields: Any) -> str:
    answer = await api.post(PATH, json=automatic(**fields))
    assert answer.status_code == 200, answer.text
    id_: str = answer.json()["id"]
    assert (await api.post(f"{PATH}/{id_}/send", json={})).json()["status"] == "LIVE"
    return id_


async def react(pool, courier) -> None:
    """What a worker does soon after something has happened."""
    await readable(pool)
    worker = Worker(pool, asyncio.Event(), courier=courier)
    while await worker.read_log(distributions.READER, trigger_chunk):
        pass
    await run_jobs(pool, courier)


CODES = {
    "trigger": {"event": "customer.custom_event", "custom_event": "signed_up"},
    "action": {"type": "publish", "campaign": "c"},
    "channels": [EMAIL],
}


async def track(api, name: str, event: str = "signed_up") -> None:
    body = {"event": event, "customer": {"source_id": name, "email": f"{name}@example.com"}}
    answer = await api.post("/v1/events", json=body)
    assert answer.status_code == 200, answer.text


async def test_new_customers_are_welcomed_once_and_those_of_before_are_not(api, pool, courier, monkeypatch):
    monkeypatch.setattr(distribution_triggers, "EVENTS_CHUNK", 2)
    await people(api, "old")
    await asyncio.sleep(0.01)
    id_ = await live(api)
    await people(api, "ann", "bob", "cid")
    for _ in range(2):
        await react(pool, courier)
    assert courier.recipients == ["ann@example.com", "bob@example.com", "cid@example.com"]
    assert courier.mails[0].text.startswith("Welcome, ")
    assert (await api.get(f"{PATH}/{id_}")).json()["status"] == "LIVE"
    await people(api, "dan")
    await react(pool, courier)
    assert len(courier.mails) == 4


@pytest.mark.row("A107", "A116")
async def test_each_event_publishes_a_code_with_the_channel_automation(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=5)
    id_ = await live(api, **CODES)
    await track(api, "ann")
    await track(api, "ann")
    await track(api, "bob")
    await track(api, "bob", "left")
    await react(pool, courier)
    assert courier.recipients == ["ann@example.com", "ann@example.com", "bob@example.com"]
    found = await listed(api)
    assert [one["channel"] for one in found] == ["Automation"] * 3
    assert found[0]["metadata"]["distribution_id"] == id_
    assert len({one["voucher"]["code"] for one in found}) == 3
    await sound()


async def test_an_event_triggers_once_however_many_workers_read(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=30)
    await live(api, **CODES)
    for n in range(10):
        await track(api, f"p{n}")
    await asyncio.gather(*(react(pool, courier) for _ in range(3)))
    await run_jobs(pool, courier)
    assert len(courier.recipients) == len(set(courier.recipients)) == 10
    assert await states(pool) == {"accepted": 10}
    await sound()


async def test_a_published_code_is_told_and_makes_no_other_one(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=5)
    other = await make_campaign(pool, project, name="other", vouchers_count=5)
    trigger = {"event": "customer.publication.succeeded", "campaign": "c"}
    one = await live(api, trigger=trigger, action={"type": "notify"}, channels=[EMAIL])
    assert (await api.get(f"{PATH}/{one}")).json()["trigger"]["campaign_id"] != other
    await people(api, "ann")
    made = (await api.post("/v1/publications", json={"campaign": "c", "customer": "ann"})).json()
    await api.post("/v1/publications", json={"campaign": "other", "customer": "ann"})
    for _ in range(3):
        await react(pool, courier)
    assert [mail.text for mail in courier.mails] == [f"Your code: {made['voucher']['code']}"]
    assert len(await listed(api)) == 2
    await sound()


async def test_only_the_audience_is_meant(api, pool, courier):
    only_bob = {"filter": {"name": {"conditions": {"$is": ["Bob"]}}}}
    await live(api, audience=only_bob)
    await people(api, "ann", "bob")
    await react(pool, courier)
    assert courier.recipients == ["bob@example.com"]


async def test_a_limit_ends_it(api, pool, courier):
    await live(api, limit=2)
    await people(api, "ann", "bob", "cid")
    await react(pool, courier)
    await people(api, "dan")
    await react(pool, courier)
    assert courier.recipients == ["ann@example.com", "bob@example.com"]


async def test_a_paused_one_misses_what_happens(api, pool, courier):
    id_ = await live(api)
    await api.post(f"{PATH}/{id_}/pause")
    await people(api, "ann")
    await react(pool, courier)
    await api.post(f"{PATH}/{id_}/resume")
    await people(api, "bob")
    await react(pool, courier)
    assert courier.recipients == ["bob@example.com"]


async def test_a_segment_that_is_deleted_ends_it(api, pool, courier):
    segment = (await api.post("/v1/segments", json={"name": "s", "type": "static"})).json()["id"]
    id_ = await live(api, audience={"segment_id": segment})
    await api.delete(f"/v1/segments/{segment}")
    await people(api, "ann")
    await react(pool, courier)
    found = (await api.get(f"{PATH}/{id_}")).json()
    assert (found["status"], courier.mails) in [("FAILED", []), ("LIVE", [])]


@pytest.mark.parametrize(
    "event",
    [
        "customer.order.paid", "customer.redemption.succeeded", "customer.rewarded", "customer.loyalty.tier.joined",
        "customer.voucher.loyalty_card.points_expired",
    ],
)  # fmt: skip
async def test_a_trigger_whose_facts_do_not_exist_is_refused_by_name(api, event):
    refused = await api.post(PATH, json=automatic(trigger={"event": event}))
    assert_refused(refused, 400, "invalid_payload")
    assert event in refused.json()["details"]
