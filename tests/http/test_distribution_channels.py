"""What goes out through each channel, to real receivers, and who wants nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from urllib.parse import quote, urlsplit

import pytest

from largesse.actions import distribution_sending
from largesse.actions.courier import REFUSED, UNKNOWN, UNREACHED, Delivery
from largesse.delivery.couriers import PostalCourier
from largesse.delivery.posting import Poster
from largesse.delivery.signatures import voucherify_signature
from largesse.jobs.worker import Worker
from largesse.wire.assets import AssetTokens
from tests.delivery.receiver import answer, receiving
from tests.delivery.smtp_receiver import Receiver, serving
from tests.factories.campaigns import make_campaign
from tests.factories.counters import held
from tests.factories.courier import FakeCourier, run_jobs
from tests.factories.distributions import EMAIL, SMS, manual
from tests.factories.vault import VAULT
from tests.http.conftest import client_of
from tests.http.test_distribution_runs import people, sent, sound, states, status_of
from tests.http.test_distributions import PATH
from tests.http.test_publications import assert_refused

__all__ = ["sound"]

HTML = EMAIL | {
    "html": '<b>{{ customer.name }}</b> <img src="{{ voucher.qr }}"> <a href="{{ unsubscribe_url }}">no</a>'
}
WEBHOOK = {"type": "webhook", "url": "https://hooks.example/x", "event_name": "spring.code"}


@pytest.fixture(autouse=True)
async def _campaign(pool, project) -> None:
    await make_campaign(pool, project, name="c", vouchers_count=20)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def postal(receiver, services) -> AsyncIterator[PostalCourier]:
    """What a worker has, with a real mail server."""
    with serving(receiver) as address:
        async with (
            Poster(allow_private=True, vault=VAULT) as poster,
            PostalCourier(
                services.asset_tokens, "http://api.test", smtp_url=f"smtp://{address}", poster=poster
            ) as courier,
        ):
            yield courier


def link_of(message: EmailMessage) -> str:
    parts = urlsplit(str(message["List-Unsubscribe"]).strip("<>").replace(" ", ""))
    assert parts.netloc == "api.test"
    return parts.path


class TestEmail:
    @pytest.mark.row("A119")
    async def test_a_mail_arrives_with_its_code_and_picture(self, api, pool, receiver, postal, sound):
        await people(api, "ann", name="Ann <script>")
        await sent(api, pool, postal, channels=[HTML])
        [message] = receiver.messages
        code = await pool.fetchval("SELECT first_code FROM publications WHERE result = 'SUCCESS'")
        plain, rich = message.get_body(("plain",)), message.get_body(("html",))
        assert plain is not None
        assert rich is not None
        assert plain.get_content().strip() == f"Your code: {code}"
        assert "<b>Ann &lt;script&gt;</b>" in rich.get_content()
        [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
        content = picture.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert content.startswith(b"\x89PNG")
        await sound()

    async def test_a_name_smuggles_in_no_header(self, api, pool, receiver, postal):
        await people(api, "ann", name="A\r\nBcc: evil@example.com\r\n\r\nspam")
        await sent(api, pool, postal)
        [message] = receiver.messages
        assert message["Bcc"] is None
        assert message["Subject"] == "Hi A Bcc: evil@example.com spam"

    @pytest.mark.parametrize("email", ["ann@example.com\nBcc: x@y.z", "a@b.c,d@e.f", "nobody", "<a@b.c>"])
    async def test_an_address_that_is_none_fails(self, api, pool, receiver, postal, email, sound):
        await people(api, "ann")
        await pool.execute("UPDATE customers SET email = $1", email)
        await sent(api, pool, postal)
        assert receiver.messages == []
        assert await states(pool) == {"failed": 1}
        await sound()

    @pytest.mark.row("A119")
    async def test_one_bad_recipient_harms_nobody_else(self, api, pool, receiver, postal, sound):
        await people(api, "ann", "bob", "cid", "dan")
        receiver.answers["ann@example.com"] = "550 no such user"
        receiver.answers["bob@example.com"] = "450 try later"
        receiver.data["cid@example.com"] = "drop"
        await sent(api, pool, postal)
        assert await states(pool) == {"failed": 1, "held": 1, "unknown": 1, "accepted": 1}
        await sound()

    async def test_a_template_that_cannot_be_rendered_fails_its_message(self, api, pool, receiver, postal, sound):
        await people(api, "ann")
        await sent(api, pool, postal, channels=[EMAIL | {"text": "{{ 1 | divided_by: 0 }}"}])
        [row] = await pool.fetch("SELECT state, reason FROM distribution_messages")
        assert row["state"] == "failed"
        assert "cannot be rendered: line 1" in row["reason"]
        await sound()

    async def test_without_a_server_it_pauses_and_nobody_is_lost(self, api, pool, receiver, postal, sound):
        await people(api, "ann", "bob")
        async with (
            Poster(allow_private=True, vault=VAULT) as poster,
            PostalCourier(AssetTokens(b"x"), "http://x", smtp_url=None, poster=poster) as courier,
        ):
            id_ = await sent(api, pool, courier)
        found = (await api.get(f"{PATH}/{id_}")).json()
        assert found["status"] == "PAUSED"
        assert "LARGESSE_SMTP_URL" in found["reason"]
        await api.post(f"{PATH}/{id_}/resume")
        await run_jobs(pool, postal)
        assert await status_of(api, id_) == "DONE"
        assert receiver.recipients == {"ann@example.com": 1, "bob@example.com": 1}
        await sound()

    async def test_a_server_that_stays_away_fails_nobody(self, api, pool, sound, monkeypatch):
        monkeypatch.setattr(distribution_sending, "RETRY_S", 0.0)
        courier = FakeCourier({"ann@example.com": Delivery(UNREACHED, "refused")})
        await people(api, "ann")
        id_ = await sent(api, pool, courier)
        found = (await api.get(f"{PATH}/{id_}")).json()
        assert (found["status"], found["reason"]) == ("PAUSED", "server_unreachable")
        assert await states(pool) == {"held": 1}
        courier.answers.clear()
        await api.post(f"{PATH}/{id_}/resume")
        await run_jobs(pool, courier)
        assert await states(pool) == {"accepted": 1}
        await sound()


class TestUnsubscribing:
    async def test_the_link_asks_first_and_then_nothing_more_is_sent(self, api, app, pool, receiver, postal, services):
        await people(api, "ann", "bob")
        await people(api, "ann2", email="ANN@example.com")  # the same person, known twice
        await sent(api, pool, postal, audience={"customer": "ann"})
        path = link_of(receiver.messages[0])
        async with client_of(app) as anybody:
            page = await anybody.get(path)
            assert (page.status_code, "Unsubscribe" in page.text) == (200, True)
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            assert await pool.fetchval("SELECT count(*) FROM suppressions") == 0
            body = "List-Unsubscribe=One-Click"
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            for _ in range(2):
                assert (await anybody.post(path, content=body, headers=headers)).status_code == 200
            assert (await anybody.get(path[:-4])).status_code == 404
            other = quote(services.asset_tokens.token("qr", 1, "email:cust_x"), safe="")
            assert (await anybody.post(f"/unsubscribe/{other}")).status_code == 404
        receiver.messages.clear()
        id_ = await sent(api, pool, postal, name="again")
        assert [str(one["To"]) for one in receiver.messages] == ["bob@example.com"]
        skipped = (await api.get(f"{PATH}/{id_}/messages?state=skipped")).json()["data"]
        assert [one["reason"] for one in skipped] == ["suppressed", "suppressed"]

    async def test_the_list_is_kept_by_hand_too(self, api, other_api, pool):
        courier = FakeCourier()
        [ann] = await people(api, "ann", phone="+1")
        assert (
            await api.post("/v1/suppressions", json={"channel": "email", "target": "Ann@Example.com"})
        ).status_code == 200
        listed = (await api.get("/v1/suppressions")).json()
        assert [(one["channel"], one["target"], one["reason"]) for one in listed["data"]] == [
            ("email", "ann@example.com", "by_hand")
        ]
        assert (await other_api.get("/v1/suppressions")).json()["total"] == 0
        await sent(api, pool, courier, channels=[EMAIL, SMS])
        assert (len(courier.mails), len(courier.posts)) == (0, 1)
        assert (await other_api.delete("/v1/suppressions/email/ann@example.com")).status_code == 404
        assert (await api.delete("/v1/suppressions/email/ann@example.com")).status_code == 204
        assert (await api.delete("/v1/suppressions/email/ann@example.com")).status_code == 404
        await api.post("/v1/suppressions", json={"channel": "sms", "target": ann})
        await sent(api, pool, courier, name="again", channels=[EMAIL, SMS])
        assert (len(courier.mails), len(courier.posts)) == (1, 1)

    async def test_a_link_in_a_webhook_or_an_sms_works_too(self, api, app, pool, postal, monkeypatch):
        [ann, _] = await people(api, "ann", "bob", phone="+1")
        text = "{{ unsubscribe_url }}"
        courier = FakeCourier()
        monkeypatch.setattr(courier, "unsubscribe_url", postal.unsubscribe_url)
        channels = [WEBHOOK | {"body": text}, SMS | {"text": text, "body": "{{ text }}"}]
        await sent(api, pool, courier, audience={"customer": "ann"}, channels=channels)
        async with client_of(app) as anybody:
            for post in courier.posts:
                answer = await anybody.post(urlsplit(post.body.decode()).path)
                assert answer.status_code == 200
        found = (await api.get("/v1/suppressions?channel=webhook")).json()["data"]
        assert [one["target"] for one in found] == [ann]
        courier.posts.clear()
        id_ = await sent(api, pool, courier, name="again", channels=[WEBHOOK])
        assert [b"bob@" in post.body for post in courier.posts] == [True]
        [skipped] = (await api.get(f"{PATH}/{id_}/messages?state=skipped")).json()["data"]
        assert (skipped["customer_id"], skipped["reason"]) == (ann, "suppressed")
        dry = (await api.post(f"{PATH}/dry-run", json=manual(name="dry", channels=[WEBHOOK]))).json()
        assert dry["channels"]["webhook"] == {"to_send": 1, "left_out": {"suppressed": 1}}
        refused = await api.post("/v1/suppressions", json={"channel": "webhook", "target": "ann@example.com"})
        assert_refused(refused, 400, "invalid_payload")

    async def test_who_unsubscribes_while_a_webhook_waits_is_told_nothing(self, api, pool):
        courier = FakeCourier({"ann": Delivery(REFUSED, "500")})
        [ann] = await people(api, "ann")
        await sent(api, pool, courier, channels=[WEBHOOK])
        await api.post("/v1/suppressions", json={"channel": "webhook", "target": ann})
        await pool.execute("UPDATE distribution_messages SET due_at = now()")
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
        await run_jobs(pool, courier)
        assert len(courier.posts) == 1
        assert await states(pool) == {"skipped": 1}


class TestWebhook:
    async def test_it_is_told_in_the_envelope_and_signed(self, api, pool, sound):
        courier = FakeCourier()
        await people(api, "ann")
        id_ = await sent(api, pool, courier, channels=[WEBHOOK])
        [post] = courier.posts
        told = json.loads(post.body)
        assert (told["type"], told["id"]) == ("spring.code", post.id)
        assert told["source"] == {"id": id_, "object": "distribution", "target_url": WEBHOOK["url"]}
        data = told["data"]
        assert data.keys() == {"distribution", "customer", "publication", "campaign", "voucher"}
        assert data["distribution"]["status"] == "TO SEND"
        [found] = (await api.get("/v1/publications")).json()["publications"]
        assert (data["publication"]["id"], data["publication"]["result"]) == (found["id"], "SUCCESS")
        assert data["voucher"]["code"] == found["voucher"]["code"]
        assert data["customer"]["source_id"] == "ann"
        assert post.body == json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(post.secrets) == 1
        await sound()

    async def test_the_signature_is_that_of_the_bytes(self, api, pool, services):
        await people(api, "ann")
        async with receiving() as receiver, Poster(allow_private=True, vault=VAULT) as poster:
            courier = PostalCourier(services.asset_tokens, "http://x", smtp_url=None, poster=poster)
            await sent(api, pool, courier, channels=[WEBHOOK | {"url": receiver.url}])
            [got] = receiver.got
            secret = await pool.fetchval("SELECT webhook_secret FROM projects")
            assert got.headers["x-voucherify-signature"] == voucherify_signature(secret, got.body)

    async def test_the_payload_can_be_redesigned(self, api, pool):
        courier = FakeCourier()
        await people(api, "ann")
        body = '{"who": {{ customer.email | json }}, "code": {{ voucher.code | json }}}'
        await sent(api, pool, courier, channels=[WEBHOOK | {"body": body}])
        assert json.loads(courier.posts[0].body)["who"] == "ann@example.com"

    async def test_it_is_tried_again_with_one_id_and_then_the_distribution_pauses(self, api, pool, sound):
        courier = FakeCourier({"ann": Delivery(UNKNOWN, "no answer")})
        await people(api, "ann")
        id_ = await sent(api, pool, courier, channels=[WEBHOOK])
        wait = "SELECT extract(epoch FROM due_at - updated_at)::int FROM distribution_messages"
        assert await pool.fetchval(wait) == 60
        for _ in range(12):
            courier.answers["ann"] = Delivery(REFUSED, "500")
            await pool.execute("UPDATE distribution_messages SET due_at = now()")
            await Worker(pool, asyncio.Event(), courier=courier).sweep()
            await run_jobs(pool, courier)
        assert len(courier.posts) == 13
        assert len({post.id for post in courier.posts}) == 1
        assert await status_of(api, id_) == "PAUSED"
        assert (await api.get(f"{PATH}/{id_}")).json()["reason"] == distribution_sending.USED_UP
        await sound()

    async def test_it_says_the_same_at_every_try(self, api, pool, sound):
        courier = FakeCourier({"Ann": Delivery(UNKNOWN, "no answer")})
        await people(api, "ann")
        id_ = await sent(api, pool, courier, channels=[WEBHOOK | {"body": '{"name": "{{ customer.name }}"}'}])
        await api.post(f"{PATH}/{id_}/pause")
        await api.put(f"{PATH}/{id_}", json=manual(channels=[WEBHOOK | {"body": '{"new": "{{ customer.name }}"}'}]))
        await api.post("/v1/customers", json={"source_id": "ann", "name": "Anna"})
        courier.answers.clear()
        await api.post(f"{PATH}/{id_}/resume")
        await run_jobs(pool, courier)
        assert [post.body for post in courier.posts] == [b'{"name": "Ann"}'] * 2
        assert await status_of(api, id_) == "DONE"
        assert await pool.fetchval("SELECT count(body) FROM distribution_messages") == 0
        await sound()

    async def test_a_receiver_that_is_gone_pauses_it_at_once(self, api, pool, services, sound):
        await people(api, "ann")
        async with receiving(lambda _: answer(410)) as receiver, Poster(allow_private=True, vault=VAULT) as poster:
            courier = PostalCourier(services.asset_tokens, "http://x", smtp_url=None, poster=poster)
            id_ = await sent(api, pool, courier, channels=[WEBHOOK | {"url": receiver.url}])
        found = (await api.get(f"{PATH}/{id_}")).json()
        assert (found["status"], found["reason"], len(receiver.got)) == ("PAUSED", "webhook_gone", 1)
        assert await states(pool) == {"held": 1}
        await sound()

    @pytest.mark.parametrize(("first", "state"), [(UNKNOWN, "unknown"), (REFUSED, "failed")])
    async def test_what_may_have_arrived_once_keeps_its_code(self, api, pool, sound, first, state):
        courier = FakeCourier({"ann": Delivery(first, "x")})
        await people(api, "ann")
        await sent(api, pool, courier, channels=[WEBHOOK])
        courier.answers["ann"] = Delivery(REFUSED, "404")
        await pool.execute("UPDATE distribution_messages SET tries = 12, due_at = now()")
        await Worker(pool, asyncio.Event(), courier=courier).sweep()
        await run_jobs(pool, courier)
        assert await states(pool) == {state: 1}
        assert await held(pool) == (1 if state == "unknown" else 0)
        await sound()


class TestCsv:
    async def test_who_is_in_the_file_has_the_code(self, api, other_api, pool, sound):
        courier = FakeCourier()
        await people(api, "ann", "bob")
        id_ = await sent(api, pool, courier, channels=[{"type": "csv"}])
        assert await status_of(api, id_) == "DONE"
        answer = await api.get(f"{PATH}/{id_}/file")
        lines = answer.text.splitlines()
        assert lines[0] == "Customer ID,Source ID,Name,Email,Phone,Code"
        codes = {row["code"] for row in await pool.fetch("SELECT code FROM vouchers WHERE state = 3")}
        assert {line.rpartition(",")[2] for line in lines[1:]} == codes
        assert {line.split(",")[1] for line in lines[1:]} == {"ann", "bob"}
        assert (await other_api.get(f"{PATH}/{id_}/file")).status_code == 404
        await sound()
