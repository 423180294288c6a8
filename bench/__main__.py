"""The benchmark of BENCHMARKS.md: `make bench`, or `make bench QUICK=1`."""

import argparse
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from bench import drain, publishing
from bench.bulk import measure_bulk
from bench.database import checkpoint, execute, old_snapshot
from bench.distributions import measure_distributions
from bench.fairness import measure_fairness
from bench.generation import measure_generation
from bench.hostile import measure_hostility
from bench.lists import measure_lists
from bench.pages import measure_pages
from bench.report import ROOT, TRIED, Report
from bench.sizes import FULL, QUICK, Sizes
from bench.system import System, running

PUBLISHING, POOLS, DISTRIBUTIONS, HOSTILE, LISTS, PAGES, FILES = PARTS = [
    "publishing", "pools", "distributions", "hostile", "lists", "pages", "files",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, shorter runs, no medians")
    parser.add_argument("--reference-venv", type=Path, help="where Django is installed, and kept for the next time")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some parts of it")
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    arguments = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="largesse-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root PostgreSQL runs under another account
        venv = (arguments.reference_venv or folder / "django").absolute()
        kept = measure(report, folder / "data", QUICK if arguments.quick else FULL, venv, frozenset(arguments.only))
    print("\n".join(report.targets()))
    if not kept:
        sys.exit("bench: the audit found a broken promise: these figures mean nothing and are not written down")
    if not arguments.dry:
        where = report.write(quick=arguments.quick, parts=arguments.only, root=TRIED if arguments.quick else ROOT)
        print(f"\nwritten into {where}, after {report.took()}")


def measure(report: Report, data: Path, sizes: Sizes, venv: Path, parts: frozenset[str]) -> bool:
    """Everything, or these parts of it, in one run. Whether the audit found every promise kept."""
    port = _free_port()
    with report.part("starting"):
        _starting(report, data, port)
    if PUBLISHING in parts:
        with report.part(PUBLISHING):
            _publishing(report, sizes, data, port, venv)
    with running(data, port) as system:
        for name, measure_part in BEFORE_AUDIT.items():
            if name in parts:
                with report.part(name):
                    measure_part(system, report, sizes)
        with report.part("audit"):
            kept = _audited(system, report)
        for name, measure_part in AFTER_AUDIT.items():
            if name in parts:
                with report.part(name):
                    measure_part(system, report, sizes)
    return kept


def _starting(report: Report, data: Path, port: int) -> None:
    report.section("Starting")
    with running(data, port) as system:
        report.row("start to ready, first time", f"{system.ready_after_s:.1f} s")
    with running(data, port, "--processes", "1") as system:
        report.row("start to ready, second time", f"{system.ready_after_s:.1f} s")
        time.sleep(2)
        report.row("memory at rest", _memory(system))


def _publishing(report: Report, sizes: Sizes, data: Path, port: int, venv: Path) -> None:
    with running(data, port, "--processes", "1") as system:
        found = publishing.measure_publishing(system, report, sizes, venv)
        _memory_row(report, system)
        report.drawing("publishing", "Codes published per second", publishing.drawing(found))
    processes = publishing.more_processes()
    with running(data, port, "--processes", str(processes)) as system:
        publishing.measure_processes(system, report, sizes, processes)
        _memory_row(report, system)
        measure_fairness(system, report, sizes)


def _pools(system: System, report: Report, sizes: Sizes) -> None:
    plain: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    kinds = {"plain": plain, "old snapshot open": old_snapshot(system)}
    full = iter(measure_generation(system, report, sizes, pools=len(kinds) * len(drain.PLACES)))
    ways, refused = {}, {}
    report.section(f"Pools of {sizes.codes:,} codes, by 64 connections", "pool | where | rate | latency | CPU-s/1000")
    for name, condition in kinds.items():
        pools = {place: next(full) for place in drain.PLACES}
        execute(system, "VACUUM ANALYZE")
        checkpoint(system)  # the pools are measured, not what filling them left to be written
        with condition:
            told, ways[name] = drain.compare(system, pools, sizes)
            drain.report_compared(report, name, told, sizes)
            refused[name] = drain.refusals(system, pools[drain.LAST], sizes)
    report.drawing("drain", "CPU while a pool is emptied", drain.drawing(ways))
    report.section("An empty pool, asked by 64 connections", "pool | refusals")
    for name, found in refused.items():
        report.row(name, drain.told_refusals(found, sizes))
        p99 = found.latencies_ms["p99"]
        limit = drain.REFUSED_MAX_MS
        report.target(f"an empty pool refuses, {name}", f"p99 ≤ {limit:g} ms", f"{p99:.1f} ms", met=p99 <= limit)


def _memory_row(report: Report, system: System) -> None:
    report.row("memory afterwards", _memory(system))


def _memory(system: System) -> str:
    by_kind = system.memory_mb()
    parts = " + ".join(f"{kind} {value:.0f}" for kind, value in by_kind.items())
    return f"{sum(by_kind.values()):.0f} MB ({parts})"


def _distributions(system: System, report: Report, sizes: Sizes) -> None:
    measure_distributions(system.other_project("Distributed"), report, sizes)


def _pages(system: System, report: Report, sizes: Sizes) -> None:
    measure_pages(system.other_project("Paged"), report, sizes)


def _files(system: System, report: Report, sizes: Sizes) -> None:
    report.section("Exports and imports")
    # In a project of their own: an export takes everything that there is.
    measure_bulk(system.other_project("Exported"), report, sizes)


def _audited(system: System, report: Report) -> bool:
    report.section("Afterwards")
    kept, said = _audit(system)
    report.row("audit of every project", said)
    report.target("the audit of everything that was handed out", "every promise kept", said, met=kept)
    _memory_row(report, system)
    return kept


def _audit(system: System) -> tuple[bool, str]:
    execute(system, "ANALYZE")  # the questions are asked of all tables, which have just been filled
    command = [sys.executable, "-m", "largesse", "audit", "--data", str(system.data)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (told.stdout or told.stderr).strip().splitlines()
    return told.returncode == 0, lines[-1] if lines else f"ended with {told.returncode}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


Measure: TypeAlias = Callable[[System, Report, Sizes], None]
BEFORE_AUDIT: Final[dict[str, Measure]] = {POOLS: _pools, DISTRIBUTIONS: _distributions, HOSTILE: measure_hostility}
# What these measure is written straight into the tables: nothing that an audit could find right.
AFTER_AUDIT: Final[dict[str, Measure]] = {LISTS: measure_lists, PAGES: _pages, FILES: _files}

if __name__ == "__main__":
    main()
