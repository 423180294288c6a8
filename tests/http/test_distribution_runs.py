"""What a distribution does: who gets a message, which codes go where, and what is left when sending fails."""

import asyncio
from typing import Any

import httpx
import pytest

from largesse.actions import distribution_sending, holds
from largesse.actions.courier import REFUSED, UNKNOWN, UNREACHED, Delivery
from largesse.jobs.worker import Worker
from tests.actions.conftest import assert_counters_are_exact
from tests.factories.campaigns import make_campaign
from tests.factories.counters import all_counters
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import EMAIL, SMS, manual
from tests.factories.vault import VAULT
from tests.http.test_distributions import PATH, made
from tests.http.test_publications import assert_refused
from tests.races.conftest import broken_promises


@pytest.fixture
def courier() -> FakeCourier:
    return FakeCourier()


@pytest.fixture
async def sound(pool, project):
    async def check() -> None:
        await assert_counters_are_exact(pool, project)
        assert await broken_promises(pool, project) == set()

    return check


async def people(api: httpx.AsyncClient, *names: str, **fields: Any) -> list[str]:
    """Customers with these source ids, and an address each."""
    ids = []
    for name in names:
        body = {"source_id": name, "name": name.title(), "email": f"{name}@example.com"} | fields
        ids.append((await api.post("/v1/customers", json=body)).json()["id"])
    return ids


async def sent(api, pool, courier, **fields: Any) -> str:
    """A distribution that has done what it can; its id."""
    one = await made(api, **fields)
    answer = await api.post(f"{PATH}/{one['id']}/send", json={"now": True})
    assert answer.status_code == 200, answer.text
    await run_jobs(pool, courier)
    assert not await pool.fetch("SELECT failure FROM jobs WHERE failure IS NOT NULL")
    id_: str = one["id"]
    return id_


async def status_of(api, id_: str) -> str:
    out: str = (await api.get(f"{PATH}/{id_}")).json()["status"]
    return out


