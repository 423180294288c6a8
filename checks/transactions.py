"""Below the edge nobody opens, commits or rolls back a transaction, or fetches a connection."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from checks.findings import Finding, Source, called_name, sources

_ROOMS: Final = ("actions", "events", "store", "wire", "domain")
_CALLS: Final = frozenset({"transaction", "commit", "rollback", "acquire"})
_STATEMENT: Final = re.compile(
    r"(?:^|;)\s*(BEGIN|START\s+TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT)\b", re.IGNORECASE | re.MULTILINE
)


def check(root: Path) -> Iterator[Finding]:
    for room in _ROOMS:
        for source in sources(root, f"largesse/{room}", ".py"):
            yield from check_python(source)
        for source in sources(root, f"largesse/{room}", ".sql"):
            yield from check_sql(source)


def check_python(source: Source) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and called_name(node) in _CALLS:
            text = f"calls .{called_name(node)}(): the edge owns the transaction"
            yield Finding(source.path, node.lineno, "transactions", text)


def check_sql(source: Source) -> Iterator[Finding]:
    for match in _STATEMENT.finditer(source.text):
        line = source.text.count("\n", 0, match.start(1)) + 1
        yield Finding(source.path, line, "transactions", f"says {match[1].upper()}: the edge owns the transaction")
