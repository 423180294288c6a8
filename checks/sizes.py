"""Functions and files that a reader can hold in mind, and no rooms for leftovers."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from checks.findings import Finding, Source, sources

FUNCTION_LINES_MAX: Final = 70
FILE_LINES_MAX: Final = 500
_FOLDERS: Final = ("largesse", "checks", "bench", "tests")
_LEFTOVERS: Final = frozenset({"utils", "util", "helpers", "helper", "misc", "common"})


def check(root: Path) -> Iterator[Finding]:
    for folder in _FOLDERS:
        for suffix in (".py", ".sql"):
            for source in sources(root, folder, suffix):
                yield from check_source(source)


def check_source(source: Source) -> Iterator[Finding]:
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield Finding(source.path, lines, "sizes", f"{lines} lines; a file has at most {FILE_LINES_MAX}: split by noun")
    if Path(source.path).stem in _LEFTOVERS:
        yield Finding(source.path, 1, "sizes", "name the file after its noun")
    if source.path.endswith(".py"):
        yield from _check_functions(source)


def _check_functions(source: Source) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                text = f"{node.name} has {lines} lines; a function has at most {FUNCTION_LINES_MAX}"
                yield Finding(source.path, node.lineno, "sizes", text)
