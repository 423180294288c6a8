"""Workers die, or fall asleep, in the middle of a distribution; the SMTP server's log is the witness.

LARGESSE_KILL_RECIPIENTS=10000 LARGESSE_KILLS=20 is the long form.
"""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter

import pytest

from largesse.actions import distributions
from largesse.actions.distributions import Judged
from largesse.wire.distributions import DistributionInput
from largesse.wire.parse import parse_value
from tests.actions.conftest import assert_counters_are_exact, scopes
from tests.conftest import ROOT
from tests.delivery.smtp_receiver import Receiver, serving
from tests.factories.campaigns import make_campaign
from tests.factories.distributions import manual
from tests.factories.vault import VAULT
from tests.jobs.test_kill import LAPSE_S
from tests.races.conftest import broken_promises

__all__ = ["scopes"]

RECIPIENTS = int(os.environ.get("LARGESSE_KILL_RECIPIENTS", "1500"))
KILLS = int(os.environ.get("LARGESSE_KILLS", "6"))


async def worker(database_url: str, address: str) -> Process:
    arguments = ("-m", "tests.jobs.worker_process", database_url, str(LAPSE_S), f"smtp://{address}")
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)


async def start(scopes, pool, project) -> str:
    await make_campaign(pool, project, name="c", vouchers_count=RECIPIENTS + 100)
    await pool.execute(
        "INSERT INTO customers (project_id, id, source_id, name, email) SELECT $1, 'cust_' || lpad(n::text, 6, '0'),"
        " 's' || n, 'N' || n, 'n' || n || '@example.com' FROM generate_series(1, $2::int) n",
        project.id,
        RECIPIENTS,
    )
    await pool.execute("ANALYZE")
    async with scopes() as scope:
        made = await distributions.create_distribution(scope, Judged(parse_value(manual(), DistributionInput)), VAULT)
        await distributions.schedule_distribution(scope, made.id, now=True)
    return made.id


async def counts(pool) -> Counter[str]:
    rows = await pool.fetch("SELECT state, count(*) AS n FROM distribution_messages GROUP BY state")
    return Counter({row["state"]: row["n"] for row in rows})


async def until_done(pool) -> None:
    while await pool.fetchval("SELECT status FROM distributions") != "DONE":
        await asyncio.sleep(0.1)


async def assert_right(pool, project, receiver: Receiver) -> Counter[str]:
    """Nobody is missed, nobody has it twice, the codes add up."""
    assert max(receiver.recipients.values()) == 1
    state = await counts(pool)
    assert state["accepted"] + state["unknown"] == RECIPIENTS
    rows = await pool.fetch(
        "SELECT c.email, m.state, l.code, p.result FROM distribution_messages m"
        " JOIN customers c ON c.project_id = m.project_id AND c.id = m.customer_id"
        " JOIN publications p ON p.project_id = m.project_id AND p.id = m.publication_id"
        " JOIN publication_vouchers l ON l.project_id = m.project_id AND l.publication_id = p.id"
    )
    assert len(rows) == RECIPIENTS
    assert len({row["code"] for row in rows}) == RECIPIENTS
    written = {str(one["To"]): one.get_content().split()[-1] for one in receiver.messages}
    for row in rows:
        assert row["result"] == ("SUCCESS" if row["state"] == "accepted" else "HELD")
        if row["state"] == "accepted" or row["email"] in written:
            assert written[row["email"]] == row["code"]
    await assert_counters_are_exact(pool, project)
    await pool.execute("ANALYZE")
    assert await broken_promises(pool, project) == set()
    return state


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_distribution_whose_worker_is_killed_again_and_again_reaches_everybody_once(
    scopes, pool, project, database_url
):
    await start(scopes, pool, project)
    receiver = Receiver()
    chance = random.Random(7)
    with serving(receiver) as address:
        for kill in range(KILLS):
            process = await worker(database_url, address)
            before = sum(receiver.recipients.values())
            try:
                while sum(receiver.recipients.values()) == before:
                    await asyncio.sleep(0.005)
                await asyncio.sleep(chance.uniform(0, 0.25 * RECIPIENTS / 1500))
            finally:
                process.send_signal(signal.SIGKILL)
                await process.wait()
            assert await pool.fetchval("SELECT status FROM distributions") == "IN_PROGRESS", f"too late: {kill}"
        process = await worker(database_url, address)
        try:
            await until_done(pool)
        finally:
            process.kill()
            await process.wait()
    print(await assert_right(pool, project, receiver))


async def stop_between_transactions(pool, process: Process) -> None:
    """With messages in its hands, but no lock: that would make the other wait for the database's own time limit."""
    while True:
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.05)
        busy = await pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'largesse-jobs' AND state <> 'idle'"
        )
        if not busy and (await counts(pool))["sending"]:
            return
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_worker_that_wakes_up_after_it_was_taken_for_dead_sends_nothing_twice(
    scopes, pool, project, database_url
):
    await start(scopes, pool, project)
    receiver = Receiver()
    with serving(receiver) as address:
        sleeper = await worker(database_url, address)
        other = None
        try:
            while sum(receiver.recipients.values()) < 50:
                await asyncio.sleep(0.005)
            await stop_between_transactions(pool, sleeper)
            other = await worker(database_url, address)
            seen = sum(receiver.recipients.values())
            while sum(receiver.recipients.values()) < seen + 50:
                await asyncio.sleep(0.01)
            sleeper.send_signal(signal.SIGCONT)
            await until_done(pool)
            await asyncio.sleep(1)  # what the sleeper saw is written down too
        finally:
            for process in (sleeper, other):
                if process is not None:
                    process.kill()
                    await process.wait()
    print(await assert_right(pool, project, receiver))
