"""Senders die, kill -9: nothing is lost, and what is sent again has the same id. Real processes, a real receiver."""

import asyncio
import random
import signal
import sys
from asyncio.subprocess import Process

import msgspec
import pytest

from largesse.actions import webhooks
from largesse.delivery.webhooks import AT_ONCE
from largesse.domain.projects import Project
from largesse.store import events
from largesse.store.connection import Pool
from largesse.wire.webhooks import WebhookInput
from tests.actions.conftest import Scopes, scopes
from tests.conftest import ROOT
from tests.delivery.receiver import Got, answer, receiving
from tests.factories.vault import VAULT

__all__ = ["scopes"]

COUNT = 600
LAPSE_S = 1.0
EVENT = "customer.custom_event"


async def start(database_url: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.delivery.sender_process", database_url, str(LAPSE_S), cwd=ROOT
    )


async def pending(pool: Pool) -> int:
    return int(
        await pool.fetchval(
            "SELECT (SELECT count(*) FROM events) - (SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED')"
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_killed_again_and_again_nothing_is_lost_and_ids_stay(
    scopes: Scopes, pool: Pool, project: Project, database_url: str
) -> None:
    chance = random.Random(5)

    def behave(_: Got) -> bytes | None:  # sometimes the line drops after it was received
        return None if chance.random() < 0.01 else answer(200)

    async with receiving(behave) as receiver:
        async with scopes() as scope:
            wanted = WebhookInput(target_url=receiver.url, events=[EVENT])
            await webhooks.create_webhook(scope, wanted, allow_private=True, vault=VAULT)
        async with scopes() as scope:
            for n in range(COUNT):
                # A few entities with many events each, and many with one.
                entity = f"cust_{n % 7}" if n % 3 == 0 else f"cust_{n}"
                await events.append_event(
                    scope.connection, project.id, f"ev_{n}", EVENT, entity, {"n": n, "entity": entity}, "v-1", "key"
                )
        kills = 0
        async with asyncio.timeout(90):
            while await pending(pool) > 0:
                # What dropped is due in a minute: let that minute pass.
                await pool.execute("UPDATE webhook_deliveries SET due_at = now() WHERE status = 'PENDING'")
                await pool.execute("UPDATE webhook_turns SET due_at = now()")
                process = await start(database_url)
                seen = len(receiver.got)
                for _ in range(200):
                    if len(receiver.got) > seen + 60 or await pending(pool) == 0:
                        break
                    await asyncio.sleep(0.02)
                await asyncio.sleep(chance.uniform(0, 0.05))
                process.send_signal(signal.SIGKILL)
                await process.wait()
                kills += 1
    bodies = [msgspec.json.decode(got.body) for got in receiver.got]
    print(f"{kills} kills, {len(bodies)} messages for {COUNT} events")
    assert kills >= 4
    ids = {body["event"]["id"]: body["id"] for body in bodies}
    assert len(ids) == COUNT  # nothing lost
    assert all(ids[body["event"]["id"]] == body["id"] for body in bodies)  # the same id each time
    assert await pool.fetchval("SELECT count(DISTINCT id) FROM webhook_deliveries") == COUNT
    last: dict[str, int] = {}
    first_seen: set[int] = set()
    for body in bodies:  # whoever looks at an id once sees each entity in order
        n, entity = body["data"]["n"], body["data"]["entity"]
        if n not in first_seen:
            assert last.get(entity, -1) < n
            first_seen.add(n)
            last[entity] = n


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_stopped_for_longer_than_its_heartbeat_and_going_on_it_takes_nothing_back(
    scopes: Scopes, pool: Pool, project: Project, database_url: str
) -> None:
    async with receiving(delay_s=0.05) as receiver:
        async with scopes() as scope:
            wanted = WebhookInput(target_url=receiver.url, events=[EVENT])
            await webhooks.create_webhook(scope, wanted, allow_private=True, vault=VAULT)
        async with scopes() as scope:
            for n in range(300):
                await events.append_event(
                    scope.connection, project.id, f"ev_{n}", EVENT, f"cust_{n}", {"n": n}, "v-1", "key"
                )
        first = await start(database_url)
        second = None
        try:
            async with asyncio.timeout(90):
                while len(receiver.got) < 30:
                    await asyncio.sleep(0.02)
                first.send_signal(signal.SIGSTOP)
                second = await start(database_url)
                await asyncio.sleep(LAPSE_S)
                while len(receiver.got) < 60:
                    await asyncio.sleep(0.02)
                first.send_signal(signal.SIGCONT)
                while await pending(pool) > 0:
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.5)
        finally:
            for process in (first, second):
                if process is not None:
                    process.kill()
                    await process.wait()
    bodies = [msgspec.json.decode(got.body) for got in receiver.got]
    ids = {body["event"]["id"]: body["id"] for body in bodies}
    assert len(ids) == len(set(ids.values())) == 300
    assert all(ids[body["event"]["id"]] == body["id"] for body in bodies)
    # At most what was under way when it was stopped was sent twice, and when it went on.
    assert len(bodies) <= 300 + 2 * AT_ONCE
    statuses = await pool.fetch("SELECT status, count(*) FROM webhook_deliveries GROUP BY status")
    assert [tuple(row) for row in statuses] == [("DELIVERED", 300)]
