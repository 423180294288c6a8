"""An export that publishes, beside customers who take codes of the same campaign and by name: no code twice."""

import asyncio
import csv
import io

import pytest

from largesse.actions import exports
from largesse.jobs.worker import Worker
from largesse.wire.exports import ExportInput
from tests.actions.conftest import scopes
from tests.factories.campaigns import make_campaign
from tests.factories.publications import nameless, request
from tests.races.conftest import Race, broken_promises

__all__ = ["scopes"]

CODES = 3_000
CALLERS = 1_200


@pytest.mark.row("A113")
@pytest.mark.slow
async def test_no_code_goes_out_in_a_file_and_from_the_pool(race: Race, scopes, pool, project, monkeypatch, capsys):
    monkeypatch.setattr(exports, "CHUNK", 50)
    campaign_id = await make_campaign(pool, project, vouchers_count=CODES)
    named = [row["code"] for row in await pool.fetch("SELECT code FROM vouchers ORDER BY id LIMIT 300")]
    async with scopes() as scope:
        export = await exports.create_export(scope, ExportInput(exported_object="voucher"))

    async def work() -> None:
        await asyncio.sleep(0.05)
        worker = Worker(pool, asyncio.Event(), slice_s=0)
        while await pool.fetchval("SELECT count(*) FROM jobs"):
            await worker.step()

    asked = [request(nameless(), campaign=campaign_id) for _ in range(CALLERS)]
    asked += [request(nameless(), voucher=code) for code in named]
    verdicts, _ = await asyncio.gather(race.run(asked), work())
    assert await pool.fetchval("SELECT status FROM exports") == "DONE"
    pieces = await pool.fetch("SELECT content FROM export_pieces WHERE export_id = $1 ORDER BY number", export.id)
    text = b"".join(piece["content"] for piece in pieces).decode()
    in_file = {row["Code"] for row in csv.DictReader(io.StringIO(text))}
    by_pool = {verdict.publication.codes[0] for verdict in verdicts[:CALLERS] if verdict.publication is not None}
    by_csv = {row[0] for row in await pool.fetch("SELECT first_code FROM publications WHERE channel = 'CSV'")}
    with capsys.disabled():
        print(f"\n    export: {len(by_csv)} by file, {len(by_pool)} from the pool", end="")
    assert by_csv, "the pool was empty before the export began"
    assert by_pool, "the export was done before anybody asked"
    assert not by_csv & by_pool, "given out in a file and from the pool"
    assert by_csv <= in_file
    free = {row[0] for row in await pool.fetch("SELECT code FROM vouchers WHERE state IN (0, 1)")}
    assert not free & in_file
    assert await broken_promises(pool, project) == set()