async def states(pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT state, count(*) AS n FROM distribution_messages GROUP BY state")
    return {row["state"]: row["n"] for row in rows}


async def listed(api) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = (await api.get("/v1/publications?limit=100")).json()["publications"]
    return out


class TestPublishing:
    @pytest.mark.row("A106", "A112", "A115", "A116", "A183")
    async def test_each_recipient_gets_a_code_of_his_own_and_it_is_published(self, api, pool, project, courier, sound):
        await make_campaign(pool, project, name="c", vouchers_count=5)
        await people(api, "ann", "bob", "cid")
        id_ = await sent(api, pool, courier)
        assert await status_of(api, id_) == "DONE"
        assert courier.recipients == ["ann@example.com", "bob@example.com", "cid@example.com"]
        found = await listed(api)
        assert len(found) == 3
        codes = {one["customer"]["source_id"]: one["voucher"]["code"] for one in found}
        assert len(set(codes.values())) == 3
        for mail in courier.mails:
            assert mail.text == f"Your code: {codes[mail.recipient.partition('@')[0]]}"
            assert mail.subject == f"Hi {mail.recipient.partition('@')[0].title()}"
        for one in found:
            assert (one["result"], one["channel"], one["source_id"]) == ("SUCCESS", "Dashboard", None)
            assert one["metadata"] == {"distribution_id": id_, "source_type": "distribution", "source_id": id_}
            voucher = (await api.get(f"/v1/vouchers/{one['voucher']['code']}")).json()
            assert (voucher["publish"]["count"], voucher["holder_id"]) == (1, one["customer_id"])
        assert (await api.get("/v1/publications?filters[channel][conditions][$is]=Dashboard")).json()["total"] == 3
        await sound()

    async def test_each_leaves_the_event_that_a_publication_by_hand_leaves(self, api, pool, project, courier):
        await make_campaign(pool, project, name="c", vouchers_count=2)
        await people(api, "ann")
        await sent(api, pool, courier)
        await api.post("/v1/publications", json={"campaign": "c", "customer": "zoe"})
        ours, theirs = await pool.fetch("SELECT * FROM events WHERE type = 'publication.succeeded' ORDER BY seq")
        assert ours["id"] == "ev_" + ours["entity_id"][4:]
        for part in ("publication", "customer", "campaign"):
            assert ours["data"][part].keys() == theirs["data"][part].keys()
        assert ours["data"]["vouchers"][0].keys() == theirs["data"]["vouchers"][0].keys()
        assert ours["data"]["publication"]["result"] == "SUCCESS"
        assert ours["data"]["vouchers"][0]["state"] == 3

    async def test_several_codes_each(self, api, pool, project, courier, sound):
        await make_campaign(pool, project, name="c", vouchers_count=4)
        await people(api, "ann", "bob")
        channel = EMAIL | {"text": "{% for one in vouchers %}{{ one.code }} {% endfor %}"}
        await sent(api, pool, courier, action={"type": "publish", "campaign": "c", "count": 2}, channels=[channel])
        assert all(len(set(mail.text.split())) == 2 for mail in courier.mails)
        assert [len(one["vouchers_id"]) for one in await listed(api)] == [2, 2]
        await sound()

    async def test_a_large_audience_goes_in_chunks(self, api, pool, project, courier, sound, monkeypatch):
        monkeypatch.setattr("largesse.actions.distribution_runs.CHUNK", 3)
        monkeypatch.setattr(holds, "CHUNK", 2)
        await make_campaign(pool, project, name="c", vouchers_count=10)
        await people(api, *(f"p{n}" for n in range(8)))
        await sent(api, pool, courier)
        assert len(courier.recipients) == len(set(courier.recipients)) == 8
        await sound()

    async def test_the_audience_can_be_one_customer_or_a_segment_and_is_filtered(self, api, pool, project, courier):
        await make_campaign(pool, project, name="c", vouchers_count=10)
        ids = await people(api, "ann", "bob", "cid")
        segment = (await api.post("/v1/segments", json={"name": "s", "customers": ids[:2]})).json()["id"]
        only_bob = {"name": {"conditions": {"$is": ["Bob"]}}}
        passive = {"name": "p", "filter": {"name": {"conditions": {"$is_not": ["Bob"]}}}}
        filtered = (await api.post("/v1/segments", json=passive)).json()["id"]
        for name, audience, wanted in [
            ("a", {"customer": "cid"}, ["cid"]),
            ("b", {"segment_id": segment}, ["ann", "bob"]),
            ("c", {"segment_id": segment, "filter": only_bob}, ["bob"]),
            ("d", {"segment_id": filtered}, ["ann", "cid"]),
        ]:
            courier.mails.clear()
            await sent(api, pool, courier, name=name, audience=audience)
            assert courier.recipients == [f"{one}@example.com" for one in wanted]

    async def test_a_limit_takes_the_first_of_the_audience(self, api, pool, project, courier, monkeypatch):
        monkeypatch.setattr("largesse.actions.distribution_runs.CHUNK", 2)
        await make_campaign(pool, project, name="c", vouchers_count=9)
        await people(api, *"abcdefg")
        await sent(api, pool, courier, limit=3)
        assert courier.recipients == ["a@example.com", "b@example.com", "c@example.com"]

    @pytest.mark.row("A117")
    async def test_who_has_a_code_of_a_join_once_campaign_is_skipped(self, api, pool, project, courier, sound):
        await make_campaign(pool, project, name="c", vouchers_count=9, join_once=True)
        await people(api, "ann", "bob")
        await api.post("/v1/publications", json={"campaign": "c", "customer": "ann"})
        id_ = await sent(api, pool, courier)
        assert courier.recipients == ["bob@example.com"]
        skipped = (await api.get(f"{PATH}/{id_}/messages?state=skipped")).json()["data"]
        assert [one["reason"] for one in skipped] == ["already_joined"]
        await sent(api, pool, courier, name="again")
        assert courier.recipients == ["bob@example.com"]
        await sound()

    async def test_an_auto_update_campaign_makes_what_it_lacks(self, api, pool, project, courier, sound):
        await make_campaign(pool, project, name="c", vouchers_count=1, type="AUTO_UPDATE")
        await people(api, "ann", "bob", "cid")
        await sent(api, pool, courier)
        assert len({mail.text for mail in courier.mails}) == 3
        assert [k["vouchers"] for k in (await all_counters(pool, project.id)).values()] == [3]
        await sound()


class TestEmptyPool:
    @pytest.fixture(autouse=True)
    async def _three_want_one(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=1)
        await people(api, "ann", "bob", "cid")

    async def test_those_without_fail_and_the_rest_goes_on(self, api, pool, courier, sound):
        id_ = await sent(api, pool, courier)
        assert len(courier.mails) == 1
        assert await states(pool) == {"accepted": 1, "failed": 2}
        failed = [one for one in await listed(api) if one["result"] == "FAILURE"]
        assert len(failed) == 2
        assert failed[0]["failure_code"] == "no_voucher_suitable_for_publication"
        assert await status_of(api, id_) == "DONE"
        await sound()

    async def test_it_pauses_and_goes_on_when_there_are_codes(self, api, pool, project, courier, sound):
        id_ = await sent(api, pool, courier, when_exhausted="pause")
        found = (await api.get(f"{PATH}/{id_}")).json()
        assert (found["status"], found["reason"]) == ("PAUSED", "no_codes_left")
        await api.post("/v1/campaigns/c/vouchers?vouchers_count=5", json={})
        await api.post(f"{PATH}/{id_}/resume")
        await run_jobs(pool, courier)
        await api.post(f"{PATH}/{id_}/resume")
        await run_jobs(pool, courier)
        assert await status_of(api, id_) == "DONE"
        assert courier.recipients == ["ann@example.com", "bob@example.com", "cid@example.com"]
        await sound()

    async def test_they_get_another_text(self, api, pool, courier, sound):
        channel = EMAIL | {"fallback_text": "Sorry, {{ customer.name }}"}
        await sent(api, pool, courier, when_exhausted="fallback", channels=[channel])
        assert sorted(mail.text for mail in courier.mails)[:2] == ["Sorry, Bob", "Sorry, Cid"]
        assert len(await listed(api)) == 1
        await sound()


class TestFailure:
    @pytest.fixture(autouse=True)
    async def _a_campaign(self, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=5)

    @pytest.mark.row("A036")
    async def test_who_has_no_phone_is_reported_and_the_others_get_theirs(self, api, pool, courier, sound):
        await people(api, "ann", phone="+111")
        await people(api, "bob")
        id_ = await sent(api, pool, courier, channels=[SMS])
        [post] = courier.posts
        assert (b'"to": "+111"' in post.body, VAULT.open(post.headers["Authorization"])) == (True, "Bearer secret")
        [failed] = (await api.get(f"{PATH}/{id_}/messages?state=failed")).json()["data"]
        assert failed["reason"] == "no_phone"
        assert len(await listed(api)) == 1
        await sound()

    async def test_a_refused_message_gives_the_code_back(self, api, pool, courier, sound):
        await people(api, "ann", "bob")
        courier.answers["ann@example.com"] = Delivery(REFUSED, "550 no such user")
        id_ = await sent(api, pool, courier)
        [failed] = (await api.get(f"{PATH}/{id_}/messages?state=failed")).json()["data"]
        assert (failed["reason"], failed["receipt"]) == ("refused", "550 no such user")
        [failure] = [one for one in await listed(api) if one["result"] == "FAILURE"]
        assert failure["failure_code"] == "delivery_failed"
        assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE state = 0") == 4
        assert await pool.fetchval("SELECT count(*) FROM publication_vouchers") == 1
        await sound()

    async def test_what_may_pass_is_tried_again_later_and_not_for_ever(self, api, pool, courier, sound):
        await people(api, "ann")
        courier.answers["ann@example.com"] = Delivery(REFUSED, "450 later", again=True)
        id_ = await sent(api, pool, courier)
        assert await states(pool) == {"held": 1}
        assert await status_of(api, id_) == "IN_PROGRESS"
        for _ in range(distribution_sending.TRIES_MAX):
            await pool.execute("UPDATE distribution_messages SET due_at = now()")
            await Worker(pool, asyncio.Event(), courier=courier).sweep()
            await run_jobs(pool, courier)
        assert len(courier.mails) == distribution_sending.TRIES_MAX
        assert await states(pool) == {"failed": 1}
        assert await status_of(api, id_) == "DONE"
        await sound()

    async def test_what_may_pass_passes(self, api, pool, courier, sound):
        await people(api, "ann")
        courier.answers["ann@example.com"] = Delivery(UNREACHED)
        id_ = await sent(api, pool, courier)
        courier.answers.clear()
        await pool.execute("UPDATE distribution_messages SET due_at = now()")
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
        await run_jobs(pool, courier)
        assert len(courier.mails) == 2
        assert courier.mails[0].text == courier.mails[1].text
        assert await status_of(api, id_) == "DONE"
        await sound()

    async def test_a_code_that_may_have_arrived_is_kept_until_somebody_decides(
        self, api, pool, project, courier, sound
    ):
        await people(api, "ann", "bob")
        courier.answers = dict.fromkeys(["ann@example.com", "bob@example.com"], Delivery(UNKNOWN, "gone"))
        id_ = await sent(api, pool, courier)
        assert await status_of(api, id_) == "DONE"
        unknown = (await api.get(f"{PATH}/{id_}/messages?state=unknown&order=created_at")).json()["data"]
        assert len(unknown) == 2
        assert await listed(api) == []
        assert (await api.get("/v1/customers/ann/redeemables")).status_code == 200
        assert [k["held"] for k in (await all_counters(pool, project.id)).values()] == [2]
        await sound()
        first, second = unknown
        refused = await api.post(f"{PATH}/{id_}/messages/{first['id']}/nothing")
        assert_refused(refused, 404, "not_found")
        confirmed = await api.post(f"{PATH}/{id_}/messages/{first['id']}/confirm")
        assert confirmed.json()["state"] == "accepted"
        released = await api.post(f"{PATH}/{id_}/messages/{second['id']}/release")
        assert released.json()["state"] == "failed"
        assert [one["result"] for one in await listed(api)].count("SUCCESS") == 1
        again = await api.post(f"{PATH}/{id_}/messages/{first['id']}/release")
        assert_refused(again, 400, "invalid_distribution")
        assert len(courier.mails) == 2
        await sound()

    async def test_failed_ones_are_retried_by_hand_with_a_code_again(self, api, pool, courier, sound):
        await people(api, "ann")
        courier.answers["ann@example.com"] = Delivery(REFUSED, "550")
        id_ = await sent(api, pool, courier)
        courier.answers.clear()
        assert (await api.post(f"{PATH}/{id_}/messages/retry", json={})).json()["retried"] == 1
        await run_jobs(pool, courier)
        assert await states(pool) == {"accepted": 1}
        assert [one["result"] for one in await listed(api)].count("SUCCESS") == 1
        assert await status_of(api, id_) == "DONE"
        await sound()

    async def test_one_channel_is_enough_for_the_code(self, api, pool, courier, sound):
        await people(api, "ann", phone="+1")
        courier.answers["+1"] = Delivery(REFUSED, "500")
        id_ = await sent(api, pool, courier, channels=[SMS, EMAIL])
        assert await states(pool) == {"accepted": 1, "failed": 1}
        [one] = await listed(api)
        assert one["result"] == "SUCCESS"
        courier.answers.clear()
        await api.post(f"{PATH}/{id_}/messages/retry", json={})
        await run_jobs(pool, courier)
        assert await states(pool) == {"accepted": 2}
        assert one["voucher"]["code"].encode() in courier.posts[-1].body
        assert len(await listed(api)) == 1
        await sound()

    async def test_a_campaign_that_is_deleted_ends_it(self, api, pool, courier, sound):
        await people(api, "ann", "bob")
        one = await made(api)
        await api.delete("/v1/campaigns/c")
        await run_jobs(pool, courier)
        await api.post(f"{PATH}/{one['id']}/send", json={"now": True})
        await run_jobs(pool, courier)
        found = (await api.get(f"{PATH}/{one['id']}")).json()
        assert (found["status"], courier.mails) == ("FAILED", [])
        assert "Cannot find campaign" in found["reason"]


class TestHolds:
    @pytest.fixture
    async def holding(self, api, pool, project, courier) -> str:
        """A distribution that holds a code for ann and doesn't know whether she has it."""
        await make_campaign(pool, project, name="c", vouchers_count=3)
        await people(api, "ann")
        courier.answers["ann@example.com"] = Delivery(UNKNOWN)
        return await sent(api, pool, courier)

    async def test_a_held_code_is_nobody_elses(self, api, pool, holding, sound):
        code = await pool.fetchval("SELECT code FROM vouchers WHERE state = 1")
        refused = await api.post("/v1/publications", json={"voucher": code, "customer": "zoe"})
        assert_refused(refused, 400, "voucher_cannot_be_published")
        for name in "xy":
            answer = await api.post("/v1/publications", json={"campaign": "c", "customer": name})
            assert answer.json()["voucher"]["code"] != code
        refused = await api.post("/v1/publications", json={"campaign": "c", "customer": "z"})
        assert_refused(refused, 400, "no_voucher_suitable_for_publication")
        await sound()

    async def test_a_hold_is_invisible(self, api, pool, holding):
        code = await pool.fetchval("SELECT code FROM vouchers WHERE state = 1")
        assert (await api.get("/v1/publications")).json()["total"] == 0
        voucher = (await api.get(f"/v1/vouchers/{code}")).json()
        assert (voucher["publish"]["entries"], voucher["holder_id"]) == ([], None)
        assert (await api.get("/v1/customers/ann/redeemables")).json()["total"] == 0
        row = await pool.fetchrow("SELECT customer_id, voucher_id FROM publication_vouchers")
        for path, field, value in [
            ("vouchers", "published_for_customer_id", row["customer_id"]),
            ("customers", "publications.related_object_id", row["voucher_id"]),
        ]:
            for operator, expected in (("$is", 0), ("$starts_with", 0)):
                found = await api.get(f"/v1/{path}?filters[{field}][conditions][{operator}]={value}")
                assert found.json()["total"] == expected, path

    async def test_join_once_is_told_that_a_code_is_on_its_way(self, api, holding):
        body = {"campaign": "c", "customer": "ann"}
        refused = await api.post("/v1/publications?join_once=true", json=body)
        assert_refused(refused, 400, "voucher_cannot_be_published")

    async def test_the_first_publication_is_handed_on_when_a_hold_ends(self, api, pool, holding, sound):
        made = await api.post("/v1/publications", json={"campaign": "c", "customer": "ann"})
        assert made.status_code == 200
        [message] = (await api.get(f"{PATH}/{holding}/messages")).json()["data"]
        await api.post(f"{PATH}/{holding}/messages/{message['id']}/release")
        await sound()
        again = await api.post("/v1/publications?join_once=true", json={"campaign": "c", "customer": "ann"})
        assert again.json()["id"] == made.json()["id"]

    async def test_a_deleted_distribution_gives_back_what_it_has_not_sent(self, api, pool, project, courier, sound):
        await make_campaign(pool, project, name="c", vouchers_count=3)
        await people(api, "ann", "bob")
        courier.answers = {"ann@example.com": Delivery(UNREACHED), "bob@example.com": Delivery(UNKNOWN)}
        id_ = await sent(api, pool, courier)
        await api.post(f"{PATH}/{id_}/pause")
        assert (await api.delete(f"{PATH}/{id_}")).status_code == 204
        await run_jobs(pool, courier)
        assert await states(pool) == {"skipped": 1, "unknown": 1}
        assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE state = 0") == 2
        await sound()

    async def test_a_voucher_that_is_deleted_while_held(self, api, pool, holding, sound):
        code = await pool.fetchval("SELECT code FROM vouchers WHERE state = 1")
        assert (await api.delete(f"/v1/vouchers/{code}")).status_code == 204
        [message] = (await api.get(f"{PATH}/{holding}/messages")).json()["data"]
        answer = await api.post(f"{PATH}/{holding}/messages/{message['id']}/confirm")
        assert answer.status_code == 200
        assert (await listed(api))[0]["voucher"]["code"] == code
        await sound()


class TestOrder:
    async def test_nobody_gets_it_twice_whoever_runs_it(self, api, pool, project, courier, sound, monkeypatch):
        monkeypatch.setattr(holds, "CHUNK", 5)
        await make_campaign(pool, project, name="c", vouchers_count=40)
        await people(api, *(f"p{n}" for n in range(20)))
        one = await made(api)
        await api.post(f"{PATH}/{one['id']}/send", json={"now": True})
        await pool.execute(
            "INSERT INTO jobs (project_id, kind, action_id, subject) SELECT project_id, kind, action_id,"
            " subject FROM jobs"
        )  # two workers believe that they have it
        await asyncio.gather(*(run_jobs(pool, courier) for _ in range(2)))
        assert len(courier.recipients) == len(set(courier.recipients))
        accepted = (await api.get(f"{PATH}/{one['id']}/messages?state=accepted")).json()["total"]
        assert accepted == len(courier.mails)
        await sound()

    async def test_a_paused_one_sends_no_more_until_it_goes_on(self, api, pool, project, courier):
        await make_campaign(pool, project, name="c", vouchers_count=9)
        await people(api, "ann")
        one = await made(api)
        await api.post(f"{PATH}/{one['id']}/send", json={"now": True})
        await api.post(f"{PATH}/{one['id']}/pause")
        await run_jobs(pool, courier)
        assert courier.mails == []
        await api.post(f"{PATH}/{one['id']}/resume")
        await api.post(f"{PATH}/{one['id']}/send", json={"now": True})
        await run_jobs(pool, courier)
        assert len(courier.mails) == 1

    async def test_a_rate_is_kept(self, api, pool, project, courier):
        await people(api, *(f"p{n}" for n in range(4)))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        body = manual(action={"type": "message"}, channels=[EMAIL | {"rate": 2}])
        one = (await api.post(PATH, json=body)).json()
        await api.post(f"{PATH}/{one['id']}/send", json={"now": True})
        await run_jobs(pool, courier)
        assert len(courier.mails) == 4
        assert loop.time() - begun > 1.4  # the first one goes at once

    async def test_statistics_count_everybody(self, api, pool, project, courier):
        await make_campaign(pool, project, name="c", vouchers_count=9)
        await people(api, "ann", "bob")
        courier.answers["ann@example.com"] = Delivery(REFUSED, "550")
        id_ = await sent(api, pool, courier)
        found = (await api.get(f"{PATH}/{id_}/statistics")).json()
        assert (found["recipients"], found["reached"]) == (2, 1)
        assert found["channels"]["email"]["states"] == {"accepted": 1, "failed": 1}
        assert found["channels"]["email"]["reasons"] == {"refused": 1}


async def test_what_has_begun_keeps_its_meaning(api, pool, project, courier):
    await make_campaign(pool, project, name="c", vouchers_count=1)
    await people(api, "ann", "bob")
    id_ = await sent(api, pool, courier, when_exhausted="pause")
    for fields in ({"channels": [SMS]}, {"audience": {"customer": "ann"}}, {"action": {"type": "message"}}):
        body = manual(when_exhausted="pause") | fields
        if fields.get("action"):
            del body["when_exhausted"]
        assert_refused(await api.put(f"{PATH}/{id_}", json=body), 400, "invalid_distribution")
    changed = manual(when_exhausted="pause", channels=[EMAIL | {"text": "New: {{ voucher.code }}"}])
    assert (await api.put(f"{PATH}/{id_}", json=changed)).status_code == 200


async def test_an_expired_campaign_makes_no_codes_for_nobody(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=0, type="AUTO_UPDATE")
    await pool.execute("UPDATE campaigns SET expiration_date = now()")
    await people(api, "ann")
    await sent(api, pool, courier)
    assert await states(pool) == {"failed": 1}
    assert await pool.fetchval("SELECT count(*) FROM vouchers") == 0
    await sound()


async def test_an_erased_customers_address_is_not_in_what_a_server_said(api, pool, project, courier):
    await make_campaign(pool, project, name="c", vouchers_count=1)
    await people(api, "ann")
    courier.answers["ann@example.com"] = Delivery(REFUSED, "550 ann@example.com unknown")
    await sent(api, pool, courier)
    await api.post("/v1/customers/ann/permanent-deletion")
    assert await pool.fetchval("SELECT receipt FROM distribution_messages") is None


async def test_a_courier_that_breaks_leaves_its_message_unknown_and_the_others_go(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=5)
    await people(api, "ann", "bob", "cid")
    mail = courier.mail

    async def broken(one):
        if one.recipient.startswith("bob"):
            raise ZeroDivisionError
        return await mail(one)

    courier.mail = broken
    id_ = await sent(api, pool, courier)
    assert await states(pool) == {"accepted": 2, "unknown": 1}
    assert await status_of(api, id_) == "DONE"
    await sound()
