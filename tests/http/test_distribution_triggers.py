"""What can trigger a distribution besides publications, new customers and custom events."""

import asyncio
from typing import Any

import pytest

from largesse.actions import memberships
from largesse.actions.memberships import read_chunk
from largesse.jobs.worker import Worker
from tests.events.log import readable
from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import EMAIL, automatic
from tests.http.test_automatic_distributions import live, react
from tests.http.test_distribution_runs import people, sound
from tests.http.test_distributions import PATH
from tests.http.test_publications import assert_refused
from tests.http.test_segments import hold_cards

__all__ = ["sound"]

PARIS = {"address.city": {"conditions": {"$is": ["Paris"]}}}


@pytest.fixture
def courier() -> FakeCourier:
    return FakeCourier()


async def make_segment(api, **fields: Any) -> str:
    made = await api.post("/v1/segments", json={"name": "s"} | fields)
    assert made.status_code == 200, made.text
    id_: str = made.json()["id"]
    return id_


async def move(api, name: str, city: str) -> None:
    await api.put(f"/v1/customers/{name}", json={"address": {"city": city}})


async def follow(pool, courier) -> None:
    """The segments are looked at, then the distributions."""
    await run_jobs(pool, courier)
    await readable(pool)
    while await Worker(pool, asyncio.Event(), courier=courier).read_log(memberships.READER, read_chunk):
        pass
    await react(pool, courier)


@pytest.mark.row("A107")
@pytest.mark.parametrize("type_", ["passive", "auto-update"])
async def test_who_enters_a_segment_gets_a_code_and_who_leaves_it_a_word(api, pool, project, courier, sound, type_):
    await make_campaign(pool, project, name="c", vouchers_count=5)
    segment = await make_segment(api, type=type_, filter=PARIS)
    await people(api, "inside", address={"city": "Paris"})
    await people(api, "ann", "bob", address={"city": "Rome"})
    await follow(pool, courier)
    text = EMAIL | {"text": "{{ segment.name }}: {{ voucher.code }}"}
    entered = {"event": "customer.segment.entered", "segment_id": segment}
    await live(api, trigger=entered, action={"type": "publish", "campaign": "c"}, channels=[text])
    left = {"event": "customer.segment.left", "segment_id": segment}
    await live(api, name="Bye", trigger=left, channels=[EMAIL | {"text": "Bye"}])
    await follow(pool, courier)
    assert courier.mails == []
    await move(api, "ann", "Paris")
    await follow(pool, courier)
    [mail] = courier.mails
    [found] = (await api.get("/v1/publications")).json()["publications"]
    assert (found["channel"], mail.text) == ("Automation", f"s: {found['voucher']['code']}")
    await move(api, "ann", "Rome")
    await follow(pool, courier)
    assert (courier.mails[-1].text, len(courier.mails)) == ("Bye", 2)
    assert (await api.get(f"/v1/segments/{segment}")).json()["type"] == "auto-update"
    await sound()


async def test_only_its_own_segment_counts(api, pool, courier):
    [one, other] = [await make_segment(api, name=name, type="auto-update", filter=PARIS) for name in "ab"]
    await follow(pool, courier)
    await live(api, trigger={"event": "customer.segment.entered", "segment_id": one})
    await people(api, "ann", address={"city": "Paris"})
    await follow(pool, courier)
    assert len(courier.mails) == 1
    assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'customer.segment.entered'") == 2
    assert one != other


@pytest.mark.parametrize("type_", ["static", "passive", "auto-update"])
async def test_those_already_inside_are_included_when_that_is_wanted(api, pool, courier, type_):
    ids = await people(api, "ann", "bob", address={"city": "Paris"})
    await people(api, "cid", address={"city": "Rome"})
    fields: dict[str, Any] = {"customers": ids} if type_ == "static" else {"type": type_, "filter": PARIS}
    segment = await make_segment(api, **fields)
    trigger = {"event": "customer.segment.entered", "segment_id": segment, "include_inside": True}
    id_ = await live(api, trigger=trigger)
    for _ in range(2):
        await follow(pool, courier)
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
    assert courier.recipients == ["ann@example.com", "bob@example.com"]
    assert (await api.get(f"{PATH}/{id_}")).json()["status"] == "LIVE"
    if type_ != "static":
        await move(api, "cid", "Paris")
        await follow(pool, courier)
        assert courier.recipients == ["ann@example.com", "bob@example.com", "cid@example.com"]


async def test_who_enters_before_those_inside_are_looked_at_gets_one_message(api, pool, courier):
    segment = await make_segment(api, type="auto-update", filter=PARIS)
    await people(api, "ann", address={"city": "Paris"})
    await people(api, "bob", address={"city": "Rome"})
    await follow(pool, courier)
    trigger = {"event": "customer.segment.entered", "segment_id": segment, "include_inside": True}
    await live(api, trigger=trigger)
    await move(api, "bob", "Paris")
    await readable(pool)
    await Worker(pool, asyncio.Event()).read_log(memberships.READER, read_chunk)  # he is inside now
    await follow(pool, courier)
    assert courier.recipients == ["ann@example.com", "bob@example.com"]


