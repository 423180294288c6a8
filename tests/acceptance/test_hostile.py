"""While customers publish, others send nonsense, ten megabytes, a byte a second, or hang up: nobody's code suffers."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

import msgspec
import pytest

from bench.hostile_load import HostileOrder, HostileResult
from bench.system import below, pss_mb
from tests.acceptance.load import check_kept, describe, publishing
from tests.acceptance.server import Server, data_folder, serving, wait_until
from tests.acceptance.test_kills import is_generated, make_campaign

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SECONDS: Final = 12.0
SLOW: Final = 100
ROOM_MB: Final = 120.0
"""What the API processes may have more than before, all large bodies being over: the heap of some of 10 MB."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with data_folder() as data, serving(data) as running:
        yield running


def annoy(server: Server, campaign: str) -> HostileResult:
    key = server.key()
    order = HostileOrder(
        host="127.0.0.1",
        port=server.port,
        app_id=key["X-App-Id"],
        token=key["X-App-Token"],
        campaign=campaign,
        seconds=SECONDS,
        run=f"hostile-{time.time_ns()}",
        slow=SLOW,
    )
    command = [sys.executable, "-m", "bench.hostile_load"]
    told = subprocess.run(command, input=msgspec.json.encode(order), capture_output=True, check=True, timeout=120)
    return msgspec.json.decode(told.stdout, type=HostileResult)


def api_mb(server: Server) -> float:
    return sum(pss_mb(pid) for parent in server.children("runtime.api") for pid in (parent, *below(parent)))


def test_bad_input_under_load_costs_nobody_a_code(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = make_campaign(server, 60_000)
    assert wait_until(lambda: is_generated(server, campaign), 30)
    before = server.children("runtime.api"), api_mb(server)
    with publishing(server, campaign) as ledger:
        heard = annoy(server, campaign).answers
    assert ledger.faults == []
    assert (ledger.unanswered, ledger.unavailable) == (0, 0)
    assert ledger.acknowledged
    assert set(heard["invalid body"]) == {"400"}
    assert set(heard["unknown campaign"]) == {"404"}
    assert set(heard["10 MB, valid"]) == {"200"}
    assert set(heard["10 MB, all of it wrong"]) == {"400"}
    # The same processes answer on, without what they were sent.
    assert server.children("runtime.api") == before[0]
    assert wait_until(lambda: api_mb(server) < before[1] + ROOM_MB, 20)
    assert server.is_ready()
    stored = asyncio.run(check_kept(server.attach()["url"], campaign, ledger))
    with capsys.disabled():
        print(f"\n{describe(ledger, stored, 'bad input')}")
