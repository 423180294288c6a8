"""A quiet project beside another one's storm."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from bench.campaigns import ensure_free, make_campaign
from bench.report import Report
from bench.runs import ask, order
from bench.sizes import Sizes
from bench.system import System

QUIET: Final = 4
STORM: Final = 256
RATE_GUESS: Final = 4_000


def measure_fairness(system: System, report: Report, sizes: Sizes) -> None:
    """Four connections of one project alone, then while another publishes on 256."""
    storm = make_campaign(system, "storm")
    neighbour = system.other_project("Quiet")
    quiet = make_campaign(neighbour, "quiet")
    for owner, campaign in ((neighbour, quiet), (system, storm)):
        ensure_free(owner, campaign, int(RATE_GUESS * sizes.seconds))
    wanted = order(neighbour, quiet.name, QUIET, seconds=sizes.seconds)
    alone = ask(wanted)
    with ThreadPoolExecutor() as pool:
        loud = pool.submit(ask, order(system, storm.name, STORM, seconds=sizes.seconds))
        beside = ask(msgspec.structs.replace(wanted, run=wanted.run + "-beside"))
        stormed = loud.result()
    report.section("Two projects", "who | measured")
    told = {f"{QUIET} connections alone": alone, f"beside a storm of {STORM}": beside, "the storm": stormed}
    for name, found in told.items():
        latency = " · ".join(f"{figure} {value:.1f}" for figure, value in found.latencies_ms.items())
        report.row(name, f"{found.rate:,.0f}/s; {latency} ms")
