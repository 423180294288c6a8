"""The domain is pure: time, entropy and facts come in as arguments."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from checks.findings import Finding, Source, called_name, sources

_MODULES: Final = frozenset({
    "aiosmtplib", "asyncio", "asyncpg", "ftplib", "glob", "http", "httpx", "importlib", "io", "logging",
    "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "smtplib", "socket", "sqlite3", "ssl",
    "starlette", "structlog", "subprocess", "sys", "tempfile", "threading", "time", "uuid",
})  # fmt: skip
_CALLS: Final = frozenset({"now", "utcnow", "today", "open", "print", "input"})


def check(root: Path) -> Iterator[Finding]:
    for source in sources(root, "largesse/domain", ".py"):
        yield from check_source(source)


def check_source(source: Source) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(source.text)):
        for name in _imported(node):
            if name.partition(".")[0] in _MODULES:
                text = f"imports {name}: the domain has no clock, no randomness, no I/O"
                yield Finding(source.path, getattr(node, "lineno", 1), "domain", text)
        if isinstance(node, ast.Call) and called_name(node) in _CALLS:
            text = f"calls {called_name(node)}(): let the caller say it"
            yield Finding(source.path, node.lineno, "domain", text)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
