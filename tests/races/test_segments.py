"""A project has no more filter segments than it may, whoever makes one at the same moment (32 real connections)."""

import asyncio
from collections import Counter

import asyncpg
import pytest

from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.actions.segments import create_segment
from largesse.domain import segments as domain
from largesse.domain.errors import InvalidPayload
from largesse.store import segments as store
from largesse.store.connection import set_codecs
from largesse.wire.metadata import Metadata
from largesse.wire.segments import SegmentInput
from tests.races.conftest import CONNECTIONS

ALLOWED = 20
SENT = SegmentInput(name="S", filter=Metadata({"email": {"conditions": {"$is": "x"}}}))


@pytest.fixture
async def connections(database_url):
    made = await asyncio.gather(*(asyncpg.connect(database_url) for _ in range(CONNECTIONS)))
    for connection in made:
        await set_codecs(connection)
    yield made
    await asyncio.gather(*(connection.close() for connection in made))


async def race(connections, project) -> Counter[str]:
    """Everybody makes one at once: how it ended for them."""
    ids, gate = IdSource(), asyncio.Barrier(len(connections))
    ended: Counter[str] = Counter()

    async def make(connection) -> None:
        await gate.wait()
        try:
            async with connection.transaction():
                await create_segment(Scope(connection, project, ids, "v-test", "test"), SENT)
                await asyncio.sleep(0.01)  # the others come to the same slot before the commit
        except InvalidPayload:
            ended["refused"] += 1
        else:
            ended["made"] += 1

    await asyncio.gather(*(make(connection) for connection in connections))
    return ended


async def test_there_are_never_more_than_allowed(connections, pool, project, monkeypatch):
    monkeypatch.setattr(domain, "FILTERED_MAX", ALLOWED)
    assert await race(connections, project) == {"made": ALLOWED, "refused": CONNECTIONS - ALLOWED}
    slots = await pool.fetch("SELECT slot FROM segments ORDER BY slot")
    assert [row["slot"] for row in slots] == list(range(1, ALLOWED + 1))


@pytest.mark.own_database
async def test_the_unique_slot_is_what_holds_it(connections, pool, project, monkeypatch):
    """Without it there are more: the race took place."""
    monkeypatch.setattr(domain, "FILTERED_MAX", ALLOWED)
    await pool.execute("DROP INDEX segments_slot")
    statement = store.SQL["create_segment"].replace("ON CONFLICT (project_id, slot) DO NOTHING", "")
    monkeypatch.setattr(store, "SQL", {**store.SQL, "create_segment": statement})
    ended = await race(connections, project)
    assert ended["made"] > ALLOWED
