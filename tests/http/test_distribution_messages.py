"""What a message says when it goes: judged and written at that moment."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from largesse.actions import distribution_sending, rendering
from largesse.actions.courier import REFUSED, UNREACHED, Delivery
from largesse.jobs.worker import Worker
from largesse.store import distribution_messages as stored
from tests.factories.campaigns import make_campaign
from tests.factories.counters import held
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import EMAIL, SMS
from tests.http.test_distribution_runs import listed, people, sent, sound, states
from tests.http.test_distributions import PATH

__all__ = ["sound"]

WEBHOOK = {"type": "webhook", "url": "https://hooks.example/x"}


@pytest.fixture
def courier() -> FakeCourier:
    return FakeCourier()


class TestHeldCodes:
    """A code can be deleted, switched off or expire between its hold and its message."""

    @pytest.fixture
    async def waiting(self, api, pool, project, courier) -> str:
        await make_campaign(pool, project, name="c", vouchers_count=3)
        await people(api, "ann")
        courier.answers["ann@example.com"] = Delivery(UNREACHED)
        id_ = await sent(api, pool, courier)
        courier.answers.clear()
        courier.mails.clear()
        return id_

    async def _again(self, pool, courier) -> None:
        await pool.execute("UPDATE distribution_messages SET due_at = now()")
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
        await run_jobs(pool, courier)

    @pytest.mark.parametrize("what", ["code_deleted", "code_disabled", "code_expired"])
    async def test_it_is_not_sent_and_the_hold_ends(self, api, pool, courier, waiting, sound, what):
        code = await pool.fetchval("SELECT code FROM vouchers WHERE state = 1")
        if what == "code_deleted":
            assert (await api.delete(f"/v1/vouchers/{code}?force=true")).status_code == 204
        elif what == "code_disabled":
            assert (await api.post(f"/v1/vouchers/{code}/disable")).status_code == 200
        else:
            await pool.execute("UPDATE vouchers SET expiration_date = now() WHERE state = 1")
        await self._again(pool, courier)
        assert courier.mails == []
        [message] = (await api.get(f"{PATH}/{waiting}/messages")).json()["data"]
        assert (message["state"], message["reason"]) == ("failed", what)
        assert await held(pool) == 0
        assert [one["result"] for one in await listed(api)] == ["FAILURE"]
        await sound()
        assert (await api.post(f"{PATH}/{waiting}/messages/retry", json={})).json()["retried"] == 1
        await run_jobs(pool, courier)
        assert [mail.text == f"Your code: {code}" for mail in courier.mails] == [False]
        await sound()

    async def test_a_binned_one_is_not_sent(self, api, pool, courier, waiting, sound):
        code = await pool.fetchval("SELECT code FROM vouchers WHERE state = 1")
        assert (await api.delete(f"/v1/vouchers/{code}")).status_code == 204
        await self._again(pool, courier)
        assert courier.mails == []
        await sound()


class TestWriting:
    async def test_a_template_that_takes_its_time_stops_nobody_else(self, api, pool, project, courier, monkeypatch):
        """It would never end if it were written in the event loop, which lets it end."""
        await make_campaign(pool, project, name="c", vouchers_count=1)
        await people(api, "ann")
        loop, may_end = asyncio.get_running_loop(), threading.Event()
        ask = rendering._ask_child

        def slow(batch: Any) -> Any:
            loop.call_soon_threadsafe(may_end.set)
            assert may_end.wait(10)
            return ask(batch)

        monkeypatch.setattr(rendering, "_ask_child", slow)
        await sent(api, pool, courier)
        assert await states(pool) == {"accepted": 1}

    async def test_what_is_not_written_in_time_comes_next(self, api, pool, project, courier, sound, monkeypatch):
        monkeypatch.setattr(distribution_sending, "WRITE_WITHIN_S", 0.0)
        await make_campaign(pool, project, name="c", vouchers_count=9)
        await people(api, "ann", "bob", "cid")
        await sent(api, pool, courier)
        assert courier.recipients == ["ann@example.com", "bob@example.com", "cid@example.com"]
        await sound()


async def test_a_claim_that_has_become_old_is_not_sent_but_made_again(api, pool, project, courier, sound, monkeypatch):
    """A process that slept after its claim may have been taken for dead, and another one have claimed its messages."""
    claim, loop = stored.claim_messages, asyncio.get_running_loop()
    slept_s = 0.0
    claims: list[dict[str, Any]] = []

    async def claimed(*given: Any) -> None:
        await claim(*given)
        claims.append(given[-1])

    def sleep() -> None:
        nonlocal slept_s
        slept_s = distribution_sending.SEND_WITHIN_S + 1

    def monotonic() -> float:
        if claims and not slept_s:
            loop.call_soon(sleep)  # after the claim was committed, before its messages are sent
        return time.monotonic() + slept_s

    monkeypatch.setattr(stored, "claim_messages", claimed)
    monkeypatch.setattr(distribution_sending, "time", SimpleNamespace(monotonic=monotonic))
    await make_campaign(pool, project, name="c", vouchers_count=2)
    await people(api, "ann", "bob")
    await sent(api, pool, courier)
    assert [len(one) for one in claims] == [2, 2]
    assert courier.recipients == ["ann@example.com", "bob@example.com"]
    assert await states(pool) == {"accepted": 2}
    await sound()


async def test_what_was_delivered_is_in_the_customers_activity(api, pool, project, courier):
    await make_campaign(pool, project, name="c", vouchers_count=9)
    await people(api, "ann", phone="+1")
    courier.answers["ann@example.com"] = Delivery(REFUSED, "550")
    id_ = await sent(api, pool, courier, channels=[EMAIL, SMS, WEBHOOK])
    messages = ["customer.sms.sent", "customer.email.failed"]
    found = (await api.get("/v1/customers/ann/activity?limit=100")).json()["data"]
    told = [one for one in found if one["type"].split(".")[1] in ("email", "sms", "webhook")]
    assert sorted(one["type"] for one in told) == sorted(messages)
    [failed] = [one for one in told if one["type"] == "customer.email.failed"]
    assert (failed["category"], failed["campaign"]["name"]) == ("EFFECT", "c")
    assert failed["data"]["data"]["distribution"] == {"id": id_, "name": "Spring"}
    assert failed["data"]["data"]["message"]["reason"] == "refused"
    courier.answers.clear()
    await api.post(f"{PATH}/{id_}/messages/retry", json={})
    await run_jobs(pool, courier)
    ids: list[str] = []
    seen: list[str] = []
    while True:  # page by page
        query = f"limit=1&starting_after_id={ids[-1]}" if ids else "limit=1"
        page = (await api.get(f"/v1/customers/ann/activity?{query}")).json()
        ids += [one["id"] for one in page["data"]]
        seen += [one["type"] for one in page["data"]]
        if not page["has_more"]:
            break
    assert len(ids) == len(set(ids)) == len(found) + 1
    assert seen[0] == "customer.email.recovered"
    assert {"customer.sms.sent", "customer.email.failed", "customer.created"} < set(seen)
    only = (await api.get("/v1/customers/ann/activity?type=customer.email.failed")).json()["data"]
    assert [one["id"] for one in only] == [failed["id"]]


async def test_who_has_no_address_has_it_in_his_activity(api, pool, project, courier):
    await make_campaign(pool, project, name="c", vouchers_count=9)
    await people(api, "ann")
    await sent(api, pool, courier, channels=[SMS])
    [failed] = (await api.get("/v1/customers/ann/activity?type=customer.sms.failed")).json()["data"]
    assert failed["data"]["data"]["message"]["reason"] == "no_phone"
