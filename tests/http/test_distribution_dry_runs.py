"""Dry runs: they say what would happen, exactly, and nothing happens."""

import pytest

from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier
from tests.factories.distributions import EMAIL, SMS, manual
from tests.http.test_distribution_runs import people, sent, states
from tests.http.test_distributions import PATH, made
from tests.http.test_isolation import kept
from tests.http.test_publications import assert_refused


@pytest.fixture
async def world(api, pool, project) -> None:
    """Two codes; ann has one already, bob wants no mail, cid has no phone, dan has both, eve has neither."""
    await make_campaign(pool, project, name="c", vouchers_count=3, join_once=True)
    await people(api, "ann", "bob", "dan", phone="+1")
    await people(api, "cid")
    await people(api, "eve", email="")
    await pool.execute("UPDATE customers SET email = NULL WHERE source_id = 'eve'")
    await api.post("/v1/publications", json={"campaign": "c", "customer": "ann"})
    await api.post("/v1/suppressions", json={"channel": "email", "target": "bob@example.com"})


async def tried(api, body, query="?limit=100"):
    answer = await api.post(f"{PATH}/dry-run{query}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_it_says_who_gets_what_and_who_does_not(api, world):
    found = await tried(api, manual(channels=[EMAIL, SMS]))
    assert (found["total"], found["to_send"]) == (5, 3)
    assert found["channels"] == {
        "email": {"to_send": 2, "left_out": {"already_joined": 1, "suppressed": 1, "no_email": 1}},
        "sms": {"to_send": 2, "left_out": {"already_joined": 1, "no_phone": 2}},
    }
    assert found["codes"] == {
        "campaign_id": found["codes"]["campaign_id"],
        "needed": 3,
        "free": 2,
        "enough": False,
        "when_exhausted": "fail",
    }
    by_name = {one["customer"]["source_id"]: one["messages"] for one in found["data"]}
    mail, text = by_name["dan"]
    assert mail["message"]["recipient"] == "dan@example.com"
    assert (mail["message"]["subject"], mail["message"]["text"]) == ("Hi Dan", "Your code: SAMPLE-CODE")
    assert text["message"]["body"] == '{"to": "+1", "text": "Code SAMPLE-CODE"}'
    assert [(one["state"], one["reason"]) for one in by_name["eve"]] == [("failed", "no_email"), ("failed", "no_phone")]
    assert [one["state"] for one in by_name["ann"]] == ["skipped", "skipped"]


async def test_nothing_happens(api, pool, project, world):
    one = await made(api, channels=[EMAIL, SMS])
    before = await kept(pool, project)
    answer = await api.post(f"{PATH}/{one['id']}/dry-run")
    assert answer.status_code == 200
    await tried(api, manual(name="other"))
    assert await kept(pool, project) == before
    assert await pool.fetchval("SELECT count(*) FROM jobs") == 0


async def test_what_it_says_is_what_happens(api, pool, world):
    said = await tried(api, manual(channels=[EMAIL], when_exhausted="pause"))
    courier = FakeCourier()
    await sent(api, pool, courier, channels=[EMAIL], when_exhausted="pause")
    assert said["to_send"] == len(courier.mails) == 2
    assert await states(pool) == {"accepted": 2, "skipped": 2, "failed": 1}
    gets = {one["customer"]["email"] for one in said["data"] if one["messages"][0]["message"]}
    assert gets == set(courier.recipients)


async def test_it_has_pages_and_keeps_to_the_limit(api, world):
    body = manual(limit=3)
    pages = [(await tried(api, body, f"?limit=2&page={page}"))["data"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 1, 0]
    assert (await tried(api, body))["total"] == 3


async def test_a_rate_makes_it_longer(api, world):
    assert (await tried(api, manual(channels=[EMAIL | {"rate": 1}])))["estimated_seconds"] == 2.0


async def test_a_template_that_cannot_be_rendered_is_shown(api, world):
    found = await tried(api, manual(channels=[EMAIL | {"text": "{{ 1 | divided_by: 0 }}"}]))
    assert "cannot be rendered" in found["data"][-2]["messages"][0]["reason"]


async def test_an_unfinished_one_is_refused(api, other_api, world):
    assert_refused(await api.post(f"{PATH}/dry-run", json={"name": "x"}), 400, "invalid_distribution")
    assert_refused(await api.post(f"{PATH}/dry-run", json={"name": ""}), 400, "invalid_payload")
    one = await made(api)
    assert_refused(await other_api.post(f"{PATH}/{one['id']}/dry-run"), 404, "not_found")


async def test_a_webhook_and_a_file_are_shown_too(api, world):
    channels = [{"type": "webhook", "url": "https://hooks.example/x"}, {"type": "csv"}]
    found = await tried(api, manual(channels=channels))
    hook, line = found["data"][-1]["messages"]
    assert "SAMPLE-CODE" in hook["message"]["body"]
    assert line["message"] == {}
