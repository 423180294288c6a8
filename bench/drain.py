"""A pool handed out to its last code, and what asking costs after that."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from bench import svg
from bench.campaigns import Campaign, free
from bench.report import Report
from bench.runs import Run, order, run
from bench.sizes import Sizes
from bench.system import System

CONNECTIONS: Final = 64
SPREAD_MAX: Final = 0.2
REFUSED_MAX_MS: Final = 50.0
TENTHS: Final = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)

Pieces: TypeAlias = Sequence[tuple[float, float, Run]]
"""Where each begins and ends, in per cent of the pool, and what its codes took."""


def told_pieces(edge: float) -> dict[str, tuple[float, float]]:
    """The first, the middle and the last `edge` per cent: these are compared."""
    return {"first": (0.0, edge), "middle": (50 - edge / 2, 50 + edge / 2), "last": (100 - edge, 100.0)}


def cuts(edge: float) -> list[float]:
    """Where a pool is cut into pieces, so that those of `told_pieces` are among them."""
    told = told_pieces(edge).values()
    within = {tenth for tenth in TENTHS if any(start < tenth < end for start, end in told)}
    return sorted({*TENTHS, *(place for piece in told for place in piece)} - within)


def drain(system: System, campaign: Campaign, edge: float) -> Pieces:
    """Every code once over HTTP."""
    codes = free(system, campaign)
    pieces = []
    places = cuts(edge)
    for start, end in itertools.pairwise(places):
        count = round(codes * end / 100) - round(codes * start / 100)
        wanted = order(system, campaign.name, min(CONNECTIONS, count), requests=count)
        pieces.append((start, end, run(wanted, system.cpu_s)))
    left = free(system, campaign)
    if left:
        # Answers like 503 leave codes behind; the refusals that follow would be none.
        wanted = order(system, campaign.name, 1, requests=left)
        run(wanted, system.cpu_s)
    return pieces


def report_drain(report: Report, name: str, pieces: Pieces, edge: float) -> None:
    by_place = {(start, end): found for start, end, found in pieces}
    told = {which: by_place[piece] for which, piece in told_pieces(edge).items()}
    middle = told["middle"]
    for which, found in told.items():
        report.row(
            name,
            f"{which} {edge:g} %",
            f"{found.rate:,.0f}/s, {found.rate / middle.rate:.2f} of the middle",
            f"p50 {found.latencies_ms['p50']:.1f} · p99 {found.latencies_ms['p99']:.1f} ms",
            f"{found.cpu_total:.2f}, {found.cpu_total / (middle.cpu_total or 1):.2f} of the middle",
        )

    rates = [found.rate / middle.rate for found in told.values()]
    report.target(
        f"a pool of a million codes emptied, {name}" if edge == 1 else f"a pool emptied, {name}",
        f"rate of the first and the last {edge:g} % within ± {SPREAD_MAX:.0%} of the middle",
        " and ".join(f"{which} {found.rate / middle.rate:.2f}" for which, found in told.items() if which != "middle"),
        met=all(abs(rate - 1) <= SPREAD_MAX for rate in rates),
    )


def refusals(system: System, campaign: Campaign, sizes: Sizes) -> Run:
    """The empty pool asked on, by 64 connections."""
    return run(order(system, campaign.name, CONNECTIONS, seconds=sizes.seconds), system.cpu_s)


def told_refusals(found: Run, seconds: float) -> str:
    refused = found.answers.get(400, 0)
    other = {status: count for status, count in found.answers.items() if status != 400}
    rest = f"; other answers {other}" if other else ""
    latency = " · ".join(f"{name} {value:.1f}" for name, value in found.latencies_ms.items())
    return f"{refused / seconds:,.0f}/s; {latency} ms{rest}"


def drawing(curves: Mapping[str, Pieces]) -> str:
    return svg.line_chart(
        "CPU per 1000 codes while a pool is emptied",
        [
            svg.Line(name, [((start + end) / 2, found.cpu_total) for start, end, found in pieces])
            for name, pieces in curves.items()
        ],
        x_title="per cent of the pool handed out",
        y_title="CPU-seconds",
        x_ticks={float(x): str(x) for x in range(0, 101, 10)},
    )
