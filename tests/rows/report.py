"""A pytest plugin (`-p tests.rows.report`) that writes docs/acceptance.md: row → tests → result, from what just ran."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

TABLE: Final = Path(__file__).parent / "table.txt"
PAGE: Final = Path(__file__).parents[2] / "docs" / "acceptance.md"
HEAD: Final = """# Acceptance

What the documents that Largesse implements ask for, row by row, with the tests that check it against a running engine
and how they ended. `make acceptance` runs them and writes this page. A row that waits for something still to be built
is checked as far as it can be.
"""


@dataclass(frozen=True)
class Row:
    number: str
    section: str
    capability: str
    waits_for: str = ""


def read_table() -> list[Row]:
    rows, section = [], ""
    for line in TABLE.read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif re.match(r"A\d{3} \| ", line):
            number, capability, *waits_for = line.split(" | ")
            rows.append(Row(number, section, capability, *waits_for))
    return rows


_outcomes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
"""By row and test (without its parameters): how its runs ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        rows = sorted({number for mark in item.iter_markers("row") for number in mark.args})
        item.user_properties.append(("rows", " ".join(rows)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or not report.passed:
        test = report.nodeid.partition("[")[0]
        for row in dict(report.user_properties).get("rows", "").split():  # type: ignore[attr-defined]
            _outcomes[row][test].add(report.outcome)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        PAGE.write_text(render(read_table()))


def render(rows: list[Row]) -> str:
    lines = [HEAD]
    section = None
    for row in rows:
        if row.section != section:
            section = row.section
            lines += [f"\n## {section}\n", "| row | capability | tests | result |", "| --- | --- | --- | --- |"]
        tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in sorted(_outcomes[row.number]))
        lines.append(f"| {row.number} | {row.capability} | {tests} | {_result(row)} |")
    return "\n".join(lines) + "\n"


def _result(row: Row) -> str:
    ends = set().union(*_outcomes[row.number].values())
    result = next((end for end in ("failed", "skipped", "passed") if end in ends), "")
    waits = f"waits for {row.waits_for}" if row.waits_for else ""
    return "; ".join(filter(None, [result, waits])) or "not checked"
