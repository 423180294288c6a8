"""What distributions do at the edges: the last codes, people who leave meanwhile, workers that die, headers that lie."""

import asyncio

import pytest

from largesse.actions.courier import UNREACHED, Delivery
from largesse.jobs.worker import Worker
from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import SMS, automatic, manual
from tests.http.test_automatic_distributions import live, react
from tests.http.test_distribution_runs import people, sent, sound, states, status_of
from tests.http.test_distributions import PATH
from tests.http.test_publications import assert_refused

__all__ = ["sound"]


@pytest.fixture
def courier() -> FakeCourier:
    return FakeCourier()


async def later(pool, courier) -> None:
    """What is done when the time of retries has come."""
    await pool.execute("UPDATE distribution_messages SET due_at = now()")
    await Worker(pool, asyncio.Event(), courier=courier).sweep()
    await run_jobs(pool, courier)


async def test_a_rest_that_is_too_small_for_one_recipient_ends_it(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=3)
    await people(api, "ann", "bob")
    action = {"type": "publish", "campaign": "c", "count": 2}
    id_ = await asyncio.wait_for(sent(api, pool, courier, action=action), 30)
    assert await status_of(api, id_) == "DONE"
    assert await states(pool) == {"accepted": 1, "failed": 1}
    assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE state = 0") == 1
    await sound()


async def test_who_unsubscribes_after_being_chosen_gets_nothing(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=2)
    await people(api, "ann", "bob")
    courier.answers = {"ann@example.com": Delivery(UNREACHED)}
    id_ = await sent(api, pool, courier)
    await api.post("/v1/suppressions", json={"channel": "email", "target": "ann@example.com"})
    mails = len(courier.mails)
    await later(pool, courier)
    assert len(courier.mails) == mails
    assert await states(pool) == {"accepted": 1, "skipped": 1}
    assert await status_of(api, id_) == "DONE"
    assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE state = 0") == 1
    await sound()


async def test_what_a_deleted_one_left_open_can_be_decided(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=2)
    await people(api, "ann")
    courier.answers = {"ann@example.com": Delivery(UNREACHED)}
    id_ = await sent(api, pool, courier)
    await api.post(f"{PATH}/{id_}/pause")
    await pool.execute("UPDATE distribution_messages SET state = 'sending'")  # as a worker that was killed leaves it
    assert (await api.delete(f"{PATH}/{id_}")).status_code == 204
    await run_jobs(pool, courier)
    [message] = (await api.get(f"{PATH}/{id_}/messages?state=unknown")).json()["data"]
    answer = await api.post(f"{PATH}/{id_}/messages/{message['id']}/release")
    assert answer.status_code == 200, answer.text
    assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE state = 0") == 2
    await sound()


async def test_a_line_of_the_file_that_a_killed_worker_left_is_written(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=2)
    await people(api, "ann")
    id_ = (await api.post(PATH, json=manual(channels=[{"type": "csv"}]))).json()["id"]
    await api.post(f"{PATH}/{id_}/send", json={"now": True})
    worker = Worker(pool, asyncio.Event(), slice_s=0, courier=courier)
    while not await pool.fetchval("SELECT count(*) FROM distribution_messages WHERE state IN ('held', 'accepted')"):
        await worker.step()
    await pool.execute("UPDATE distribution_messages SET state = 'sending' WHERE state = 'held'")
    await run_jobs(pool, courier)
    assert await states(pool) == {"accepted": 1}
    await sound()


async def test_a_limit_counts_those_whom_it_is_for(api, pool, courier):
    only_bob = {"filter": {"name": {"conditions": {"$is": ["Bob"]}}}}
    await live(api, limit=1, audience=only_bob)
    await people(api, "ann", "cid", "bob")
    await react(pool, courier)
    assert courier.recipients == ["bob@example.com"]


@pytest.mark.parametrize("name", ["Transfer-Encoding", "host", "Content-Length", "Connection", "Webhook-Id"])
async def test_headers_that_frame_a_request_are_ours(api, name):
    channel = SMS | {"headers": {name: "x"}}
    answer = await api.post(PATH, json=automatic(channels=[channel]))
    assert_refused(answer, 400, "invalid_payload")
    assert name in answer.json()["details"]


async def test_the_content_type_may_be_said(api):
    channel = SMS | {"headers": {"Content-Type": "text/plain"}}
    assert (await api.post(PATH, json=automatic(channels=[channel]))).status_code == 200


async def test_a_secret_header_does_not_follow_to_another_address(api, pool):
    one = (await api.post(PATH, json=manual(action={"type": "message"}, channels=[SMS]))).json()
    elsewhere = SMS | {"url": "https://elsewhere.example/"}
    kept = elsewhere | {"headers": {"Authorization": None}}
    refused = await api.put(f"{PATH}/{one['id']}", json=manual(action={"type": "message"}, channels=[kept]))
    assert_refused(refused, 400, "invalid_payload")
    assert ".channels[0].headers.Authorization must be sent again" in refused.json()["details"]
    for headers in ({"Authorization": "another"}, None):
        body = manual(action={"type": "message"}, channels=[elsewhere | {"headers": headers}])
        assert (await api.put(f"{PATH}/{one['id']}", json=body)).status_code == 200
    [stored] = await pool.fetchval("SELECT channels FROM distributions")
    assert "headers" not in stored or not stored["headers"]
