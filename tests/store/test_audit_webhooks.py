"""`largesse audit` on the event log and webhooks (I8)."""

import asyncio

import pytest

from largesse.actions import deliveries, webhooks
from largesse.delivery.posting import Poster
from largesse.delivery.webhooks import Sender
from largesse.store import audit
from largesse.store.events import append_event
from largesse.wire.webhooks import WebhookInput
from tests.actions.conftest import scopes
from tests.delivery.receiver import answer, receiving
from tests.events.log import readable
from tests.factories.vault import VAULT

__all__ = ["scopes"]


@pytest.fixture
async def told(pool, project, scopes):
    """One message delivered, one that waits for its next try, one webhook that is gone."""

    async def happen(name):
        async with scopes() as scope:
            await append_event(
                scope.connection, project.id, name, "customer.custom_event", name, {"n": name}, "v-1", "key"
            )

    answers = [200, 500, 410]
    async with (
        receiving(lambda _: answer(answers.pop(0))) as receiver,
        Poster(allow_private=True, vault=VAULT) as poster,
    ):
        sender = Sender(pool, poster, asyncio.Event())

        async def work():
            await readable(pool)
            while await sender.read():
                pass
            await sender.send()

        wanted = WebhookInput(target_url=receiver.url, events=["customer.custom_event"])
        async with scopes() as scope:
            await webhooks.create_webhook(scope, wanted, allow_private=True, vault=VAULT)
        for name in ("a", "b"):
            await happen(name)
            await work()
        async with scopes() as scope:
            gone = await webhooks.create_webhook(scope, wanted, allow_private=True, vault=VAULT)
            await deliveries.send_test(scope, gone.id, None)
        await work()


async def broken(pool, project):
    async with pool.acquire() as connection:
        findings = [f async for f in audit.check_project(connection, project.id, project.public_id)]
    return {f.question for f in findings if f.rows}


async def test_sound_deliveries_have_no_findings(pool, project, told):
    statuses = [row["status"] for row in await pool.fetch("SELECT status FROM webhook_deliveries ORDER BY created_at")]
    assert statuses == ["DELIVERED", "PENDING", "PARKED"]
    assert await broken(pool, project) == set()


@pytest.mark.parametrize(
    ("question", "damage"),
    [
        ("no delivery vanished", "DELETE FROM webhook_deliveries WHERE event_id = 'a'"),
        ("pending deliveries have their turn", "UPDATE webhook_turns SET due_at = NULL, worker = NULL"),
        ("pending deliveries have their turn", "UPDATE webhook_turns SET due_at = now() + interval '2 days'"),
        ("what ended says why", "UPDATE webhook_deliveries SET status = 'DELIVERED', ended_at = now()"),
        ("what ended says why", "UPDATE webhook_deliveries SET reason = NULL"),
        ("every attempt is recorded", "DELETE FROM webhook_attempts"),
        ("no reader is ahead", "UPDATE event_cursors SET xid = '99999999999999'"),
    ],
)
async def test_a_broken_promise_is_found(pool, project, told, question, damage):
    await pool.execute(damage)
    assert question in await broken(pool, project)
