"""I2 (docs/semantics/promises.md): whatever is killed with -9 under load, what was acknowledged stays, and nothing is published twice."""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.acceptance.load import check_kept, describe, publishing
from tests.acceptance.server import Server, data_folder, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

CODES = 40_000


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Server]:
    """One for all tests: each leaves it running."""
    with serving(data, "--processes", "2") as server:
        yield server


def make_campaign(server: Server, count: int) -> str:
    body = {
        "name": f"campaign-{secrets.token_hex(4)}",
        "campaign_type": "DISCOUNT_COUPONS",
        "type": "STATIC",
        "vouchers_count": count,
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": 10},
            "code_config": {"length": 12},
        },
    }
    status, _, campaign = server.call("POST", "/v1/campaigns", body)
    assert status == 200, campaign
    campaign_id: str = campaign["id"]
    return campaign_id


def is_generated(server: Server, campaign: str) -> bool:
    found = server.call("GET", f"/v1/campaigns/{campaign}")[2]
    return bool(found["vouchers_generation_status"] == "DONE")


def test_nothing_acknowledged_is_lost_when_api_processes_are_killed(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    def kill_one() -> None:
        before = server.children("largesse.runtime.api")
        os.kill(before[0], signal.SIGKILL)
        assert wait_until(lambda: len(set(server.children("largesse.runtime.api")) - set(before)) == 1, 10)

    kill_under_load(server, kill_one, "6 API processes", times=6, pause_s=1.0, capsys=capsys)


def test_nothing_acknowledged_is_lost_when_postgres_is_killed(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    def kill_postgres() -> None:
        killed = server.postgres_pid()
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: server.children("/bin/postgres") not in ([], [killed]), 10)
        assert wait_until(server.is_ready, 15)

    kill_under_load(server, kill_postgres, "PostgreSQL 4 times", times=4, pause_s=1.5, capsys=capsys)


def kill_under_load(
    server: Server,
    kill: Callable[[], None],
    what: str,
    *,
    times: int,
    pause_s: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    campaign = make_campaign(server, CODES)
    assert wait_until(lambda: is_generated(server, campaign), 20)
    with publishing(server, campaign) as ledger:
        for _ in range(times):
            time.sleep(pause_s)
            kill()
        time.sleep(pause_s)
        assert wait_until(server.is_ready, 15)
    stored = asyncio.run(check_kept(server.attach()["url"], campaign, ledger))
    with capsys.disabled():
        print("\n" + describe(ledger, stored, f"killed {what}"))
    assert ledger.faults == []
    assert len(ledger.acknowledged) > 100 * times
    assert ledger.unanswered + ledger.unavailable > 0, "no kill was felt: nothing was proven"


def test_nothing_acknowledged_is_lost_when_the_parent_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    with data_folder() as data, contextlib.ExitStack() as stack:
        first = current = stack.enter_context(serving(data, "--processes", "2"))
        campaign = make_campaign(first, CODES)
        assert wait_until(lambda: is_generated(first, campaign), 20)
        with publishing(first, campaign) as ledger:
            for _ in range(3):
                time.sleep(1.5)
                current.stop(signal.SIGKILL)
                current = Server(data, "--processes", "2", port=first.port)
                stack.callback(current.close)
                current.wait_ready()
            time.sleep(1.5)
        stored = asyncio.run(check_kept(current.attach()["url"], campaign, ledger))
    with capsys.disabled():
        print("\n" + describe(ledger, stored, "killed the parent 3 times"))
    assert ledger.faults == []
    assert len(ledger.acknowledged) > 300
    assert ledger.unanswered > 0, "no kill was felt: nothing was proven"


def test_a_generation_whose_process_is_killed_makes_exactly_the_codes_asked_for(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 100_000

    async def vouchers(campaign: str) -> int:
        connection = await asyncpg.connect(server.attach()["url"])
        try:
            found: int = await connection.fetchval("SELECT count(*) FROM vouchers WHERE campaign_id = $1", campaign)
            return found
        finally:
            await connection.close()

    campaign = make_campaign(server, count)
    seen = [0]
    for _ in range(2):
        assert wait_until(lambda: asyncio.run(vouchers(campaign)) > seen[-1], 20)
        (pid,) = server.children("largesse.runtime.work")
        os.kill(pid, signal.SIGKILL)
        seen.append(asyncio.run(vouchers(campaign)))
    assert all(number < count for number in seen), f"killed too late: {seen}"
    assert wait_until(lambda: is_generated(server, campaign), 30)
    assert asyncio.run(vouchers(campaign)) == count
    assert server.call("GET", f"/v1/campaigns/{campaign}")[2]["vouchers_count"] == count
    with capsys.disabled():
        print(f"\nkilled the job process with {seen[1:]} of {count} codes made; {count} in the end")
