"""Workers die while they keep a segment up to date: nobody enters it twice, and nobody is forgotten."""

import asyncio
import random
import signal

import pytest

from largesse.actions.segments import create_segment
from largesse.wire.metadata import Metadata
from largesse.wire.segments import SegmentInput
from tests.actions.conftest import scopes
from tests.jobs.test_kill import worker

__all__ = ["scopes"]

CUSTOMERS = 30_000
CHANGED = 10_000
KILLS = 4
MADE = "INSERT INTO customers (project_id, id, name) SELECT $1, 'cust_' || lpad(n::text, 8, '0'), CASE WHEN n % 2 = 0 THEN 'gold' END FROM generate_series(1, $2::int) n"
CHANGE = "UPDATE customers SET name = 'gold', updated_at = now() WHERE project_id = $1 AND id IN (SELECT id FROM customers WHERE name IS NULL LIMIT $2)"
LOGGED = "INSERT INTO events (project_id, id, type, entity_id, data) SELECT project_id, 'ev_' || id, 'customer.updated', id, '{}' FROM customers WHERE project_id = $1 AND updated_at IS NOT NULL"


@pytest.mark.slow
async def test_a_segment_whose_worker_is_killed_again_and_again_is_right(scopes, pool, project, database_url):
    await pool.execute(MADE, project.id, CUSTOMERS)
    async with scopes() as scope:
        sent = SegmentInput(name="S", type="auto-update", filter=Metadata({"name": {"conditions": {"$is": "gold"}}}))
        await create_segment(scope, sent)
    await asyncio.sleep(0.01)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(CHANGE, project.id, CHANGED)
        await connection.execute(LOGGED, project.id)
    chance, how_far = random.Random(7), "SELECT count(*) FROM segment_members"
    seen = 0
    for _ in range(KILLS):
        process = await worker(database_url)
        try:
            while (now := await pool.fetchval(how_far)) == seen:
                await asyncio.sleep(0.005)
            seen = now
            await asyncio.sleep(chance.uniform(0, 0.05))
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
    assert seen < CUSTOMERS // 2 + CHANGED, "killed too late to prove anything"
    process = await worker(database_url)
    try:
        while await pool.fetchval(how_far) < CUSTOMERS // 2 + CHANGED or await pool.fetchval(
            "SELECT count(*) FROM jobs"
        ):
            await asyncio.sleep(0.1)
    finally:
        process.kill()
        await process.wait()
    assert await pool.fetchval(how_far) == CUSTOMERS // 2 + CHANGED
    entered = "SELECT count(*), count(DISTINCT entity_id) FROM events WHERE type = 'customer.segment.entered'"
    assert tuple(await pool.fetchrow(entered)) == (CHANGED, CHANGED)
    assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'customer.segment.left'") == 0
