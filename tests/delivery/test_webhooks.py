"""Receivers that answer badly: the documented schedule, the same ids, nothing lost."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from largesse.actions import deliveries, webhooks
from largesse.delivery.posting import Poster
from largesse.delivery.webhooks import AT_ONCE, Sender
from largesse.domain.projects import Project
from largesse.domain.webhooks import RETRIES_S, Webhook, after_failure
from largesse.store import deliveries as store
from largesse.store import events
from largesse.store.connection import Pool
from largesse.wire.webhooks import WebhookInput
from tests.actions.conftest import Scopes, scopes
from tests.delivery.receiver import Behaviour, Receiver, answer, receiving
from tests.events.log import readable
from tests.factories.vault import VAULT

__all__ = ["scopes"]

EVENT = "customer.custom_event"


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class World:
    scopes: Scopes
    pool: Pool
    project: Project
    clock: Clock
    sender: Sender

    async def webhook(self, receiver: Receiver, **sent: Any) -> Webhook:
        async with self.scopes() as scope:
            wanted = WebhookInput(target_url=receiver.url, events=[EVENT], **sent)
            return await webhooks.create_webhook(scope, wanted, allow_private=True, vault=VAULT)

    async def happen(self, *names: str, entity: str | None = None) -> None:
        async with self.scopes() as scope:
            for name in names:
                await events.append_event(
                    scope.connection, self.project.id, name, EVENT, entity or f"cust_{name}", {"n": name}, "v-1", "key"
                )

    async def read(self) -> None:
        await readable(self.pool)
        while await self.sender.read():
            pass

    async def work(self) -> None:
        await self.read()
        await self.sender.send()

    async def rows(self) -> list[dict[str, Any]]:
        found = await self.pool.fetch("SELECT * FROM webhook_deliveries ORDER BY xid, seq, part, webhook_id")
        return [dict(row) for row in found]

    async def one(self) -> dict[str, Any]:
        [row] = await self.rows()
        return row


@pytest.fixture
async def world(scopes: Scopes, pool: Pool, project: Project) -> AsyncIterator[World]:
    clock = Clock()
    async with Poster(allow_private=True, vault=VAULT, limit_s=0.5) as poster:
        sender = Sender(pool, poster, asyncio.Event(), clock=clock)
        yield World(scopes, pool, project, clock, sender)


def names(receiver: Receiver) -> list[str]:
    return [msgspec.json.decode(got.body)["data"]["n"] for got in receiver.got]


def ids(receiver: Receiver) -> list[str]:
    return [msgspec.json.decode(got.body)["id"] for got in receiver.got]


async def test_what_is_sent_is_compact_and_signed(world: World) -> None:
    async with receiving() as receiver:
        webhook = await world.webhook(receiver, headers={"X-Ours": "1"})
        await world.happen("a")
        await world.work()
        async with world.scopes() as scope:
            secret = (await webhooks.ensure_secret(scope.connection, world.project.id)).secret
    [got] = receiver.got
    body = msgspec.json.decode(got.body)
    assert got.body == msgspec.json.encode(body)
    assert got.headers["x-voucherify-signature"] == hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["webhook-id"] == body["id"]
    assert got.headers["webhook-signature"].startswith("v1,")
    assert (got.headers["content-type"], got.headers["x-ours"]) == ("application/json", "1")
    assert set(body) == {"id", "project_id", "created_at", "type", "data", "source", "event"}
    assert body["source"] == {"id": webhook.id, "object": "webhook", "target_url": receiver.url}
    assert body["event"]["id"] == "a"
    assert body["event"]["group_id"] == "v-1"
    assert body["event"]["event_source"]["api_key"] == {"app_id": "key", "name": None}


def refusing(status: int) -> Behaviour:
    return lambda _: answer(status, body=b"no")


@pytest.mark.parametrize(
    "behave",
    [refusing(500), refusing(404), lambda _: answer(302, Location="http://127.0.0.1:1/"), lambda _: None,
     lambda _: b"nonsense\r\n\r\n"],
    ids=["500", "404", "302", "dropped", "nonsense"],
)  # fmt: skip
async def test_twelve_retries_at_the_documented_times_then_the_webhook_is_off(world: World, behave: Behaviour) -> None:
    async with receiving(behave) as receiver:
        webhook = await world.webhook(receiver)
        await world.happen("a")
        start = world.clock.now
        await world.work()
        for count, after_s in enumerate(RETRIES_S, 1):
            assert (await world.one())["status"] == "PENDING"
            assert (await world.one())["due_at"] == start + timedelta(seconds=after_s)
            world.clock.now = start + timedelta(seconds=after_s - 1)
            await world.work()
            assert len(receiver.got) == count
            world.clock.now = start + timedelta(seconds=after_s)
            await world.work()
            assert len(receiver.got) == count + 1
    assert len(set(ids(receiver))) == 1
    row = await world.one()
    assert (row["status"], row["attempts"]) == ("PARKED", 13)
    assert row["reason"] == "A delivery failed 13 times in 24 hours."
    stored = await world.pool.fetchrow("SELECT active, disabled_reason FROM webhooks WHERE id = $1", webhook.id)
    assert stored is not None
    assert tuple(stored) == (False, row["reason"])
    assert await world.pool.fetchval("SELECT count(*) FROM webhook_attempts") == 13


def test_the_documented_schedule() -> None:
    minutes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440]
    assert [seconds / 60 for seconds in RETRIES_S] == minutes
    start = datetime(2024, 1, 1, tzinfo=UTC)
    late = after_failure(tries=1, tried_at=start, now=start + timedelta(hours=5), status=500, retry_after_s=None)
    assert late.due_at == start + timedelta(hours=5, seconds=10)


async def test_410_switches_it_off_at_once_and_parks_the_rest(world: World) -> None:
    async with receiving(refusing(410)) as receiver:
        await world.webhook(receiver)
        await world.happen("a", "b", entity="cust_1")
        await world.work()
    assert names(receiver) == ["a"]
    assert [(row["status"], row["attempts"]) for row in await world.rows()] == [("PARKED", 1), ("PARKED", 0)]
    assert {row["reason"] for row in await world.rows()} == {"The receiver answered 410: it is gone."}
    await world.happen("c")
    await world.work()
    assert len(await world.rows()) == 2


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "granted"), [("600", 600), ("999999", 3600)])
async def test_retry_after_is_honoured_for_the_whole_webhook(
    world: World, status: int, asked: str, granted: int
) -> None:
    answers = [answer(status, Retry_After=asked)]
    async with receiving(lambda _: answers.pop() if answers else answer(200)) as receiver:
        await world.webhook(receiver)
        await world.happen("a")
        await world.work()
        await world.happen("b")
        world.clock.pass_(granted - 1)
        await world.work()
        assert names(receiver) == ["a"]
        world.clock.pass_(1)
        await world.work()
    assert sorted(names(receiver)) == ["a", "a", "b"]
    assert {row["status"] for row in await world.rows()} == {"DELIVERED"}


async def test_a_slow_receiver_delays_nobody_else_and_is_not_stormed(world: World) -> None:
    async with receiving(delay_s=5) as slow, receiving() as quick:
        await world.webhook(slow)
        await world.webhook(quick)
        await world.happen(*(str(n) for n in range(40)))
        await world.read()
        sending = asyncio.create_task(world.sender.send())
        async with asyncio.timeout(3):
            while len(quick.got) < 40:
                await asyncio.sleep(0.02)
        assert slow.at_once_max <= AT_ONCE
        await sending
    assert quick.at_once_max <= AT_ONCE
    late = [row for row in await world.rows() if row["status"] != "DELIVERED"]
    assert {row["status"] for row in late} == {"PENDING"}
    assert len(late) == 40


async def test_what_concerns_one_entity_keeps_its_order(world: World) -> None:
    failing = {"a"}

    def behave(got: Any) -> bytes:
        return answer(500 if msgspec.json.decode(got.body)["data"]["n"] in failing else 200)

    async with receiving(behave) as receiver:
        await world.webhook(receiver)
        await world.happen("a", "b", "c", entity="cust_1")
        await world.happen("x", entity="cust_2")
        await world.work()
        assert sorted(names(receiver)) == ["a", "x"]
        await world.happen("d", entity="cust_1")
        failing.clear()
        world.clock.pass_(60)
        await world.work()
    assert [name for name in names(receiver) if name != "x"] == ["a", "a", "b", "c", "d"]


async def test_an_event_is_told_once_though_it_is_read_twice(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver)
        await world.happen("a")
        await world.work()
        await world.pool.execute("UPDATE event_cursors SET xid = '0', seq = 0")
        await world.work()
    assert names(receiver) == ["a"]


async def test_what_happened_before_a_webhook_was_made_is_not_told(world: World) -> None:
    async with receiving() as receiver:
        await world.happen("before")
        await world.webhook(receiver)
        await world.happen("after")
        await world.work()
    assert names(receiver) == ["after"]


async def test_what_was_put_in_while_it_was_switched_off_is_parked(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver)
        await world.happen("a")
        await world.read()
        await world.pool.execute("UPDATE webhooks SET active = false")
        await world.sender.send()
    assert receiver.got == []
    assert ((await world.one())["status"], (await world.one())["reason"]) == ("PARKED", "The webhook was switched off.")


async def test_a_sender_that_lost_its_turn_sends_nothing_more(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver)
        await world.happen("a")
        await world.read()
        [turn] = await world.sender._claim(9)
        assert await Sender(world.pool, world.sender.poster, asyncio.Event(), clock=world.clock)._claim(9) == []
        other = Sender(world.pool, world.sender.poster, asyncio.Event(), clock=world.clock, name="another")
        world.sender._held[turn] -= 1000  # stopped for long, and going on
        world.clock.pass_(world.sender.lapse_s + 1)
        [theirs] = await other._claim(9)
        assert theirs[:2] == turn[:2]
        await world.sender._beat()  # too late
        await world.sender._safe_turn(turn)
        assert receiver.got == []
        await other._safe_turn(theirs)
    assert names(receiver) == ["a"]


async def test_old_deliveries_are_cleared_away_and_those_of_deleted_webhooks(world: World) -> None:
    async def clear() -> None:
        async with world.scopes() as scope:
            while await deliveries.clear_deliveries(scope):
                pass

    async with receiving() as receiver:
        webhook = await world.webhook(receiver)
        await world.happen("a", "b")
        await world.work()
        await clear()
        assert len(await world.rows()) == 2
        await world.pool.execute(
            "UPDATE webhook_deliveries SET ended_at = now() - interval '8 days' WHERE event_id = 'a'"
        )
        await clear()
        assert [row["event_id"] for row in await world.rows()] == ["b"]
        async with world.scopes() as scope:
            await webhooks.delete_webhook(scope, webhook.id)
        await clear()
        await clear()
    for table in ("webhooks", "webhook_deliveries", "webhook_attempts", "webhook_turns"):
        assert await world.pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_a_turn_that_fails_is_taken_up_again_when_its_heartbeat_has_lapsed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver)
        await world.happen("a")
        await world.read()
        with monkeypatch.context() as patch:
            patch.setattr("largesse.delivery.webhooks.signed_headers", lambda *_: 1 / 0)
            await world.sender.send()
        await world.sender._beat()
        assert receiver.got == []
        world.clock.pass_(world.sender.lapse_s - 1)
        await world.sender.send()
        assert receiver.got == []
        world.clock.pass_(2)
        await world.sender.send()
    assert names(receiver) == ["a"]


async def test_a_project_whose_events_cannot_be_read_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, pool: Pool
) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver)
        other = await pool.fetchval("INSERT INTO projects (public_id, name) VALUES ('proj_O', 'O') RETURNING id")
        await pool.execute(
            "INSERT INTO event_cursors (project_id, reader, xid, seq, moved_at)"
            " VALUES ($1, 'webhooks', '0', 0, '2000-01-01')",
            other,
        )
        await pool.execute(
            "INSERT INTO webhooks (project_id, id, target_url, events, created_at)"
            " VALUES ($1, 'wh_o', 'http://localhost', '{voucher.created}', '2000-01-01')",
            other,
        )
        await pool.execute(
            "INSERT INTO events (project_id, id, type, entity_id, data)"
            " VALUES ($1, 'ev_o', 'voucher.created', 'v', '{\"voucher\": 7}')",
            other,
        )
        await world.happen("a")
        await world.work()  # and doesn't spin
    assert names(receiver) == ["a"]
    assert (await pool.fetchval("SELECT xid::text FROM event_cursors WHERE project_id = $1", other)) == "0"


async def running(sender: Sender, until: Callable[[], bool]) -> None:
    task = asyncio.create_task(sender.run())
    async with asyncio.timeout(15):
        while not until():
            await asyncio.sleep(0.02)
    sender.stop.set()
    await task


async def test_it_runs_by_itself_and_stops_when_told(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver)
        world.sender.clock = lambda: datetime.now(UTC)
        await world.happen("a", "b", "c")
        await running(world.sender, lambda: len(receiver.got) == 3)
    assert {row["status"] for row in await world.rows()} == {"DELIVERED"}
    assert (
        await world.pool.fetchval("SELECT count(*) FROM webhook_turns WHERE worker IS NOT NULL OR due_at IS NOT NULL")
        == 0
    )


async def test_what_waits_behind_a_later_try_does_not_call_its_turn_before(world: World) -> None:
    """`work` goes on as long as a turn comes: it would never end if one came that has nothing to send."""
    async with receiving(refusing(500)) as receiver:
        await world.webhook(receiver)
        await world.happen("a", entity="cust_1")
        await world.work()
        await world.happen("b", "c", entity="cust_1")
        async with asyncio.timeout(10):
            await world.work()
        assert names(receiver) == ["a"]
        assert {row["due_at"] for row in await world.rows()} == {world.clock.now + timedelta(seconds=RETRIES_S[0])}
        receiver.behave = lambda _: answer(200)
        world.clock.pass_(RETRIES_S[0])
        await world.work()
    assert names(receiver) == ["a", "a", "b", "c"]


async def test_a_sender_that_slept_over_its_turn_does_not_know_it_as_its_own(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver)
        await world.happen("a")
        await world.read()
        [before] = await world.sender._claim(1)
        world.clock.pass_(world.sender.lapse_s + 1)
        [now] = await world.sender._claim(1)
        assert before != now
        async with world.pool.acquire() as connection:
            assert await store.beat(connection, world.clock.now, [before, now]) == [now]
            async with connection.transaction():
                await store.release_turn(connection, before, world.clock.now)
            assert await store.beat(connection, world.clock.now, [now]) == [now]
