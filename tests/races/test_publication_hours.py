"""Publications are counted once by hour and day, however many processes read the log."""

import asyncio
import contextlib

from largesse.domain.projects import Project
from largesse.store.connection import Connection, Pool
from largesse.store.publication_hours import fold
from tests.factories.campaigns import make_campaign
from tests.factories.publications import request
from tests.races.conftest import Race, broken_promises

CODES = 600
FOLDERS = 4
CHUNK = 7
SUMS = """
SELECT (SELECT sum(succeeded + failed) FROM publication_hours)::int AS hours,
  (SELECT sum(succeeded + failed) FROM publication_days)::int AS days
"""


async def test_several_readers_count_everything_once(pool: Pool, project: Project, race: Race) -> None:
    campaign = await make_campaign(pool, project, vouchers_count=CODES - 100)
    await pool.execute(
        "INSERT INTO event_cursors (project_id, reader, xid, seq) VALUES ($1, 'hours', '0', 0) ON CONFLICT DO NOTHING",
        project.id,
    )
    ended = asyncio.Event()
    found: list[int | None] = []

    async def keep_folding(connection: Connection) -> None:
        while not ended.is_set():
            found.append(await fold(connection, project, CHUNK))

    async with contextlib.AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(pool.acquire()) for _ in range(FOLDERS)]
        folders = [asyncio.create_task(keep_folding(connection)) for connection in connections]
        await race.run([request(f"c{number}", campaign=campaign) for number in range(CODES)])
        ended.set()
        await asyncio.gather(*folders)
        while await fold(connections[0], project, CHUNK):
            pass
    assert found.count(None) > 0, "they never met"
    assert sum(bool(one) for one in found) > FOLDERS, "nobody counted while it happened"
    row = await pool.fetchrow(SUMS)
    assert row is not None
    assert tuple(row) == (CODES, CODES)
    assert await broken_promises(pool, project) == set()
