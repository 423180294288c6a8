"""Just enough of SQL's grammar: named statements, and the queries nested in one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from checks.findings import Source

_HEADING: Final = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_NOISE: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_QUERY: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b", re.IGNORECASE)
_SET_OPERATION: Final = re.compile(r"\b(?:UNION(?:\s+ALL)?|EXCEPT|INTERSECT)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    path: str
    line: int  # of its heading
    name: str
    text: str

    @property
    def purpose(self) -> str:
        """The comment below the heading."""
        first = self.text.strip().partition("\n")[0].strip()
        return first.removeprefix("--").strip() if first.startswith("--") else ""


def statements(source: Source) -> Iterator[Statement]:
    headings = list(_HEADING.finditer(source.text))
    ends = [heading.start() for heading in headings[1:]] + [len(source.text)]
    for heading, end in zip(headings, ends, strict=True):
        line = source.text.count("\n", 0, heading.start()) + 1
        yield Statement(source.path, line, heading[1], source.text[heading.end() : end])


def without_noise(text: str) -> str:
    """Comments gone, string literals empty. Lines stay where they are."""
    return _NOISE.sub(lambda match: ("''" if match[0][0] == "'" else "") + "\n" * match[0].count("\n"), text)


def queries(text: str) -> Iterator[str]:
    """Each SELECT, INSERT, UPDATE or DELETE of a statement by itself: what is nested in it is cut out to `()`."""
    own, nested = _cut_nested(text)
    yield from (part for part in _SET_OPERATION.split(own) if part.strip())
    for inner in nested:
        yield from queries(inner)


def _cut_nested(text: str) -> tuple[str, list[str]]:
    """The text without the queries in parentheses, and those queries. `count(*)` and `VALUES (…)` stay."""
    own: list[str] = []
    nested: list[str] = []
    at = 0
    while (start := text.find("(", at)) >= 0:
        end = closing(text, start)
        inner = text[start + 1 : end]
        own.append(text[at:start])
        if _QUERY.match(inner):
            own.append("()")
            nested.append(inner)
        else:
            inner_own, inner_nested = _cut_nested(inner)
            own.append(f"({inner_own})")
            nested += inner_nested
        at = end + 1
    return "".join([*own, text[at:]]), nested


def closing(text: str, start: int) -> int:
    """Where the parenthesis that opens at `start` closes; the end of the text when it doesn't."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    return len(text)
