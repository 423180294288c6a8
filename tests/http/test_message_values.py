"""What messages say of codes and moments, and that the dry run says the same; and whom mail can reach."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from largesse.domain.contacts import ADDRESSES, DOMAIN_MAX, LOCAL_MAX, mail_address
from largesse.jobs.worker import Worker
from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import EMAIL, SMS, manual
from tests.http.test_distribution_dry_runs import tried
from tests.http.test_distribution_runs import courier, people, sent, sound, states
from tests.http.test_distributions import PATH, made

__all__ = ["courier", "sound"]

HOOK: dict[str, Any] = {"type": "webhook", "url": "https://hooks.example/x"}
TEXT = (
    "{{ voucher.expiration_date | date: '%d.%m.%Y' }} {{ voucher.expiration_date | slice: 0, 10 }} {{ voucher.type }} "
    "{{ voucher.discount.amount_off | money }}|{{ voucher.gift.amount | money }}|{{ voucher.amount | money }}"
)


@pytest.fixture
async def in_tokyo(pool, project):
    await pool.execute("UPDATE projects SET time_zone = 'Asia/Tokyo' WHERE id = $1", project.id)


async def both(api, pool, courier, **more: Any) -> tuple[list[str], list[str]]:
    """What the dry run says, and what is sent."""
    said = await tried(api, manual(channels=[EMAIL | {"text": TEXT}], **more))
    await sent(api, pool, courier, channels=[EMAIL | {"text": TEXT}], **more)
    return [one["messages"][0]["message"]["text"] for one in said["data"]], [mail.text for mail in courier.mails]


async def campaign(api, **fields: Any) -> None:
    answer = await api.post("/v1/campaigns", json={"name": "c", "vouchers_count": 2} | fields)
    assert answer.status_code == 200, answer.text


GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1250}}
OFF = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 2000}}


@pytest.mark.parametrize("type", ["STATIC", "AUTO_UPDATE"])
@pytest.mark.parametrize(
    ("voucher", "amounts"), [(GIFT, "GIFT_VOUCHER |12.50|12.50"), (OFF, "DISCOUNT_VOUCHER 20.00||0.00")]
)
async def test_moments_are_the_projects_and_amounts_have_two_decimals(
    api, pool, courier, in_tokyo, type, voucher, amounts
):
    await campaign(api, type=type, voucher=voucher, expiration_date="2039-12-31T20:00:00Z")
    await run_jobs(pool, courier)
    await people(api, "ann")
    said, told = await both(api, pool, courier)
    assert said == told == [f"01.01.2040 2040-01-01 {amounts}"]


@pytest.mark.parametrize("type", ["STATIC", "AUTO_UPDATE"])
async def test_a_validity_that_begins_with_the_publication_is_told_as_it_will_be(api, pool, courier, in_tokyo, type):
    await campaign(api, type=type, voucher=GIFT, activity_duration_after_publishing="P10D")
    await run_jobs(pool, courier)
    await people(api, "ann")
    said, told = await both(api, pool, courier)
    day = (datetime.now(UTC) + timedelta(days=10)).astimezone(ZoneInfo("Asia/Tokyo"))
    assert said == told == [f"{day:%d.%m.%Y} {day:%Y-%m-%d} GIFT_VOUCHER |12.50|12.50"]
    published = await pool.fetchval("SELECT expiration_date FROM vouchers WHERE state = 3")
    assert abs(published - day.astimezone(UTC)) < timedelta(minutes=5)


async def test_what_is_not_set_stays_empty(api, pool, courier):
    await campaign(api, voucher=OFF)
    await run_jobs(pool, courier)
    await people(api, "ann")
    said, told = await both(api, pool, courier)
    assert said == told == ["  DISCOUNT_VOUCHER 20.00||0.00"]


async def test_a_subject_keeps_letters_that_join_others(api, pool, courier):
    await campaign(api, voucher=OFF)
    await run_jobs(pool, courier)
    await people(api, "ann", name="\U0001f468\u200d\U0001f469\u200d\U0001f467 A\u0007nn\u00a0B")
    await sent(api, pool, courier)
    assert courier.mails[0].subject == "Hi \U0001f468\u200d\U0001f469\u200d\U0001f467 Ann B"


async def test_a_webhook_and_several_codes_are_shown_as_they_are_sent(api, pool, courier, project):
    await campaign(api, voucher=GIFT, vouchers_count=4)
    await run_jobs(pool, courier)
    await people(api, "ann")
    many = EMAIL | {"text": "{% for one in vouchers %}{{ one.code }} {% endfor %}"}
    more: dict[str, Any] = {"channels": [many, HOOK], "action": {"type": "publish", "campaign": "c", "count": 2}}
    said = await tried(api, manual(**more))
    await sent(api, pool, courier, **more)
    mail, hook = said["data"][0]["messages"]
    assert mail["message"]["text"] == "SAMPLE-CODE SAMPLE-CODE-2 "
    shown, told = json.loads(hook["message"]["body"]), json.loads(courier.posts[0].body)
    assert shapes(shown) == shapes(told)
    assert shown["data"]["vouchers"][0]["gift"] == told["data"]["vouchers"][0]["gift"]
    codes = {row["code"] for row in await pool.fetch("SELECT code FROM vouchers")}
    assert not any(code in json.dumps(said) for code in codes)


def shapes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shapes(part) for name, part in value.items()}
    return [shapes(part) for part in value] if isinstance(value, list) else None


class TestReach:
    @pytest.fixture(autouse=True)
    async def _world(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=2)
        for name, email in (
            ("ann", "ann@bücher.example"),
            ("bob", "not an address"),
            ("cid", "cid@@example.com"),
            ("dan", "dan@example.com"),
            ("eve", "évé@bücher.example"),
            ("fay", "x@" + "ü" * 70 + ".example"),
        ):
            await api.post("/v1/customers", json={"source_id": name, "name": name})
            await pool.execute("UPDATE customers SET email = $2 WHERE source_id = $1", name, email)

    async def test_who_cannot_be_reached_needs_no_code(self, api, pool, courier, sound):
        said = await tried(api, manual())
        assert (said["total"], said["to_send"], said["codes"]["needed"]) == (6, 2, 2)
        assert said["codes"]["enough"]
        assert said["channels"]["email"] == {"to_send": 2, "left_out": {"no_email": 4}}
        await sent(api, pool, courier, when_exhausted="refuse")
        assert courier.recipients == ["ann@bücher.example", "dan@example.com"]
        assert await states(pool) == {"accepted": 2, "failed": 4}
        await sound()

    async def test_a_domain_is_suppressed_however_it_is_spelled(self, api, pool, courier):
        answer = await api.post("/v1/suppressions", json={"channel": "email", "target": "ann@xn--bcher-kva.example"})
        assert answer.status_code == 200
        said = await tried(api, manual())
        assert said["channels"]["email"] == {"to_send": 1, "left_out": {"no_email": 4, "suppressed": 1}}
        await sent(api, pool, courier)
        assert courier.recipients == ["dan@example.com"]

    async def test_an_address_of_several_customers_is_named(self, api, pool):
        await people(api, "gil", "hal", email="DAN@example.com", phone="+49 151 1")
        said = await tried(api, manual(channels=[EMAIL, SMS]))
        assert said["shared_addresses"] == {
            "email": {"addresses": 1, "customers": 3},
            "sms": {"addresses": 1, "customers": 2},
        }
        by_name = {one["customer"]["source_id"]: one["messages"] for one in said["data"]}
        assert [one["customers_with_address"] for one in by_name["gil"]] == [3, 2]
        assert [one["customers_with_address"] for one in by_name["dan"]] == [3, None]
        assert [one["customers_with_address"] for one in by_name["ann"]] == [1, None]

    async def test_a_sender_may_have_such_a_domain(self, api):
        await made(api, channels=[EMAIL | {"from": "shop@bücher.example", "reply_to": "a@例え.テスト"}])

    async def test_an_expired_campaign_is_warned_of_and_refused(self, api, pool):
        await pool.execute("UPDATE campaigns SET expiration_date = now() - interval '1 day', type = 'AUTO_UPDATE'")
        said = await tried(api, manual())
        assert (said["codes"]["free"], said["codes"]["enough"], said["warnings"]) == (0, False, ["campaign_expired"])
        id_ = await sent(api, pool, FakeCourier(), when_exhausted="refuse")
        found = (await api.get(f"{PATH}/{id_}")).json()
        assert (found["status"], found["reason"]) == ("PAUSED", "campaign_expired")
        await pool.execute("UPDATE campaigns SET expiration_date = NULL")
        await Worker(pool, asyncio.Event(), courier=FakeCourier()).sweep()
        assert (await api.get(f"{PATH}/{id_}")).json()["status"] == "PAUSED"


async def test_the_database_counts_the_addresses_that_mail_is_sent_to(pool):
    dice = random.Random(7)
    letters = "aZ0.@-_+!'\"<>,; \t\n\\()[]{}|~üß\x7f"
    texts = ["".join(dice.choice(letters) for _ in range(dice.randint(0, 12))) for _ in range(3_000)]
    texts += ["a@b", "a" * 64 + "@b", "a" * 65 + "@b", "a@" + "b" * 255, "a@" + "b" * 256, "a@b\n", "\na@b"]
    ascii_ = [text for text in texts if text.isascii()]
    found = await pool.fetch(
        "SELECT strpos(t, '@') <= $3 + 1 AND length(t) - strpos(t, '@') <= $4 AND t ~ $2 AS is_one"
        " FROM unnest($1::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n",
        ascii_, ADDRESSES, LOCAL_MAX, DOMAIN_MAX,
    )  # fmt: skip
    assert [row["is_one"] for row in found] == [mail_address(text) is not None for text in ascii_]


async def test_a_message_that_takes_too_long_fails_and_the_next_ones_are_sent(api, pool, project, courier, sound):
    await make_campaign(pool, project, name="c", vouchers_count=2)
    await people(api, "ann", metadata={"many": list(range(900))})
    await people(api, "bob")
    endless = "{% for one in customer.metadata.many %}" + "{% assign a = one %}" * 1_900 + "{% endfor %}Hi"
    said = await tried(api, manual(channels=[EMAIL | {"text": endless}]))
    told = [one["messages"][0] for one in said["data"]]
    assert [one["reason"] for one in told] == ["cannot be rendered: it takes too long", None]
    assert told[1]["message"]["text"] == "Hi"
    id_ = await sent(api, pool, courier, channels=[EMAIL | {"text": endless}])
    assert [(mail.recipient, mail.text) for mail in courier.mails] == [("bob@example.com", "Hi")]
    found = (await api.get(f"{PATH}/{id_}/messages?state=failed")).json()["data"]
    assert [one["reason"] for one in found] == ["cannot be rendered: it takes too long"]
    await sound()


async def test_a_page_of_messages_that_all_take_too_long_says_so_in_time(api, pool, project):
    await make_campaign(pool, project, name="c", vouchers_count=2)
    await people(api, *(f"p{number}" for number in range(9)), metadata={"many": list(range(900))})
    endless = "{% for one in customer.metadata.many %}" + "{% assign a = one %}" * 1_900 + "{% endfor %}Hi"
    said = await tried(api, manual(channels=[EMAIL | {"text": endless}]))
    reasons = {one["messages"][0]["reason"] for one in said["data"]}
    assert (len(said["data"]), reasons) == (9, {"cannot be rendered: it takes too long"})
