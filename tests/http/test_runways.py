"""How long a campaign's codes will last, and that somebody is told when it isn't long."""

import asyncio
from typing import Any

import httpx
import pytest

from largesse.actions import runways
from largesse.actions.courier import UNREACHED, Delivery
from largesse.domain import runways as domain
from largesse.jobs.worker import TRIES_MAX, Worker
from largesse.store import runways as store
from largesse.store.connection import Pool
from tests.events.log import readable
from tests.factories.courier import FakeCourier, run_jobs
from tests.http.test_publications import assert_refused

PATH = "/v1/campaigns/c/runway"


@pytest.fixture
async def campaign(api: httpx.AsyncClient) -> str:
    """With ten codes."""
    voucher = {"discount": {"type": "PERCENT", "percent_off": 10}}
    made = (await api.post("/v1/campaigns", json={"name": "c", "voucher": voucher})).json()
    for n in range(10):
        await api.post(f"/v1/campaigns/c/vouchers/C{n}", json={})
    return str(made["id"])


async def publish(api: httpx.AsyncClient, *names: str, count: int = 1) -> None:
    for name in names:
        sent = {"campaign": {"name": "c", "count": count}, "customer": {"source_id": name}}
        answer = await api.post("/v1/publications", json=sent)
        assert answer.status_code == 200, answer.text


async def runway(api: httpx.AsyncClient) -> dict[str, Any]:
    answer = await api.get(PATH)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def sweep(pool: Pool, workers: int = 1) -> None:
    """Everybody at once, as if the time had come."""
    await pool.execute("UPDATE pool_alerts SET checked_at = '-infinity'")
    await asyncio.gather(*(Worker(pool, asyncio.Event()).sweep() for _ in range(workers)))


