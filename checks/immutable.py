"""No function that isn't immutable inside CASE, COALESCE or DO UPDATE SET: Citus refuses it (docs/decisions/0001)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from checks.findings import Finding, sources
from checks.sql_text import Statement, closing, statements, without_noise

_VOLATILE: Final = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|random|gen_random_uuid|nextval|"
    r"pg_current_xact_id|current_timestamp|localtimestamp|current_date)\b",
    re.IGNORECASE,
)
_CASE: Final = re.compile(r"\b(CASE|END)\b", re.IGNORECASE)
_COALESCE: Final = re.compile(r"\bCOALESCE\s*\(", re.IGNORECASE)
_DO_UPDATE: Final = re.compile(r"\bDO\s+UPDATE\s+SET\b", re.IGNORECASE)
_AFTER_SET: Final = re.compile(r"\bRETURNING\b", re.IGNORECASE)


def check(root: Path) -> Iterator[Finding]:
    for source in sources(root, "largesse/store", ".sql"):
        if "/migrations/" not in source.path:
            for statement in statements(source):
                yield from check_statement(statement)


def check_statement(statement: Statement) -> Iterator[Finding]:
    text = without_noise(statement.text)
    for where, span in [*_cases(text), *_coalesces(text), *_updates(text)]:
        if match := _VOLATILE.search(span):
            message = f"{statement.name}: {match[1].lower()} inside {where}"
            yield Finding(statement.path, statement.line, "immutable", message)


def _cases(text: str) -> Iterator[tuple[str, str]]:
    depth = start = 0
    for match in _CASE.finditer(text):
        if match[1].upper() == "CASE":
            start = match.end() if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield "CASE", text[start : match.start()]


def _coalesces(text: str) -> Iterator[tuple[str, str]]:
    for match in _COALESCE.finditer(text):
        yield "COALESCE", text[match.end() : closing(text, match.end() - 1)]


def _updates(text: str) -> Iterator[tuple[str, str]]:
    for match in _DO_UPDATE.finditer(text):
        rest = text[match.end() :]
        end = _AFTER_SET.search(rest)
        yield "DO UPDATE SET", rest[: end.start() if end else _end_of_query(rest)]


def _end_of_query(text: str) -> int:
    """The parenthesis that closes the query that the text is the end of."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return at
    return len(text)
