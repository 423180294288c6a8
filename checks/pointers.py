"""What a comment or a page points to is in this repository: pages of docs/, linked files, tests by their names."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from checks.findings import Finding, Source, sources

_FOLDERS: Final = ("bench", "checks", "docs", "largesse", "tests")
_SUFFIXES: Final = (".css", ".html", ".js", ".md", ".mjs", ".py", ".sql", ".txt")
_OTHERS: Final = ("*.md", "*.toml", "Makefile", ".ci/*")

_ELSEWHERE: Final = re.compile(
    r"(?<!RFC \d{4} )§"
    r"|\bspec[ /](?:[a-z]+-)*[a-z]+(?= §|\)|\.md|,)|\(spec(?: |$)|\bthe spec(?:ification)?\b"
    r"|\b(?:DESIGN|DETAILS|STYLE|LAB(?:-[A-Z0-9]+)*)(?:\.md\b| (?:rule|page|\d|I\d))"
    r"|(?<![\w./])/work/|\.\./shared\b",
)
_BARE: Final = re.compile(r"(?<![\w{`])(?:DESIGN|DETAILS|STYLE|LAB)\b(?! ?[}=:`]|\w)")
_PAGE: Final = re.compile(r"\bdocs/[\w./-]*\w\.md\b")
_DECISION: Final = re.compile(r"\bdocs/decisions/\d{4}\b(?!-)")
_LINK: Final = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)(?:#[^)\s]*)?\)")
_TEST: Final = re.compile(r"\btests/([\w/]+\.py)((?:::\w+)*)")


def check(root: Path) -> Iterator[Finding]:
    for source in _texts(root):
        yield from check_source(root, source)


def _texts(root: Path) -> Iterator[Source]:
    for folder in _FOLDERS:
        for suffix in _SUFFIXES:
            yield from sources(root, folder, suffix)
    for pattern in _OTHERS:
        for path in sorted(root.glob(pattern)):
            yield Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def check_source(root: Path, source: Source) -> Iterator[Finding]:
    prose = _prose(source) if _BARE.search(source.text) else frozenset()
    for number, line in enumerate(source.text.splitlines(), 1):
        for text in _faults(root, source.path, line, is_prose=number in prose):
            yield Finding(source.path, number, "pointers", text)


def _faults(root: Path, path: str, line: str, *, is_prose: bool) -> Iterator[str]:
    if match := _ELSEWHERE.search(line) or (_BARE.search(line) if is_prose else None):
        yield f"points to what isn't here, {match[0]!r}: write a page of docs/semantics, or nothing"
    for page in _PAGE.findall(line):
        if not (root / page).exists():
            yield f"there is no {page}"
    for decision in _DECISION.findall(line):
        if not list(root.glob(f"{decision}-*.md")):
            yield f"there is no {decision}"
    if path.endswith(".md"):
        yield from _missing(root, (root / path).parent, line)


def _missing(root: Path, folder: Path, line: str) -> Iterator[str]:
    """What a page links to or names as its proof."""
    for target in _LINK.findall(line):
        if not folder.joinpath(target).exists():
            yield f"there is no {target}"
    for file, names in _TEST.findall(line):
        if not _has_test(root / "tests" / file, names.removeprefix("::")):
            yield f"there is no test tests/{file}{names}"


def _prose(source: Source) -> frozenset[int]:
    """The lines that people read: of Python those of comments and texts, of all else every one."""
    if not source.path.endswith(".py"):
        return frozenset(range(1, source.text.count("\n") + 2))
    read = {tokenize.COMMENT, tokenize.STRING}
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return frozenset(line for token in tokens if token.type in read for line in range(token.start[0], token.end[0] + 1))


@cache
def _has_test(path: Path, names: str) -> bool:
    """`TestPromises::test_one_code`, or a class or function alone."""
    if not path.exists():
        return False
    found: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    for name in names.split("::") if names else ():
        defined = (node for parent in found for node in ast.iter_child_nodes(parent))
        kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        found = [node for node in defined if isinstance(node, kinds) and node.name == name]
    return bool(found)
