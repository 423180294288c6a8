"""A code has a referee once and a campaign refers a customer once, whoever says so at the same moment (32 connections)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from largesse.actions.campaigns import create_campaign
from largesse.actions.events import track_event
from largesse.actions.ids import IdSource
from largesse.actions.referrals import add_holders
from largesse.actions.scope import Scope
from largesse.domain.errors import HolderDuplication
from largesse.domain.referrals import Referral
from largesse.store import referrals as store
from largesse.store.connection import Connection, set_codecs
from largesse.wire.events import EventInput
from largesse.wire.parse import parse_value
from largesse.wire.referrals import HoldersInput
from tests.actions.conftest import campaign_input
from tests.races.conftest import CONNECTIONS

PROGRAM = {"conversion_event_type": "custom_event", "custom_event": {"name": "e"}}
BOB = {"source_id": "bob"}
COLUMNS = "$1::int, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text"


@pytest.fixture
async def connections(database_url):
    made = await asyncio.gather(*(asyncpg.connect(database_url) for _ in range(CONNECTIONS)))
    for connection in made:
        await set_codecs(connection)
    yield made
    await asyncio.gather(*(connection.close() for connection in made))


def in_project(connection: Connection, project: Any) -> Scope:
    return Scope(connection=connection, project=project, ids=IDS, request_id="v-test", actor="test")


IDS = IdSource()


@pytest.fixture
async def code(connections, pool, project) -> str:
    """Of a referrer; `bob` is a customer."""
    async with connections[0].transaction():
        sent = campaign_input(campaign_type="REFERRAL_PROGRAM", referral_program=PROGRAM, vouchers_count=1)
        await create_campaign(in_project(connections[0], project), sent)
    await pool.execute("UPDATE vouchers SET state = 3, holder_id = 'cust_ann', publish_count = 1")
    for name in ("ann", "bob"):
        await pool.execute(
            "INSERT INTO customers (project_id, id, source_id) VALUES ($1, 'cust_' || $2, $2)", project.id, name
        )
    return str(await pool.fetchval("SELECT code FROM vouchers"))


async def race(connections, project, act: Callable[[Scope, int], Awaitable[Any]]) -> Counter[str]:
    """Everybody does it at once: how it ended for them."""
    gate = asyncio.Barrier(len(connections))
    ended: Counter[str] = Counter()

    async def one(number: int, connection: Connection) -> None:
        await gate.wait()
        try:
            async with connection.transaction():
                await act(in_project(connection, project), number)
                await asyncio.sleep(0.01)
        except HolderDuplication:
            ended["refused"] += 1
        else:
            ended["done"] += 1

    await asyncio.gather(*(one(*each) for each in enumerate(connections)))
    return ended


async def add_bob(code: str, scope: Scope, number: int) -> None:
    """And somebody else, who must not stay behind."""
    holders = [{"source_id": f"n{number}"}, BOB]
    await add_holders(scope, code, parse_value({"holders": holders[:: 1 if number % 2 else -1]}, HoldersInput))


async def test_a_referee_is_added_once_and_with_nobody_else_of_the_losers(connections, pool, project, code):
    ended = await race(connections, project, lambda scope, number: add_bob(code, scope, number))
    assert ended == {"done": 1, "refused": CONNECTIONS - 1}
    assert await pool.fetchval("SELECT count(*) FROM referral_holders") == 2
    assert await pool.fetchval("SELECT count(*) FROM customers") == 3
    assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'customer.holder.assignment.created'") == 2


async def track_bob(code: str, scope: Scope) -> None:
    sent = {"event": "e", "customer": BOB, "referral": {"code": code}}
    await track_event(scope, parse_value(sent, EventInput))


async def test_a_customer_is_referred_once(connections, pool, project, code):
    ended = await race(connections, project, lambda scope, _: track_bob(code, scope))
    assert ended == {"done": CONNECTIONS}
    assert await pool.fetchval("SELECT count(*) FROM referrals") == 1
    assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'customer.referred'") == 1


async def refer(scope: Scope) -> None:
    """The fact alone: an event before it would hold the customer's row."""
    asked = Referral(
        campaign_id="camp_1",
        referrer_id="cust_ann",
        related_object_id="ev_1",
        related_object_type="custom_event",
        created_at=datetime.now(UTC),
    )
    await store.add_referral(
        scope.connection, scope.project.id, customer_id="cust_bob", voucher_id="v_1", referral=asked
    )


async def test_the_primary_key_alone_holds_it(connections, pool, project):
    await race(connections, project, lambda scope, _: refer(scope))
    assert await pool.fetchval("SELECT count(*) FROM referrals") == 1


@pytest.mark.own_database
async def test_without_the_primary_key_there_are_more(connections, pool, project, monkeypatch):
    await pool.execute("ALTER TABLE referrals DROP CONSTRAINT referrals_pkey")
    statement = (
        store.SQL["add_referral"]
        .replace("ON CONFLICT (project_id, campaign_id, customer_id) DO NOTHING", "")
        .replace("VALUES ($1, $2, $3, $4, $5, $6, $7)", f"SELECT {COLUMNS} WHERE NOT EXISTS (SELECT FROM referrals)")
    )
    monkeypatch.setattr(store, "SQL", {**store.SQL, "add_referral": statement})
    await race(connections, project, lambda scope, _: refer(scope))
    assert await pool.fetchval("SELECT count(*) FROM referrals") > 1
