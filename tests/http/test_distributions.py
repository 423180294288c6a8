"""/v1/distributions: what they are, and how they are started and stopped."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.actions.conftest import work_off
from tests.factories.campaigns import make_campaign
from tests.factories.distributions import EMAIL, SMS, automatic, manual
from tests.factories.vault import VAULT
from tests.http.test_publications import assert_refused

PATH = "/v1/distributions"


async def made(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json=manual(**fields))
    assert answer.status_code == 200, answer.text
    out: dict[str, Any] = answer.json()
    return out


@pytest.fixture(autouse=True)
async def campaign(pool, project) -> str:
    return await make_campaign(pool, project, name="c")


class TestCreate:
    async def test_anonymous_is_unauthorized(self, anonymous):
        assert (await anonymous.post(PATH, json=manual())).status_code == 401

    async def test_a_draft_is_made_and_found(self, api, other_api, campaign):
        one = await made(api, limit=5)
        assert re.fullmatch(r"distr_[0-9A-Za-z]{26}", one["id"])
        assert one["action"] == {"type": "publish", "campaign_id": campaign, "count": 1}
        assert (one["status"], one["type"], one["when_exhausted"], one["limit"]) == ("DRAFT", "manual", "fail", 5)
        assert one["channels"] == [EMAIL]
        assert (await api.get(f"{PATH}/{one['id']}")).json() == one
        assert (await api.get(PATH)).json()["data"] == [one]
        assert (await other_api.get(PATH)).json()["total"] == 0
        assert_refused(await other_api.get(f"{PATH}/{one['id']}"), 404, "not_found")

    async def test_a_draft_may_be_unfinished_but_not_go(self, api):
        one = (await api.post(PATH, json={"name": "idea"})).json()
        refused = await api.post(f"{PATH}/{one['id']}/send", json={"now": True})
        assert_refused(refused, 400, "invalid_distribution")
        assert "lacks: audience, action, channels" in refused.json()["details"]

    async def test_names_are_unique(self, api, other_api):
        one = await made(api)
        assert_refused(await api.post(PATH, json=manual()), 409, "duplicate_found")
        assert (await other_api.post(PATH, json={"name": "Spring"})).status_code == 200
        await api.delete(f"{PATH}/{one['id']}")
        await made(api)

    async def test_an_auto_update_campaign_is_extended(self, api, pool, project):
        await make_campaign(pool, project, name="endless", type="AUTO_UPDATE")
        one = await made(api, action={"type": "publish", "campaign": "endless", "count": 2})
        assert (one["when_exhausted"], one["action"]["count"]) == ("extend", 2)

    async def test_the_values_of_headers_are_not_shown_and_stay(self, api, pool):
        one = await made(api, channels=[SMS])
        assert one["channels"][0]["headers"] == {"Authorization": None}
        changed = manual(channels=[SMS | {"headers": {"authorization": "x", "Gone": None}}])
        again = await api.put(f"{PATH}/{one['id']}", json=manual(channels=one["channels"]))
        assert again.json()["channels"] == one["channels"]
        stored = await pool.fetchval("SELECT channels FROM distributions")
        assert VAULT.open_all(stored[0]["headers"]) == SMS["headers"]
        assert (await api.put(f"{PATH}/{one['id']}", json=changed)).json()["channels"][0]["headers"] == {
            "authorization": None
        }


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, ".name must not have fewer than 1 characters"),
        ({"audience": {"customer": "a", "segment_id": "b"}}, ".audience must name a customer or a segment, not both"),
        ({"audience": {"filter": {"nope": {"conditions": {"$is": ["1"]}}}}}, "filter that cannot be understood"),
        ({"action": {"type": "publish"}}, ".action must have required property 'campaign'"),
        ({"action": {"type": "message", "campaign": "c"}}, ".action.campaign must be absent"),
        ({"action": {"type": "notify"}}, ".action.type must not be notify without the trigger"),
        ({"action": {"type": "publish", "campaign": "c", "count": 51}}, ".action.count must be <= 50"),
        ({"channels": [EMAIL, EMAIL]}, ".channels must not have two of one type"),
        ({"channels": [{"type": "fax"}]}, "must be equal to one of the allowed values [csv, email, sms, webhook]"),
        ({"channels": [EMAIL | {"url": "http://x"}]}, ".channels[0].url must be absent: it does not belong to email"),
        ({"channels": [{"type": "email", "from": "a@b.c", "subject": "x"}]}, "required property 'html' or 'text'"),
        ({"channels": [EMAIL | {"from": "a@b.c\nBcc: x@y.z"}]}, ".channels[0].from must be an e-mail address"),
        ({"channels": [EMAIL | {"from_name": "A\r\nBcc: x@y.z"}]}, ".from_name must not have control characters"),
        ({"channels": [EMAIL | {"subject": "a\n{% if %}"}]}, ".subject is not a valid template: line 2"),
        ({"channels": [SMS | {"url": "file:///etc/passwd"}]}, ".url must be an address that starts with http"),
        ({"channels": [SMS | {"headers": {"A:B": "x"}}]}, "must have a name that a header can have"),
        ({"channels": [SMS | {"headers": {"A": "x\r\ny"}}]}, ".headers.A must be printable ASCII"),
        ({"channels": [SMS | {"headers": {"A": "x", "a": "y"}}]}, ".headers must not have the same name twice"),
        ({"when_exhausted": "fallback"}, "required property 'fallback_text'"),
        ({"when_exhausted": "extend"}, ".when_exhausted must not be extend: the campaign is not AUTO_UPDATE"),
        ({"validation_rules": ["val_1"]}, ".validation_rules can't limit a distribution yet"),
        ({"trigger": {"event": "nope"}, "audience": None, "action": {"type": "message"}}, "one of the triggers ["),
        ({"trigger": {"event": "customer.order.paid"}}, "is customer.order.paid, which does not happen in this"),
        ({"trigger": {"event": "customer.publication.succeeded"}}, ".action.type must not be publish with the trigger"),
        (
            {"trigger": {"event": "customer.created"}, "audience": {"customer": "x"}},
            ".audience.customer must be absent",
        ),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_made(api, pool, fields, says):
    answer = await api.post(PATH, json=manual(**fields))
    assert_refused(answer, 400, "invalid_payload")
    assert says in answer.json()["details"]
    assert await pool.fetchval("SELECT count(*) FROM distributions") == 0


async def test_all_faults_are_told_at_once(api):
    channels = [EMAIL | {"subject": "{{ x | nope }}", "from": "nobody"}, {"type": "sms"}]
    answer = await api.post(PATH, json=manual(action={"type": "publish"}, channels=channels))
    for says in ("'campaign'", ".subject", ".from", "'url'", "'text'"):
        assert says in answer.json()["details"]


@pytest.mark.parametrize(
    ("fields", "type"),
    [
        ({"audience": {"customer": "nobody"}}, "customer"),
        ({"audience": {"segment_id": "seg_0"}}, "segment"),
        ({"action": {"type": "publish", "campaign": "nope"}}, "campaign"),
    ],
)
async def test_what_is_named_must_exist_in_the_project(api, other_api, fields, type):
    refused = await api.post(PATH, json=manual(**fields))
    assert_refused(refused, 404, "not_found")
    assert refused.json()["resource_type"] == type
    assert_refused(await other_api.post(PATH, json=manual()), 404, "not_found")


class TestVerbs:
    async def test_it_goes_in_ten_minutes_and_can_be_changed_and_stopped_meanwhile(self, api, pool):
        one = await made(api)
        sent = (await api.post(f"{PATH}/{one['id']}/send", json={})).json()
        assert sent["status"] == "TO SEND"
        starts = datetime.fromisoformat(sent["starts_at"])
        assert timedelta(minutes=9) < starts - datetime.now(UTC) <= timedelta(minutes=10)
        await work_off(pool)
        assert (await api.get(f"{PATH}/{one['id']}")).json()["status"] == "TO SEND"
        changed = await api.put(f"{PATH}/{one['id']}", json=manual(name="Later"))
        assert (changed.json()["name"], changed.json()["status"]) == ("Later", "TO SEND")
        refused = await api.put(f"{PATH}/{one['id']}", json={"name": "Later"})
        assert_refused(refused, 400, "invalid_distribution")
        paused = (await api.post(f"{PATH}/{one['id']}/pause")).json()
        assert paused["status"] == "PAUSED"
        again = (await api.post(f"{PATH}/{one['id']}/resume")).json()
        assert again["status"] == "TO SEND"
        assert datetime.fromisoformat(again["starts_at"]) > starts

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    async def test_a_verb_that_does_not_fit_is_refused(self, api, verb):
        one = await made(api)
        assert_refused(await api.post(f"{PATH}/{one['id']}/{verb}"), 400, "invalid_distribution")

    async def test_sent_twice_is_refused(self, api):
        one = await made(api)
        await api.post(f"{PATH}/{one['id']}/send", json={})
        assert_refused(await api.post(f"{PATH}/{one['id']}/send", json={}), 400, "invalid_distribution")

    async def test_an_automatic_one_is_set_live_and_paused(self, api):
        one = (await api.post(PATH, json=automatic())).json()
        assert one["type"] == "automatic"
        live = (await api.post(f"{PATH}/{one['id']}/send", json={})).json()
        assert (live["status"], live["set_live_at"] is None) == ("LIVE", False)
        assert_refused(await api.delete(f"{PATH}/{one['id']}"), 400, "invalid_distribution")
        assert_refused(await api.put(f"{PATH}/{one['id']}", json=automatic()), 400, "invalid_distribution")
        await api.post(f"{PATH}/{one['id']}/pause")
        assert (await api.post(f"{PATH}/{one['id']}/resume")).json()["status"] == "LIVE"

    async def test_the_log_says_what_happened(self, api):
        one = await made(api)
        await api.put(f"{PATH}/{one['id']}", json=manual(name="b"))
        await api.post(f"{PATH}/{one['id']}/send", json={})
        log = (await api.get(f"{PATH}/{one['id']}/activity")).json()
        assert [line["type"] for line in log["data"]] == [
            "distribution.scheduled",
            "distribution.updated",
            "distribution.created",
        ]
        assert log["data"][0]["actor"] == "test-app-id"
        assert log["total"] == 3


async def test_a_deleted_one_is_gone(api):
    one = await made(api)
    assert (await api.delete(f"{PATH}/{one['id']}")).status_code == 204
    assert_refused(await api.get(f"{PATH}/{one['id']}"), 404, "not_found")
    assert_refused(await api.post(f"{PATH}/{one['id']}/send", json={}), 404, "not_found")
    assert (await api.get(PATH)).json()["total"] == 0


async def test_the_list_has_pages_orders_and_a_status(api):
    for name in "bca":
        await api.post(PATH, json={"name": name})
    listed = (await api.get(f"{PATH}?limit=2&order=name")).json()
    assert ([one["name"] for one in listed["data"]], listed["total"]) == (["a", "b"], 3)
    assert (await api.get(f"{PATH}?status=LIVE")).json()["total"] == 0
    assert_refused(await api.get(f"{PATH}?status=nope"), 400, "invalid_query_params")
