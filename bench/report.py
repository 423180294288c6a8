"""What was found: printed as it comes, then written into BENCHMARKS.md and docs/bench."""

import datetime as dt
import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
BENCHMARKS: Final = ROOT / "BENCHMARKS.md"
DRAWINGS: Final = ROOT / "docs" / "bench"
MARK: Final = "<!-- measured by make bench: a run takes the place of those below that have measured nothing else -->"
_RUN: Final = re.compile(r"^<!-- run of: (.+) -->\n", re.MULTILINE)


class Report:
    """Tables under headings, and drawings by their file's name."""

    def __init__(self) -> None:
        self._started = time.monotonic()
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
        took = time.monotonic() - self._started
        title = f"## {dt.datetime.now(dt.UTC):%Y-%m-%d}: {', '.join(parts)}"
        head = f"{machine()}; everything on the same machine; {kind}; {took:.0f} s."
        return "\n".join([f"<!-- run of: {' '.join(parts)} -->", title, "", head, *self.targets(), *self._lines, ""])

    def write(
        self, *, quick: bool, parts: Sequence[str], benchmarks: Path = BENCHMARKS, drawings: Path = DRAWINGS
    ) -> None:
        """Above the runs that stay, because they have measured something else."""
        before, _, below = (benchmarks.read_text() if benchmarks.exists() else "").partition(MARK)
        pieces = _RUN.split(below)[1:]
        runs = [
            f"<!-- run of: {measured} -->\n{text.strip()}\n"
            for measured, text in zip(pieces[::2], pieces[1::2], strict=True)
            if not set(measured.split()) <= set(parts)
        ]
        benchmarks.write_text("\n".join([f"{before}{MARK}\n", self.text(quick=quick, parts=parts), *runs]))
        drawings.mkdir(parents=True, exist_ok=True)
        for name, svg in self.drawings.items():
            (drawings / f"{name}.svg").write_text(svg)


def verdict(met: bool) -> str:
    return "met" if met else "**not met**"


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    kernel = platform.release().partition("-")[0]
    return f"{cores} cores, {_processor()}, Linux {kernel}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()
