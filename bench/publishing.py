"""Publishing: the anchor, Django and Largesse in turn on one database, then Largesse with more processes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from bench import svg
from bench.anchor import CLIENTS, recount, run_anchor
from bench.campaigns import Campaign, ensure_free, make_campaign
from bench.database import execute
from bench.reference import NotInstalled, Reference, reference
from bench.report import Report
from bench.runs import Run, middle, order, run, told
from bench.sizes import Sizes
from bench.system import System

CONNECTIONS: Final = (1, 8, 64, 256)
COMPARED: Final = 64
WARM_UP_S: Final = 1.0
RATE_GUESS: Final = 2_000  # codes a second, until somebody was measured
ROOM: Final = 1.5
ANCHOR: Final = f"anchor (a): pgbench, {CLIENTS} clients, a statement per code"
UNCOUNTED: Final = "the anchor without the campaign's counter row, which is less than the job"
DJANGO: Final = f"Django REST framework on gunicorn (b), {COMPARED} connections"
RATIOS: Final = {ANCHOR: 1.2, DJANGO: 20.0}
CPU_MAX_S: Final = 0.45
LATENCIES_MAX_MS: Final = {"p99": 50.0, "p99.9": 250.0}
SHORT: Final = {ANCHOR: "anchor (a)", UNCOUNTED: "anchor without counter", DJANGO: "Django (b)"}


def measure_publishing(system: System, report: Report, sizes: Sizes, venv: Path) -> dict[str, Run]:
    """With one API process. What was measured, by the table's first column."""
    report.section("Publishing, in turn on one database", "who | measured")
    campaigns = {name: make_campaign(system, name) for name in ("anchor", "django", "largesse")}
    contenders: dict[str, tuple[Campaign, Callable[[float], Run]]] = {
        ANCHOR: (campaigns["anchor"], lambda s: run_anchor(system, campaigns["anchor"], s, counted=True)),
        UNCOUNTED: (campaigns["anchor"], lambda s: run_anchor(system, campaigns["anchor"], s, counted=False)),
    }
    for connections in CONNECTIONS:
        contenders[name_of(connections)] = (
            campaigns["largesse"],
            _largesse(system, campaigns["largesse"], connections),
        )
    try:
        with reference(system, venv) as django:
            contenders[DJANGO] = (campaigns["django"], _django(system, django, campaigns["django"]))
            found = in_turn(system, contenders, sizes)
    except NotInstalled as error:
        found = in_turn(system, contenders, sizes)
        report.row(DJANGO, f"not measured: {error}")
    recount(system, campaigns["anchor"])
    for name, measured in found.items():
        report.row(name, told(measured))
    compared = found[name_of(COMPARED)]
    for name, short in SHORT.items():
        if name in found:
            report.row(f"{name_of(COMPARED)} : {short}", _ratio(compared, found[name]))
    _targets(report, found)
    return found


def _targets(report: Report, found: dict[str, Run]) -> None:
    compared, what = found[name_of(COMPARED)], f"publishing on {COMPARED} connections"
    for name, least in RATIOS.items():
        if name in found and found[name].rate:
            ratio = compared.rate / found[name].rate
            report.target(what, f"≥ {least:g} × {SHORT[name]}", f"{ratio:.2f} ×", met=ratio >= least)
    cpu = compared.cpu_total
    report.target("the same", f"CPU ≤ {CPU_MAX_S:g} s per 1000", f"{cpu:.2f} s", met=cpu <= CPU_MAX_S)
    for figure, limit in LATENCIES_MAX_MS.items():
        value = compared.latencies_ms[figure]
        report.target("the same", f"{figure} ≤ {limit:g} ms", f"{value:.1f} ms", met=value <= limit)


def measure_processes(system: System, report: Report, sizes: Sizes, processes: int) -> dict[str, Run]:
    """The same load with more API processes."""
    campaign = make_campaign(system, f"largesse-{processes}")
    contenders = {
        name_of(connections, processes): (campaign, _largesse(system, campaign, connections))
        for connections in CONNECTIONS
        if connections >= COMPARED
    }
    found = in_turn(system, contenders, sizes)
    report.section(f"Publishing with {processes} API processes", "who | measured")
    for name, measured in found.items():
        report.row(name, told(measured))
    return found


def in_turn(
    system: System, contenders: dict[str, tuple[Campaign, Callable[[float], Run]]], sizes: Sizes
) -> dict[str, Run]:
    """Everybody once, then everybody again: what the machine does beside meets all of them. Medians."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    expected = dict.fromkeys(contenders, float(RATE_GUESS))
    for name, (campaign, ask) in contenders.items():
        ensure_free(system, campaign, int(RATE_GUESS * ROOM * WARM_UP_S))
        expected[name] = max(expected[name], ask(WARM_UP_S).rate)
    execute(system, "VACUUM ANALYZE")
    for _ in range(sizes.repeats):
        for name, (campaign, ask) in contenders.items():
            ensure_free(system, campaign, int(expected[name] * ROOM * sizes.seconds))
            measured = ask(sizes.seconds)
            expected[name] = max(expected[name], measured.rate)
            runs[name].append(measured)
    return {name: middle(measured) for name, measured in runs.items()}


def name_of(connections: int, processes: int = 1) -> str:
    many = f"{processes} processes, " if processes > 1 else ""
    return f"Largesse, {many}{connections} connection{'s' if connections > 1 else ''}"


def drawing(found: dict[str, Run]) -> str:
    """Rates by connections, beside the anchor's and Django's."""
    lines = [svg.Line("Largesse", [(position, found[name_of(n)].rate) for position, n in enumerate(CONNECTIONS)])]
    for name, shown in SHORT.items():
        if name in found:
            lines.append(svg.Line(shown, [(position, found[name].rate) for position in range(len(CONNECTIONS))]))
    return svg.line_chart(
        "Codes published per second",
        lines,
        x_title=f"connections (the anchor has {CLIENTS}, Django {COMPARED}: level lines)",
        y_title="codes a second",
        x_ticks={float(position): str(n) for position, n in enumerate(CONNECTIONS)},
    )


def _largesse(system: System, campaign: Campaign, connections: int) -> Callable[[float], Run]:
    return lambda seconds: run(order(system, campaign.name, connections, seconds=seconds), system.cpu_s)


def _django(system: System, django: Reference, campaign: Campaign) -> Callable[[float], Run]:
    def ask(seconds: float) -> Run:
        wanted = order(system, campaign.name, COMPARED, seconds=seconds)
        return run(msgspec.structs.replace(wanted, port=django.port), django.cpu_s)

    return ask


def more_processes() -> int:
    return max(2, len(os.sched_getaffinity(0)) - 1)


def _ratio(ours: Run, theirs: Run) -> str:
    cpu = f", with {ours.cpu_total / theirs.cpu_total:.2f} × the CPU" if theirs.cpu_total else ""
    return f"{ours.rate / theirs.rate:.2f} × the rate{cpu}" if theirs.rate else "it published nothing"
