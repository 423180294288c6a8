"""A distribution of codes by webhook to a receiver on this machine, alone and beside people who publish."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from bench.campaigns import called, fill, make_campaign
from bench.database import checkpoint, execute, project_id
from bench.receiver import Got
from bench.report import Report
from bench.sizes import Sizes
from bench.system import System
from largesse.cli.rehearsal import Outcome, Plan, Rehearsal

RATE_MIN: Final = 1_000.0
GROWTH_MAX_MB: Final = 30.0
SLOWER_MAX: Final = 2.0
ASKED: Final = 50.0
"""Publications a second beside it: they arrive whether the server keeps up or not."""
CONNECTIONS: Final = 32
POLL_S: Final = 0.25
PATIENCE_S: Final = 1_800.0
CUSTOMERS: Final = (
    "INSERT INTO customers (project_id, id, source_id, name, email) SELECT $1, 'cust_' || lpad(n::text, 24, '0'),"
    " 'd' || n, 'Name ' || n, 'd' || n || '@example.com' FROM generate_series(1, $2::int) n"
)


class Sent(msgspec.Struct, frozen=True):
    """`seconds`: from its start to its end. `memory_mb`: of the job process, over time."""

    seconds: float
    memory_mb: list[float]


def measure_distributions(system: System, report: Report, sizes: Sizes) -> None:
    """In a project of its own."""
    count = sizes.messages
    execute(system, CUSTOMERS, project_id(system), count)
    campaign, asked = make_campaign(system, "distributed"), make_campaign(system, "asked")
    fill(system, campaign, 2 * count)
    fill(system, asked, int(4 * ASKED * sizes.seconds) + 100)
    execute(system, "VACUUM ANALYZE")
    checkpoint(system)
    report.section(f"A distribution of {count:,} codes by webhook")
    with _receiving() as (url, got):
        alone = _publish(system, sizes)
        sent = _send(system, "alone", campaign.id, url)
        checkpoint(system)
        with ThreadPoolExecutor() as pool:
            other: Future[Sent] = pool.submit(_send, system, "beside", campaign.id, url)
            time.sleep(1)
            beside = _publish(system, sizes)
            both = other.result()
    found = got[0]
    rate = count / sent.seconds
    early, most = sent.memory_mb[len(sent.memory_mb) // 10], max(sent.memory_mb)
    report.row("alone", f"{rate:,.0f} messages/s, {sent.seconds:.1f} s from start to end")
    report.row("the job process", f"{early:.0f} MB at the beginning, {most:.0f} MB at most")
    report.row(f"{ASKED:g} publications/s without it", _told(alone))
    report.row("the same beside it", _told(beside))
    report.row("the distribution beside them", f"{count / both.seconds:,.0f} messages/s")
    report.row("received", f"{found.requests:,} requests, {found.messages:,} different messages")
    report.target("a distribution by webhook", f"≥ {RATE_MIN:,.0f}/s", f"{rate:,.0f}/s", met=rate >= RATE_MIN)
    growth = most - early
    report.target("its memory", f"grows ≤ {GROWTH_MAX_MB:g} MB", f"{growth:.0f} MB", met=growth <= GROWTH_MAX_MB)
    slower = beside.latencies_ms["p99"] / alone.latencies_ms["p99"]
    report.target("publishing beside it", f"p99 ≤ {SLOWER_MAX:g} ×", f"{slower:.1f} ×", met=slower <= SLOWER_MAX)
    right = found.messages == found.requests == 2 * count
    report.target("what was received", "each message once", f"{found.requests:,}", met=right)


def _told(found: Outcome) -> str:
    latency = " · ".join(f"{figure} {value:.1f}" for figure, value in found.latencies_ms.items())
    other = {what: count for what, count in found.answers.items() if what != "200"}
    return f"{latency} ms" + (f"; other answers {other}" if other else "")


def _publish(system: System, sizes: Sizes) -> Outcome:
    plan = Plan(
        url=urlsplit(f"http://127.0.0.1:{system.port}"),
        headers={"X-App-Id": system.key["id"], "X-App-Token": system.key["token"]},
        campaign="asked",
        tag=f"asked-{time.time_ns()}",
        rate=ASKED,
        duration=sizes.seconds,
        connections=CONNECTIONS,
    )
    return asyncio.run(Rehearsal(plan).run())


def _send(system: System, name: str, campaign_id: str, url: str) -> Sent:
    body = {
        "name": name,
        "audience": {"filter": {"source_id": {"conditions": {"$starts_with": ["d"]}}}},
        "action": {"type": "publish", "campaign": campaign_id},
        "channels": [{"type": "webhook", "url": url}],
    }
    path = f"/v1/distributions/{called(system, 'POST', '/v1/distributions', body)['id']}"
    called(system, "POST", f"{path}/send", {"now": True})
    memory: list[float] = []
    until = time.monotonic() + PATIENCE_S
    while (found := called(system, "GET", path))["status"] not in ("DONE", "FAILED", "PAUSED"):
        memory.append(system.memory_mb()["jobs"])
        if time.monotonic() > until:
            raise RuntimeError(f"the distribution doesn't end: {found}")
        time.sleep(POLL_S)
    if found["status"] != "DONE":
        raise RuntimeError(f"the distribution went wrong: {found}")
    return Sent(_moment(found, "finished_at") - _moment(found, "started_at"), memory or [0.0])


def _moment(found: dict[str, Any], name: str) -> float:
    return datetime.fromisoformat(found[name]).timestamp()


@contextlib.contextmanager
def _receiving() -> Iterator[tuple[str, list[Got]]]:
    """Its address; and what it got, when it has ended."""
    command = [sys.executable, "-m", "bench.receiver"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        got: list[Got] = []
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/hook", got
        finally:
            process.stdin.close()
            got.append(msgspec.json.decode(process.stdout.read(), type=Got))
