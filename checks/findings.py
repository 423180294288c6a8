"""What a check found, and the files that checks look at."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    path: str  # from the root of the repository
    line: int
    check: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.check}] {self.text}"


@dataclass(frozen=True)
class Source:
    path: str
    text: str


def sources(root: Path, folder: str, suffix: str) -> Iterator[Source]:
    """Every file of a folder, in order; nothing when there is no such folder."""
    for path in sorted((root / folder).rglob(f"*{suffix}")):
        yield Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def called_name(node: ast.Call) -> str:
    """`x.y.acquire(...)` is called `acquire`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
