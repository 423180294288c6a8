"""A customer enters a segment once for each change, whoever looks at the same moment (32 real connections)."""

import asyncio
import contextlib

import asyncpg
import pytest

from largesse.actions import memberships
from largesse.actions.customers import delete_customer, save_customer
from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.actions.segments import create_segment
from largesse.domain.errors import NotFound
from largesse.store import segments as store
from largesse.store.connection import is_unavailable, set_codecs
from largesse.wire.customers import CustomerInput
from largesse.wire.metadata import Metadata
from largesse.wire.segments import SegmentInput
from tests.races.conftest import CONNECTIONS

GOLD = SegmentInput(name="S", type="auto-update", filter=Metadata({"name": {"conditions": {"$is": "gold"}}}))
CUSTOMERS = 20
IDS = IdSource()
SEQUENCES = "SELECT array_agg(type ORDER BY xid, seq) AS types FROM events WHERE type LIKE 'customer.segment.%' GROUP BY entity_id"


@pytest.fixture
async def connections(database_url):
    made = await asyncio.gather(*(asyncpg.connect(database_url) for _ in range(CONNECTIONS)))
    for connection in made:
        await set_codecs(connection)
    yield made
    await asyncio.gather(*(connection.close() for connection in made))


async def act(connection, project, what) -> None:
    """Try again what a deadlock or a lost race undid, as callers do."""
    for _ in range(100):
        try:
            with contextlib.suppress(NotFound):
                async with connection.transaction():
                    await what(Scope(connection, project, IDS, "v-test", "test"))
        except Exception as error:
            if not is_unavailable(error):
                raise
        else:
            return


async def play(connections, project, segment_id: str) -> None:
    """Some change customers, some delete them, some read the log, some pass over everybody."""

    async def one(number: int, connection) -> None:
        for n in range(30):
            source_id = f"c{(n * 7 + number) % CUSTOMERS}"
            match number % 4:
                case 0:
                    sent = CustomerInput(source_id=source_id, name="gold" if (n + number // 4) % 2 else "tin")
                    await act(connection, project, lambda scope, sent=sent: save_customer(scope, sent))
                    await asyncio.sleep(0.05)  # so that somebody looks between two changes
                case 1 if n % 10 == 5:
                    await act(connection, project, lambda scope, name=source_id: delete_customer(scope, name))
                case 2:
                    await act(connection, project, memberships.read_chunk)
                case _:
                    await act(connection, project, lambda scope: memberships.sync_chunk(scope, segment_id))

    await asyncio.gather(*(one(*each) for each in enumerate(connections)))


async def prepared(connections, project) -> str:
    async with connections[0].transaction():
        scope = Scope(connections[0], project, IDS, "v-test", "test")
        segment = await create_segment(scope, GOLD)
        await memberships.sync_chunk(scope, segment.id)
    return segment.id


async def settled(connections, project) -> None:
    while await connections[0].fetchval(
        "SELECT EXISTS (SELECT FROM events e JOIN event_cursors c USING (project_id) WHERE (e.xid, e.seq) > (c.xid, c.seq))"
    ):
        await act(connections[0], project, memberships.read_chunk)
        await asyncio.sleep(0.01)


async def test_entered_and_left_take_turns_and_the_rows_are_right(connections, pool, project):
    segment_id = await prepared(connections, project)
    await play(connections, project, segment_id)
    await settled(connections, project)
    inside = {row["customer_id"] for row in await pool.fetch("SELECT customer_id FROM segment_members")}
    assert inside == {
        row["id"] for row in await pool.fetch("SELECT id FROM customers WHERE name = 'gold' AND deleted_at IS NULL")
    }
    sequences = [row["types"] for row in await pool.fetch(SEQUENCES)]
    assert sum(map(len, sequences)) > CUSTOMERS
    for types in sequences:
        assert types[::2] == ["customer.segment.entered"] * len(types[::2]), types
        assert types[1::2] == ["customer.segment.left"] * len(types[1::2]), types
    assert sum(len(types) % 2 for types in sequences) == len(inside)


@pytest.mark.own_database
async def test_without_the_primary_key_and_the_lock_somebody_enters_twice(connections, pool, project, monkeypatch):
    """The race took place."""
    segment_id = await prepared(connections, project)
    await pool.execute("ALTER TABLE segment_members DROP CONSTRAINT segment_members_pkey")
    refresh = store.SQL["refresh_members"].replace(
        "ON CONFLICT (project_id, segment_id, customer_id) DO NOTHING",
        "",
    ).replace("SELECT $1, $2, inside.id FROM inside ORDER", "SELECT $1, $2, inside.id FROM inside WHERE NOT EXISTS (SELECT FROM segment_members m WHERE m.project_id = $1 AND m.segment_id = $2 AND m.customer_id = inside.id) ORDER")  # fmt: skip
    lock = store.SQL["lock_segment"].replace("FOR NO KEY UPDATE", "")
    monkeypatch.setattr(
        store,
        "SQL",
        {**store.SQL, "refresh_members": refresh, "lock_segment": lock, "take_turn": "SELECT $1::int, $2::int"},
    )
    await pool.execute("INSERT INTO customers (project_id, id, name) SELECT $1, 'cust_' || n, 'gold' FROM generate_series(1, 50) n", project.id)  # fmt: skip
    gate = asyncio.Barrier(len(connections))

    async def sync(connection) -> None:
        await gate.wait()
        await act(connection, project, lambda scope: memberships.sync_chunk(scope, segment_id))

    await asyncio.gather(*(sync(connection) for connection in connections))
    assert await pool.fetchval("SELECT count(*) FROM segment_members") > 50
