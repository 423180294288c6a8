"""What was found: printed as it comes, then written into BENCHMARKS.md and docs/bench."""

import contextlib
import datetime as dt
import os
import platform
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
TRIED: Final = ROOT / "build" / "bench"
"""Where a quick run leaves its figures: they aren't worth the place of a full one's."""
MARK: Final = "<!-- measured by make bench: a run takes the place of those below that have measured nothing else -->"
LOOPS: Final = 5_000_000
_RUN: Final = re.compile(r"^<!-- run of: (.+) -->\n", re.MULTILINE)


class Report:
    """Tables under headings, and drawings by their file's name."""

    def __init__(self) -> None:
        self._took: dict[str, float] = {}
        self._speed = python_speed()
        self._lines: list[str] = []
        self._targets: list[str] = []
        self.drawings: dict[str, str] = {}

    def section(self, title: str, columns: str = "what | measured") -> None:
        count = columns.count("|") + 1
        self._add("", f"### {title}", "", f"| {columns} |", "|" + " --- |" * count)

    def row(self, *cells: str) -> None:
        self._add("| " + " | ".join(cells) + " |")

    def target(self, what: str, wanted: str, measured: str, *, met: bool) -> None:
        """A row of the table at the top, which says first what was wanted and whether it was met."""
        self._targets.append(f"| {what} | {wanted} | {measured} | {verdict(met)} |")

    def targets(self) -> list[str]:
        if not self._targets:
            return []
        return ["", "### Targets", "", "| what | target | measured | |", "| --- | --- | --- | --- |", *self._targets]

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Whose seconds stand at the top."""
        started = time.monotonic()
        yield
        self._took[name] = time.monotonic() - started

    def took(self) -> str:
        parts = ", ".join(f"{name} {seconds:.0f}" for name, seconds in self._took.items())
        return f"{sum(self._took.values()):.0f} s ({parts})"

    def drawing(self, name: str, title: str, svg: str) -> None:
        """After the table that it shows."""
        self.drawings[name] = svg
        self._add("", f"![{title}](docs/bench/{name}.svg)")

    def _add(self, *lines: str) -> None:
        self._lines += lines
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()

    def text(self, *, quick: bool, parts: Sequence[str]) -> str:
        full = "rates of publishing, generation and exports are medians of three"
        kind = "a quick run: one repeat, small sizes" if quick else full
        title = f"## {dt.datetime.now(dt.UTC):%Y-%m-%d}: {', '.join(parts)}"
        head = f"{machine()}; everything on the same machine; {kind}; {self.took()}."
        speed = f"A loop in Python ran {self._speed:.1f} million times a second before, {python_speed():.1f} after it."
        top = [f"<!-- run of: {' '.join(parts)} -->", title, "", head, speed]
        return "\n".join([*top, *self.targets(), *self._lines, ""])

    def write(self, *, quick: bool, parts: Sequence[str], root: Path = ROOT) -> Path:
        """Into the BENCHMARKS.md below `root`, above the runs that stay because they have measured something else, and
        the drawings into docs/bench. Where it was written.
        """
        benchmarks, drawings = root / "BENCHMARKS.md", root / "docs" / "bench"
        drawings.mkdir(parents=True, exist_ok=True)
        before, _, below = (benchmarks.read_text() if benchmarks.exists() else "").partition(MARK)
        pieces = _RUN.split(below)[1:]
        runs = [
            f"<!-- run of: {measured} -->\n{text.strip()}\n"
            for measured, text in zip(pieces[::2], pieces[1::2], strict=True)
            if not set(measured.split()) <= set(parts)
        ]
        benchmarks.write_text("\n".join([f"{before}{MARK}\n", self.text(quick=quick, parts=parts), *runs]))
        for name, svg in self.drawings.items():
            (drawings / f"{name}.svg").write_text(svg)
        return benchmarks


def verdict(met: bool) -> str:
    return "met" if met else "**not met**"


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    kernel = platform.release().partition("-")[0]
    return f"{cores} cores, {_processor()}, Linux {kernel}, Python {platform.python_version()}"


def python_speed() -> float:
    """Million times a second that a loop runs: machines of one name differ by more than what is measured on them."""
    started = time.perf_counter()
    for _ in range(LOOPS):
        pass
    return LOOPS / 1_000_000 / (time.perf_counter() - started)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()
