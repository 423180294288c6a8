"""Every row of the acceptance table that waits for nothing is named by a test, and docs/acceptance.md is of these tests."""

import ast
import re
from pathlib import Path

from tests.rows.report import PAGE, read_table

TESTS = Path(__file__).parents[1]


def named_rows() -> set[str]:
    """The rows that stand in tests as a string of their own: the arguments of `pytest.mark.row`."""
    trees = (ast.parse(path.read_text()) for path in TESTS.rglob("*.py"))
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str) and re.fullmatch(r"A\d{3}", value)}


def test_every_row_that_waits_for_nothing_has_a_test() -> None:
    rows = read_table()
    assert len(rows) == 196
    assert {row.number for row in rows if not row.waits_for} <= named_rows()


def test_the_page_shows_every_row_passed() -> None:
    shown = dict(re.findall(r"^\| (A\d{3}) \|.*\| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE))
    assert {number for number, result in shown.items() if "passed" in result} == named_rows()
    assert {number for number, result in shown.items() if "failed" in result or "skipped" in result} == set()
