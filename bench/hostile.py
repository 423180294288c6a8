"""What broken and hostile clients cost the others: publishing alone, and with all of them beside it."""

import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from bench.campaigns import Campaign, ensure_free, make_campaign
from bench.database import project_id, value
from bench.hostile_load import (
    GONE_A_SECOND,
    INVALID_A_SECOND,
    LARGE_A_SECOND,
    PATIENCE_S,
    SLOW_CONNECTIONS,
    UNKNOWN_A_SECOND,
    HostileOrder,
    HostileResult,
)
from bench.load import Result
from bench.report import Report
from bench.runs import GRACE_S, ask, order
from bench.sizes import Sizes
from bench.system import System

CONNECTIONS: Final = 64
RATE_GUESS: Final = 4_000
SLOWER_MAX: Final = 2.0
GROWTH_MAX_MB: Final = 16.0
"""From the first round's end to the last one's: what a round leaves behind would add up."""
SETTLE_S: Final = 2.0
KEPT: Final = """
SELECT count(DISTINCT l.code) FROM unnest($2::text[], $3::text[]) AS a (id, code)
JOIN publication_vouchers l ON l.project_id = $1 AND l.publication_id = a.id AND l.code = a.code
"""


def measure_hostility(system: System, report: Report, sizes: Sizes) -> None:
    campaign = make_campaign(system, "besieged")
    ensure_free(system, campaign, int(RATE_GUESS * sizes.seconds * 2))
    ask(order(system, campaign.name, CONNECTIONS, seconds=1))  # what starts slowly isn't anybody's fault
    report.section(f"Bad input beside {CONNECTIONS} connections that publish", "what | measured")
    answers: Counter[str] = Counter()
    alone, beside, kept, memory = [], [], [], []
    for number in range(sizes.rounds):
        ensure_free(system, campaign, int(RATE_GUESS * sizes.seconds * 2))
        alone.append(_publish(system, campaign, sizes))
        before = system.memory_mb()["api"]
        with ThreadPoolExecutor() as pool:
            hostile = pool.submit(_annoy, system, campaign, sizes.seconds, first=2 * number)
            beside.append(_publish(system, campaign, sizes))
            heard = hostile.result()
        time.sleep(SETTLE_S)
        memory.append((before, system.memory_mb()["api"]))
        kept += [*alone[-1].kept, *beside[-1].kept]
        for kind, counted in heard.answers.items():
            answers.update({f"{kind}: {answer}": count for answer, count in counted.items()})
    _report(system, report, alone, beside, kept, memory)
    report.row("what they heard", "; ".join(f"{name} × {count}" for name, count in sorted(answers.items())))


def _report(
    system: System,
    report: Report,
    alone: list[Result],
    beside: list[Result],
    kept: list[tuple[str, str]],
    memory: list[tuple[float, float]],
) -> None:
    report.row(
        "meanwhile",
        f"{SLOW_CONNECTIONS} connections sending a byte a second; each second {INVALID_A_SECOND} invalid bodies,"
        f" {UNKNOWN_A_SECOND} unknown campaigns, {GONE_A_SECOND} that hang up, {LARGE_A_SECOND} of 10 MB at most",
    )
    quiet, loud = _middle(alone), _middle(beside)
    for name, rounds in (("alone", alone), ("beside them", beside)):
        told = " · ".join(f"{figure} {ms:.1f}" for figure, ms in _middle(rounds).latencies_ms.items())
        report.row(name, f"{_middle(rounds).rate:,.0f}/s; {told} ms")
    slower = loud.latencies_ms["p99"] / quiet.latencies_ms["p99"]
    report.row("memory of the API, before and after each round", "; ".join(f"{a:.0f} → {b:.0f} MB" for a, b in memory))
    there = value(system, KEPT, project_id(system), [id_ for id_, _ in kept], [code for _, code in kept])
    report.row("codes that were answered, and are in the database once", f"{there:,} of {len(kept):,}")
    wanted = f"p99 of the others ≤ {SLOWER_MAX:g} × what it is alone"
    report.target("bad input under load", wanted, f"{slower:.2f} ×", met=slower <= SLOWER_MAX)
    growth = memory[-1][1] - memory[0][1]
    grew = f"{growth:+.0f} MB from round 1 to {len(memory)}"
    report.target("the same", "no growth of memory", grew, met=growth <= GROWTH_MAX_MB)
    lost = len(kept) - there
    report.target("the same", "no code lost or given twice", f"{lost} of {len(kept):,}", met=lost == 0)


def _middle(rounds: list[Result]) -> Result:
    return sorted(rounds, key=lambda one: one.latencies_ms["p99"])[len(rounds) // 2]


def _publish(system: System, campaign: Campaign, sizes: Sizes) -> Result:
    wanted = order(system, campaign.name, CONNECTIONS, seconds=sizes.seconds)
    return ask(msgspec.structs.replace(wanted, keep=True))


def _annoy(system: System, campaign: Campaign, seconds: float, *, first: int) -> HostileResult:
    wanted = HostileOrder(
        host="127.0.0.1",
        port=system.port,
        app_id=system.key["id"],
        token=system.key["token"],
        campaign=campaign.name,
        seconds=seconds,
        run=f"hostile-{time.time_ns()}",
        first=first,
    )
    told = subprocess.run(
        [sys.executable, "-m", "bench.hostile_load"],
        input=msgspec.json.encode(wanted),
        capture_output=True,
        check=True,
        timeout=seconds + PATIENCE_S + GRACE_S,
    )
    return msgspec.json.decode(told.stdout, type=HostileResult)
