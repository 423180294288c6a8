"""One run of the load generator, and what the machine paid for it."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

import msgspec

from bench.load import Order, Result
from bench.system import System

GRACE_S: Final = 60.0
GENERATOR_SHARE_MAX: Final = 0.85
"""A generator that is busy for longer than this may be what is measured."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`cpu`: seconds per 1000 codes handed out, by kind of process. `generator`: its share of one core."""

    rate: float
    latencies_ms: dict[str, float]
    answers: dict[int, int]
    cpu: dict[str, float]
    generator: float = 0.0
    lost: int = 0

    @property
    def cpu_total(self) -> float:
        return sum(self.cpu.values())


def ask(order: Order) -> Result:
    """The load, made by a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=msgspec.json.encode(order),
        capture_output=True,
        check=True,
        timeout=order.seconds + GRACE_S,
    )
    return msgspec.json.decode(told.stdout, type=Result)


def order(
    system: System, campaign: str, connections: int, *, seconds: float = 3600, requests: int | None = None
) -> Order:
    return Order(
        host="127.0.0.1",
        port=system.port,
        app_id=system.key["id"],
        token=system.key["token"],
        campaign=campaign,
        connections=connections,
        seconds=seconds,
        requests=requests,
        run=f"{campaign}-{connections}-{time.time_ns()}",
    )


def run(wanted: Order, cpu_s: Callable[[], Mapping[str, float]]) -> Run:
    before = cpu_s()
    result = ask(wanted)
    after = cpu_s()
    return Run(
        rate=result.rate,
        latencies_ms=result.latencies_ms,
        answers=result.answers,
        cpu=per_1000(before, after, result.published),
        generator=result.cpu_s / result.seconds,
        lost=result.lost,
    )


def per_1000(before: Mapping[str, float], after: Mapping[str, float], published: int) -> dict[str, float]:
    """CPU-seconds of the API and of PostgreSQL per 1000 codes; processes that ended meanwhile count for nothing."""
    return {kind: 1000 * max(0.0, after[kind] - before[kind]) / max(1, published) for kind in ("api", "postgres")}


def middle(runs: Sequence[Run]) -> Run:
    """The median of each figure; answers are added up."""
    answers: Counter[int] = Counter()
    for one in runs:
        answers.update(one.answers)
    return Run(
        rate=median(one.rate for one in runs),
        latencies_ms={name: median(one.latencies_ms.get(name, 0.0) for one in runs) for name in runs[0].latencies_ms},
        answers=dict(answers),
        cpu={kind: median(one.cpu[kind] for one in runs) for kind in runs[0].cpu},
        generator=max(one.generator for one in runs),
        lost=sum(one.lost for one in runs),
    )


def told(found: Run) -> str:
    """Rate, latencies, CPU, and whatever else would make a reader doubt them."""
    other = {status: count for status, count in found.answers.items() if status != 200}
    parts = [
        f"{found.rate:,.0f}/s",
        " · ".join(f"{name} {value:.1f}" for name, value in found.latencies_ms.items()) + " ms"
        if found.latencies_ms
        else "",
        f"CPU-s per 1000: API {found.cpu['api']:.2f} + PostgreSQL {found.cpu['postgres']:.2f}",
        f"other answers {other}" if other else "",
        f"{found.lost} connections broke" if found.lost else "",
        f"the load generator was busy {found.generator:.0%}: a lower bound"
        if found.generator > GENERATOR_SHARE_MAX
        else "",
    ]
    return "; ".join(part for part in parts if part)
