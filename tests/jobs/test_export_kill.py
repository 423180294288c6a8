"""Workers die in the middle of an export that publishes; each code is in the file once and published once."""

import asyncio
import random
import signal

import pytest

from largesse.actions import exports
from largesse.wire.exports import ExportInput
from tests.actions.conftest import assert_counters_are_exact, scopes
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.factories.counters import all_counters
from tests.jobs.test_kill import worker
from tests.races.conftest import broken_promises

__all__ = ["scopes"]

CODES = 100_000
PIECE = 20_000
KILLS = 3


async def how_far(pool, project) -> str:
    row = await pool.fetchrow(
        "SELECT phase, held_after, (SELECT count(*) FROM export_pieces) AS pieces FROM exports WHERE project_id = $1",
        project.id,
    )
    return str((*row, await all_counters(pool, project.id)))


@pytest.mark.slow
@pytest.mark.timeout(240)  # sixteen workers are started
async def test_an_export_whose_worker_is_killed_again_and_again_publishes_every_code_once(
    scopes, pool, project, database_url
):
    campaign = await make_campaign(pool, project, vouchers_count=PIECE)
    for piece in range(CODES // PIECE - 1):
        await add_vouchers(pool, project, campaign, [f"{piece}-{number}" for number in range(PIECE)])
    async with scopes() as scope:
        export = await exports.create_export(scope, ExportInput(exported_object="voucher"))
    chance = random.Random(7)
    seen = await how_far(pool, project)
    phases: list[str] = []
    while phases.count("publish") < KILLS:
        process = await worker(database_url)
        try:
            while (now := await how_far(pool, project)) == seen:
                await asyncio.sleep(0.005)
            seen = now
            await asyncio.sleep(chance.uniform(0, 0.3))
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert await pool.fetchval("SELECT status FROM exports") != "DONE", "killed too late to prove anything"
        phases.append(await pool.fetchval("SELECT phase FROM exports"))
    print(phases)
    process = await worker(database_url)
    try:
        while await pool.fetchval("SELECT count(*) FROM jobs"):
            await asyncio.sleep(0.1)
    finally:
        process.kill()
        await process.wait()
    row = await pool.fetchrow("SELECT status, rows, pieces, attempt FROM exports")
    assert (row["status"], row["rows"]) == ("DONE", CODES)
    pieces = await pool.fetch("SELECT content FROM export_pieces WHERE attempt = $1 ORDER BY number", row["attempt"])
    assert len(pieces) == row["pieces"]
    lines = b"".join(piece["content"] for piece in pieces).decode().splitlines()
    assert len(set(lines)) == len(lines) == CODES + 1
    assert (
        await pool.fetchval("SELECT count(*) FROM publications WHERE metadata->>'export_id' = $1", export.id) == CODES
    )
    assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE state = 2 AND publish_count = 1") == CODES
    await assert_counters_are_exact(pool, project)
    await pool.execute("ANALYZE")
    assert await broken_promises(pool, project) == set()