async def alerts(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM events WHERE type = 'campaign.pool.low'"))


async def test_a_pool_that_nobody_takes_from_has_no_end(api: httpx.AsyncClient, campaign: str) -> None:
    assert await runway(api) == {
        "campaign_id": campaign,
        "free": 10,
        "published_per_day": 0.0,
        "days": None,
        "alert_below_days": None,
        "is_low": False,
        "alert_mail": None,
        "object": "campaign_runway",
    }


async def test_it_lasts_as_long_as_the_last_days_say(api: httpx.AsyncClient, campaign: str, pool: Pool) -> None:
    await publish(api, "a", "b")
    await publish(api, "d", count=2)
    found = await runway(api)
    assert (found["free"], found["published_per_day"], found["days"]) == (6, 4.0, 1.5)  # a new one: within a day
    await pool.execute("UPDATE campaigns SET created_at = now() - interval '30 days'")
    found = await runway(api)
    assert (found["published_per_day"], found["days"]) == (0.57, 10.5)
    await pool.execute("UPDATE publications SET created_at = now() - interval '8 days'")
    assert (await runway(api))["days"] is None


async def test_of_more_publications_than_are_counted_the_newest_say_it(
    api: httpx.AsyncClient, campaign: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (domain, store):
        monkeypatch.setattr(module, "COUNTED_MAX", 3)
    await publish(api, *"abde")
    await pool.execute("UPDATE publications SET created_at = now() - interval '12 hours'")
    found = await runway(api)
    assert (found["published_per_day"], found["days"]) == (6.0, 1.0)


async def test_an_empty_one_has_none_left_and_auto_update_has_no_end(api: httpx.AsyncClient, campaign: str) -> None:
    await publish(api, "a", count=10)
    assert (await runway(api))["days"] == 0
    await api.put("/v1/campaigns/c", json={"type": "AUTO_UPDATE"})
    assert (await runway(api))["days"] is None


async def test_it_is_told_once_for_each_time_that_it_becomes_low(
    api: httpx.AsyncClient, campaign: str, pool: Pool
) -> None:
    answer = await api.put(PATH, json={"alert_below_days": 2})
    assert (answer.json()["alert_below_days"], answer.json()["is_low"]) == (2, False)
    await sweep(pool)
    assert await alerts(pool) == 0
    await publish(api, *"abdef")
    assert (await runway(api))["is_low"] is True
    for _ in range(2):
        await sweep(pool, workers=4)
        assert await alerts(pool) == 1
    frozen = await pool.fetchval("SELECT data FROM events WHERE type = 'campaign.pool.low'")
    assert (frozen["campaign"]["id"], frozen["runway"]["free"]) == (campaign, 5)
    await readable(pool)
    [shown] = (await api.get("/v1/events?type=campaign.pool.low")).json()["data"]
    assert shown["data"]["runway"]["days"] == 1.0
    for n in range(10, 20):
        await api.post(f"/v1/campaigns/c/vouchers/C{n}", json={})
    await sweep(pool)
    await publish(api, *"ghijk")
    await sweep(pool)
    assert await alerts(pool) == 2
    await api.put(PATH, json={"alert_below_days": 30})
    await sweep(pool)
    assert await alerts(pool) == 3


async def test_it_is_looked_at_only_when_its_time_has_come(
    api: httpx.AsyncClient, campaign: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.put(PATH, json={"alert_below_days": 2})
    await sweep(pool)
    await publish(api, *"abdef")
    await Worker(pool, asyncio.Event()).sweep()
    assert await alerts(pool) == 0
    monkeypatch.setattr(runways, "CHECK_S", 0.0)
    await Worker(pool, asyncio.Event()).sweep()
    assert await alerts(pool) == 1


async def test_nobody_is_told_who_took_it_back_or_whose_campaign_is_gone(
    api: httpx.AsyncClient, campaign: str, pool: Pool
) -> None:
    await api.put(PATH, json={"alert_below_days": 2})
    await publish(api, *"abdef")
    assert (await api.put(PATH, json={"alert_below_days": None})).json()["alert_below_days"] is None
    await sweep(pool)
    await api.put(PATH, json={"alert_below_days": 2})
    await api.delete("/v1/campaigns/c")
    await sweep(pool)
    assert (await alerts(pool), await pool.fetchval("SELECT count(*) FROM pool_alerts")) == (0, 0)


@pytest.mark.parametrize("body", [{}, {"alert_below_days": 0}, {"alert_below_days": 3651}, {"alert_below_days": "1"}])
async def test_a_wrong_limit_is_refused(api: httpx.AsyncClient, campaign: str, body: dict[str, Any]) -> None:
    assert_refused(await api.put(PATH, json=body), 400, "invalid_payload")


async def test_an_unknown_campaign_is_not_found(api: httpx.AsyncClient) -> None:
    assert_refused(await api.get(PATH), 404, "not_found")
    assert_refused(await api.put(PATH, json={"alert_below_days": 1}), 404, "not_found")


MAIL = {"from": "ops@example.com", "to": ["ann@example.com", "bob@example.com"]}


async def test_it_is_mailed_once_each_time_to_everybody(api: httpx.AsyncClient, campaign: str, pool: Pool) -> None:
    answer = await api.put(PATH, json={"alert_below_days": 2, "alert_mail": MAIL})
    assert answer.json()["alert_mail"] == MAIL == (await runway(api))["alert_mail"]
    courier = FakeCourier({"bob@example.com": Delivery(UNREACHED)})
    await publish(api, *"abdef")
    await sweep(pool, workers=4)
    await run_jobs(pool, courier)
    assert courier.recipients == ["ann@example.com", "bob@example.com"]
    assert (courier.mails[0].sender, courier.mails[0].subject) == ("ops@example.com", "c: codes for 1.0 days")
    assert "has 5 codes left" in (courier.mails[0].text or "")
    courier.answers.clear()
    await pool.execute("UPDATE jobs SET run_at = now()")
    await run_jobs(pool, courier)
    await sweep(pool)
    await run_jobs(pool, courier)
    assert courier.recipients == ["ann@example.com", "bob@example.com", "bob@example.com"]
    assert await pool.fetchval("SELECT count(*) FROM jobs") == 0


async def test_without_a_mail_server_it_is_tried_again_and_then_given_up(
    api: httpx.AsyncClient, campaign: str, pool: Pool
) -> None:
    await api.put(PATH, json={"alert_below_days": 2, "alert_mail": MAIL})
    await publish(api, *"abdef")
    await sweep(pool)
    courier = FakeCourier(unable_to={"email": "No SMTP server is set"})
    for _ in range(TRIES_MAX):
        assert await pool.fetchval("SELECT parked_at FROM jobs") is None
        await pool.execute("UPDATE jobs SET run_at = now()")
        await run_jobs(pool, courier)
    assert "No SMTP server" in await pool.fetchval("SELECT failure FROM jobs WHERE parked_at IS NOT NULL")
    assert await pool.fetchval("SELECT mail_left FROM pool_alerts") == []
    assert (courier.mails, await alerts(pool)) == ([], 1)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"alert_below_days": 1, "alert_mail": {"from": "x", "to": ["a@b.c"]}}, ".alert_mail.from must be an e-mail"),
        ({"alert_below_days": 1, "alert_mail": {"from": "a@b.c", "to": ["a@b.c", "x"]}}, ".alert_mail.to[1] must be"),
        ({"alert_below_days": 1, "alert_mail": {"from": "a@b.c", "to": []}}, ".alert_mail.to"),
        ({"alert_below_days": None, "alert_mail": {"from": "a@b.c", "to": ["a@b.c"]}}, ".alert_mail must be absent"),
    ],
)
async def test_a_wrong_address_is_refused(
    api: httpx.AsyncClient, campaign: str, body: dict[str, Any], fault: str
) -> None:
    refused = await api.put(PATH, json=body)
    assert_refused(refused, 400, "invalid_payload")
    assert fault in refused.json()["details"]