async def test_a_balance_that_changes_is_told_to_the_cards_holder(api, pool, courier):
    await people(api, "a")
    await hold_cards(api, "a")
    text = EMAIL | {"text": "{{ voucher.code }} {{ balance.amount }} {{ balance.balance }} {{ campaign.name }}"}
    for name, event in (("Gift", "customer.gift.balance_adjusted"), ("Points", "customer.loyalty.balance_adjusted")):
        await live(api, name=name, trigger={"event": event}, channels=[text])
    other = {"event": "customer.loyalty.balance_adjusted", "campaign": "other"}
    await api.post(
        "/v1/campaigns", json={"name": "other", "voucher": {"discount": {"type": "PERCENT", "percent_off": 1}}}
    )
    await live(api, name="Other", trigger=other, channels=[text])
    await api.post("/v1/vouchers/GIFT/balance", json={"amount": 700})
    await api.post("/v1/vouchers/CARD/balance", json={"amount": 5})
    await react(pool, courier)
    assert sorted(mail.text.strip() for mail in courier.mails) == ["CARD 5 35 club", "GIFT 700 10200"]


async def test_who_was_referred_is_welcomed(api, pool, courier):
    program = {"conversion_event_type": "custom_event", "custom_event": {"name": "signed_up"}}
    body = {"name": "friends", "campaign_type": "REFERRAL_PROGRAM", "type": "AUTO_UPDATE", "vouchers_count": 1}
    body |= {"referral_program": program, "voucher": {"discount": {"type": "PERCENT", "percent_off": 10}}}
    assert (await api.post("/v1/campaigns", json=body)).status_code == 200
    await run_jobs(pool, courier)
    await people(api, "ann", "bob")
    code = (await api.post("/v1/publications", json={"campaign": "friends", "customer": "ann"})).json()["voucher"][
        "code"
    ]
    text = EMAIL | {"text": "{{ referrer.name }} sent you: {{ campaign.name }}"}
    await live(api, trigger={"event": "customer.referred", "campaign": "friends"}, channels=[text])
    event = {"event": "signed_up", "customer": {"source_id": "bob"}, "referral": {"code": code}}
    assert (await api.post("/v1/events", json=event)).status_code == 200
    await react(pool, courier)
    assert [(mail.recipient, mail.text) for mail in courier.mails] == [("bob@example.com", "Ann sent you: friends")]


async def test_a_custom_events_metadata_can_be_named(api, pool, courier):
    text = EMAIL | {"text": "{{ event.type }} {{ event.metadata.page }}"}
    await live(api, trigger={"event": "customer.custom_event"}, channels=[text])
    customer = {"source_id": "ann", "email": "ann@example.com"}
    await api.post("/v1/events", json={"event": "visited", "customer": customer, "metadata": {"page": "p1"}})
    await react(pool, courier)
    assert [mail.text for mail in courier.mails] == ["visited p1"]


@pytest.mark.parametrize(
    ("trigger", "fault"),
    [
        ({"event": "customer.segment.entered"}, "must have required property 'segment_id'"),
        ({"event": "customer.created", "segment_id": "seg_x"}, ".trigger.segment_id must be absent"),
        ({"event": "customer.segment.left", "segment_id": "seg_x", "include_inside": True}, ".trigger.include_inside"),
        ({"event": "customer.custom_event", "campaign": "c"}, ".trigger.campaign must be absent"),
    ],
)
async def test_what_does_not_belong_to_a_trigger_is_refused(api, trigger, fault):
    refused = await api.post(PATH, json=automatic(trigger=trigger))
    assert_refused(refused, 400, "invalid_payload")
    assert fault in refused.json()["details"]


async def test_a_segment_that_nobody_knows_is_not_found(api):
    trigger = {"event": "customer.segment.left", "segment_id": "seg_x"}
    assert_refused(await api.post(PATH, json=automatic(trigger=trigger)), 404, "not_found")


@pytest.mark.parametrize("event", ["customer.gift.balance_adjusted", "customer.referred"])
async def test_only_some_triggers_publish(api, pool, project, event):
    await make_campaign(pool, project, name="c")
    refused = await api.post(
        PATH, json=automatic(trigger={"event": event}, action={"type": "publish", "campaign": "c"})
    )
    assert_refused(refused, 400, "invalid_payload")


@pytest.mark.row("A108")
async def test_a_referral_programme_hands_out_its_codes_by_itself(api, pool, courier, sound):
    body = {"name": "friends", "campaign_type": "REFERRAL_PROGRAM", "type": "AUTO_UPDATE", "join_once": True}
    body |= {"vouchers_count": 1, "voucher": {"discount": {"type": "PERCENT", "percent_off": 10}}}
    assert (await api.post("/v1/campaigns", json=body)).status_code == 200
    await run_jobs(pool, courier)
    trigger = {"event": "customer.custom_event", "custom_event": "bought"}
    await live(api, trigger=trigger, action={"type": "publish", "campaign": "friends"}, channels=[EMAIL])
    for name in ("ann", "bob", "ann"):
        customer = {"source_id": name, "email": f"{name}@example.com"}
        await api.post("/v1/events", json={"event": "bought", "customer": customer})
    await react(pool, courier)
    assert courier.recipients == ["ann@example.com", "bob@example.com"]
    found = (await api.get("/v1/publications")).json()["publications"]
    assert [one["channel"] for one in found] == ["Automation"] * 2
    assert all(one["voucher"]["is_referral_code"] for one in found)
    [holder] = (await api.get(f"/v1/referrals/members/{found[0]['voucher']['code']}/holders")).json()["data"]
    assert (holder["holder_role"], holder["customer_id"]) == ("REFERRER", found[0]["customer_id"])
    await sound()
