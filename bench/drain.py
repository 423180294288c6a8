"""Pools handed out: what the first codes cost, those in the middle and the last ones, and asking after that."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from bench import svg
from bench.campaigns import Campaign, free
from bench.report import Report
from bench.runs import Run, middle, order, run
from bench.sizes import Sizes
from bench.system import System

CONNECTIONS: Final = 64
CONNECTIONS_BETWEEN: Final = 256  # what isn't compared goes faster
SPREAD_MAX: Final = 0.2
REFUSED_MAX_MS: Final = 50.0
FIRST, MIDDLE, LAST = PLACES = "first", "middle", "last"

Way: TypeAlias = Sequence[tuple[float, float, Run]]
"""Where each piece begins and ends, in per cent of the pool, and what its codes took."""


def compare(system: System, pools: Mapping[str, Campaign], sizes: Sizes) -> tuple[dict[str, Run], Way]:
    """The first codes of one full pool, those in the middle of another and the last of a third, in turn: a machine's
    speed changes by more within minutes than what is looked for. Medians of the turns; and the third's way to its end.
    """
    edge = sizes.edge / 100
    hand_out(system, pools[MIDDLE], round(sizes.codes * (1 - edge) / 2))
    way = [
        (start, end, hand_out(system, pools[LAST], round(sizes.codes * (end - start) / 100)))
        for start, end in pieces(sizes.edge)
    ]
    turns: dict[str, list[Run]] = {place: [] for place in PLACES}
    for turn in range(sizes.turns):
        # Not always in the same order: something that happens every five seconds would always meet the same one.
        for place in PLACES[turn % len(PLACES) :] + PLACES[: turn % len(PLACES)]:
            codes = round(sizes.codes * edge / sizes.turns)
            if place == LAST and turn == sizes.turns - 1:
                codes = free(system, pools[LAST])  # answers like 503 leave codes behind: refusals would be none
            wanted = order(system, pools[place].name, min(CONNECTIONS, codes), requests=codes)
            turns[place].append(run(wanted, system.cpu_s))
    return {place: middle(runs) for place, runs in turns.items()}, way


def pieces(edge: float) -> list[tuple[float, float]]:
    """Tenths, up to where the last `edge` per cent begin, which are at most a tenth."""
    return list(itertools.pairwise(sorted({*map(float, range(0, 100, 10)), 100 - edge})))


def hand_out(system: System, campaign: Campaign, codes: int) -> Run:
    return run(order(system, campaign.name, CONNECTIONS_BETWEEN, requests=codes), system.cpu_s)


def report_compared(report: Report, name: str, told: Mapping[str, Run], sizes: Sizes) -> None:
    compared = told[MIDDLE]
    for place, found in told.items():
        report.row(
            name,
            f"{place} {sizes.edge:g} %",
            f"{found.rate:,.0f}/s, {found.rate / compared.rate:.2f} of the middle",
            f"p50 {found.latencies_ms['p50']:.1f} · p99 {found.latencies_ms['p99']:.1f} ms",
            f"{found.cpu_total:.2f}, {found.cpu_total / (compared.cpu_total or 1):.2f} of the middle",
        )
    rates = {place: found.rate / compared.rate for place, found in told.items()}
    report.target(
        f"pools of {sizes.codes:,} codes emptied, {name}",
        f"rate of the first and the last {sizes.edge:g} % within ± {SPREAD_MAX:.0%} of the middle",
        f"{FIRST} {rates[FIRST]:.2f} and {LAST} {rates[LAST]:.2f}",
        met=all(abs(rate - 1) <= SPREAD_MAX for rate in rates.values()),
    )


def refusals(system: System, campaign: Campaign, sizes: Sizes) -> Run:
    """The empty pool asked on, by 64 connections; medians, and all answers."""
    wanted = [order(system, campaign.name, CONNECTIONS, seconds=sizes.seconds) for _ in range(sizes.repeats)]
    return middle([run(one, system.cpu_s) for one in wanted])


def told_refusals(found: Run, sizes: Sizes) -> str:
    refused, seconds = found.answers.get(400, 0), sizes.seconds * sizes.repeats
    other = {status: count for status, count in found.answers.items() if status != 400}
    rest = f"; other answers {other}" if other else ""
    latency = " · ".join(f"{name} {value:.1f}" for name, value in found.latencies_ms.items())
    return f"{refused / seconds:,.0f}/s; {latency} ms{rest}"


def drawing(ways: Mapping[str, Way]) -> str:
    return svg.line_chart(
        "CPU per 1000 codes while a pool is emptied",
        [
            svg.Line(name, [((start + end) / 2, found.cpu_total) for start, end, found in way])
            for name, way in ways.items()
        ],
        x_title="per cent of the pool handed out",
        y_title="CPU-seconds",
        x_ticks={float(x): str(x) for x in range(0, 101, 10)},
    )
