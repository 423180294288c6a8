"""A quiet project, and a quiet campaign, beside another one's storm."""

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
    """Four connections alone, while another project publishes on 256, and while another campaign of theirs does."""
    storm = make_campaign(system, "storm")
    neighbour = system.other_project("Quiet")
    quiet, theirs = make_campaign(neighbour, "quiet"), make_campaign(neighbour, "our-storm")
    for owner, campaign in ((neighbour, quiet), (system, storm), (neighbour, theirs)):
        ensure_free(owner, campaign, int(RATE_GUESS * sizes.seconds))
    wanted = order(neighbour, quiet.name, QUIET, seconds=sizes.seconds)
    told = {f"{QUIET} connections alone": ask(wanted)}
    for whose, owner, campaign in (("another project's", system, storm), ("another campaign's", neighbour, theirs)):
        with ThreadPoolExecutor() as pool:
            loud = pool.submit(ask, order(owner, campaign.name, STORM, seconds=sizes.seconds))
            beside = ask(msgspec.structs.replace(wanted, run=f"{wanted.run}-{campaign.name}"))
            told |= {f"beside {whose} storm of {STORM}": beside, f"{whose} storm": loud.result()}
    report.section("Two projects, and two campaigns of one", "who | measured")
    for name, found in told.items():
        latency = " · ".join(f"{figure} {value:.1f}" for figure, value in found.latencies_ms.items())
        report.row(name, f"{found.rate:,.0f}/s; {latency} ms")
