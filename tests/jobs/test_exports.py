"""The job of an export: its slots, attempts and leavings."""

import asyncio

import pytest

from largesse.actions import export_files, exports
from largesse.actions.export_files import Interrupted, write_file
from largesse.jobs import worker as worker_module
from largesse.jobs.handlers import HANDLERS, LONG, Handler
from largesse.jobs.worker import Worker
from largesse.store import exports as store
from largesse.wire.exports import ExportInput
from tests.actions.conftest import scopes, work_off
from tests.factories.campaigns import add_vouchers
from tests.jobs.test_worker import start, statuses

__all__ = ["scopes"]


async def begin(scopes, exported_object="customer"):
    async with scopes() as scope:
        return await exports.create_export(scope, ExportInput(exported_object=exported_object))


def units(pool, project):
    worker = Worker(pool, asyncio.Event())
    return lambda *, snapshot=False: worker._unit(project.id, snapshot=snapshot)


async def test_a_small_job_has_its_turn_beside_large_exports(scopes, pool, monkeypatch):
    """However many exports there are, one slot never takes any."""
    assert any(not kinds & LONG for kinds in worker_module.SLOTS)
    begun, go_on = 0, asyncio.Event()

    async def endless(_units, _id, _stopping):
        nonlocal begun
        begun += 1
        await go_on.wait()

    slow = Handler(exports.export_chunk, exports.fail_export, between=endless)
    monkeypatch.setattr(worker_module, "HANDLERS", {**HANDLERS, exports.JOB: slow})
    for _ in range(5):
        await begin(scopes)
    stop = asyncio.Event()
    task = asyncio.create_task(Worker(pool, stop).run())
    while begun < 2:
        await asyncio.sleep(0.01)
    await start(scopes, "small", 5)
    while await statuses(pool) != ["DONE"]:
        await asyncio.sleep(0.01)
    assert begun == 2
    stop.set()
    go_on.set()
    await task


async def test_an_overtaken_attempt_writes_in_vain(scopes, pool, project, monkeypatch):
    monkeypatch.setattr(export_files, "PIECE_BYTES", 1)
    async with scopes() as scope:
        await scope.connection.execute(
            "INSERT INTO customers (project_id, id, name) SELECT $1, 'cust_' || n, 'Ann' FROM generate_series(1, 9) n",
            project.id,
        )
    export = await begin(scopes)
    save = store.save_piece
    overtaken = False

    async def overtake(*args):
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            await save(*args)
            await work_off(pool)
        return await save(*args)

    monkeypatch.setattr(store, "save_piece", overtake)
    with pytest.raises(Interrupted):
        await write_file(units(pool, project), export.id, lambda: False)
    row = await pool.fetchrow("SELECT status, attempt, rows, bytes FROM exports")
    assert tuple(row) == ("DONE", 2, 9, len("Name,Source ID\n") + 9 * len("Ann,\n"))
    await Worker(pool, asyncio.Event()).sweep()
    assert await pool.fetchval("SELECT sum(length(content)) FROM export_pieces") == row["bytes"]
    assert await pool.fetchval("SELECT min(attempt) FROM export_pieces") == 2


async def test_a_worker_that_stops_leaves_the_file_to_the_next(scopes, pool, project):
    export = await begin(scopes)
    stop = asyncio.Event()
    worker = Worker(pool, stop)
    async with scopes() as scope:
        await exports.export_chunk(scope, export.id)
    stop.set()
    assert await worker.step()
    row = await pool.fetchrow("SELECT tries, worker, run_at <= now()::timestamptz(3) AS due FROM jobs")
    assert tuple(row) == (0, None, True)
    await work_off(pool)
    assert await pool.fetchval("SELECT status FROM exports") == "DONE"


async def test_a_file_whose_time_is_up_goes_and_the_export_stays(scopes, pool, project):
    export = await begin(scopes)
    await work_off(pool)
    days = await pool.fetchval("SELECT file_until - updated_at FROM exports")
    assert days.days == exports.FILE_DAYS
    await Worker(pool, asyncio.Event()).sweep()
    assert await pool.fetchval("SELECT count(*) FROM export_pieces") == 1
    await pool.execute("UPDATE exports SET file_until = now()")
    await Worker(pool, asyncio.Event()).sweep()
    assert await pool.fetchval("SELECT count(*) FROM export_pieces") == 0
    async with scopes() as scope:
        found = await exports.get_export(scope, export.id)
    assert (found.status, found.available) == ("DONE", False)


async def test_one_export_is_one_moment(scopes, pool, project, monkeypatch):
    """What is published while the file is written isn't in it, in none of its pieces."""
    monkeypatch.setattr(export_files, "PIECE_BYTES", 1)
    await add_vouchers(pool, project, None, [f"V{n:04}" for n in range(5000)])
    async with scopes() as scope:
        sent = ExportInput(exported_object="voucher", parameters=None)
        await scope.connection.execute("UPDATE projects SET publish_on_voucher_export = false")
        export = await exports.create_export(scope, sent)
        await scope.connection.execute("UPDATE exports SET publishes = false, phase = 'file'")
    save = store.save_piece

    async def meanwhile(*args):
        await add_vouchers(pool, project, None, [f"W{args[4]}"])
        return await save(*args)

    monkeypatch.setattr(store, "save_piece", meanwhile)
    await work_off(pool)
    row = await pool.fetchrow("SELECT rows, pieces FROM exports WHERE id = $1", export.id)
    assert row["rows"] == 5000
    assert row["pieces"] > 1
