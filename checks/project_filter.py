"""Every statement on a project's table filters by project_id, table by table (I7, docs/semantics/promises.md).

That is tenant isolation, and what lets Citus send a statement to one shard. Also here: each named statement says what
it is for.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from checks.findings import Finding, Source, sources
from checks.sql_text import Statement, queries, statements, without_noise

_STORE: Final = "largesse/store"
_QUERY: Final = re.compile(r"\bSELECT\b.*\bFROM\b", re.DOTALL)
_TOKEN: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)?|[(),]")
_CREATE_TABLE: Final = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.IGNORECASE)
# a.project_id = $1 and project_id = $1, or a.project_id = b.project_id; never = ANY(…), which asks several shards.
_EQUAL: Final = re.compile(
    r"(?:(\w+)\.)?\bproject_id\s*=\s*(?:(\w+)\.project_id\b|(?!ANY\b|SOME\b|project_id\b)[\w$(])", re.IGNORECASE
)
_EQUAL_REVERSED: Final = re.compile(r"\$\d+(?:::\w+)?\s*=\s*(\w+)\.project_id\b", re.IGNORECASE)
_PROJECT: Final = re.compile(r"\bproject_id\s*=\s*(\$\d+)", re.IGNORECASE)
_USING: Final = re.compile(r"\bUSING\s*\([^()]*\bproject_id\b", re.IGNORECASE)
_INSERT_COLUMNS: Final = re.compile(r"\bINSERT\s+INTO\s+(\w+)(?:\s+AS\s+\w+)?\s*\(([^()]*)\)", re.IGNORECASE)
_CLAUSE_ENDS: Final = frozenset(
    "where group order having limit offset window for returning set".split()  # noqa: SIM905  # reads as SQL does
)
_NO_ALIAS: Final = _CLAUSE_ENDS | frozenset(
    "as on using join left right full inner outer cross natural lateral from values select default fetch".split()  # noqa: SIM905
)


class Relation(NamedTuple):
    table: str
    alias: str
    written: bool  # INSERT INTO: its columns count, not a condition


def check(root: Path) -> Iterator[Finding]:
    tables = project_tables(root)
    for source in sources(root, _STORE, ".sql"):
        if "/migrations/" not in source.path:
            for statement in statements(source):
                yield from check_statement(statement, tables)
    for source in sources(root, _STORE, ".py"):
        for fragment in fragments(source):
            yield from check_statement(fragment, tables)


def fragments(source: Source) -> Iterator[Statement]:
    """The queries in what lists declare of filters, which become part of statements."""
    nodes = list(ast.walk(ast.parse(source.text)))
    within = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
            text = "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within:
            text = node.value
        else:
            continue
        if _QUERY.search(text):
            yield Statement(source.path, node.lineno, f"{text[:30]}…", f"-- A fragment.\n({text})")


def project_tables(root: Path) -> frozenset[str]:
    """Every table that a migration makes, without the control tables."""
    listed = (root / _STORE / "control_tables.txt").read_text(encoding="utf-8").splitlines()
    control = {line.strip() for line in listed if line.strip() and not line.startswith("#")}
    made = {
        table
        for source in sources(root, f"{_STORE}/migrations", ".sql")
        for table in _CREATE_TABLE.findall(without_noise(source.text))
    }
    return frozenset(made - control)


def check_statement(statement: Statement, tables: frozenset[str]) -> Iterator[Finding]:
    if not statement.purpose:
        message = f"{statement.name} doesn't say what it is for"
        yield Finding(statement.path, statement.line, "project-filter", message)
    text = without_noise(statement.text)
    if len(named := sorted(set(_PROJECT.findall(text)))) > 1:
        message = f"{statement.name} names several projects: {', '.join(named)}"
        yield Finding(statement.path, statement.line, "project-filter", message)
    for query in queries(text):
        for relation in _unfiltered(query, tables):
            message = f"{statement.name}: {relation.table} isn't filtered by project_id"
            yield Finding(statement.path, statement.line, "project-filter", message)


def _unfiltered(query: str, tables: frozenset[str]) -> Iterator[Relation]:
    relations = [relation for relation in _relations(query) if relation.table in tables]
    readers = [relation for relation in relations if not relation.written]
    filtered = _filtered(query, {relation.alias for relation in readers})
    yield from (relation for relation in readers if relation.alias not in filtered)
    columns = {table.lower(): names for table, names in _INSERT_COLUMNS.findall(query)}
    for relation in relations:
        if relation.written and not re.search(r"\bproject_id\b", columns.get(relation.table, "")):
            yield relation


def _filtered(query: str, readers: set[str]) -> set[str]:
    """The aliases whose project is fixed: by a parameter, by a name from outside this query, or by one so fixed."""
    equal = [(left.lower(), right.lower()) for left, right in _EQUAL.findall(query)]
    fixed = {left for left, right in equal if not right or right not in readers}
    fixed |= {right for left, right in equal if right and left not in readers}
    fixed |= {alias.lower() for alias in _EQUAL_REVERSED.findall(query)}
    if "" in fixed and len(readers) == 1:
        fixed |= readers
    if fixed & readers and _USING.search(query):
        fixed |= readers
    links = [{left, right} for left, right in equal if right]
    while spread := [link for link in links if link & fixed and not link <= fixed]:
        fixed |= spread[0]
    return fixed


def _relations(query: str) -> Iterator[Relation]:
    """What stands after FROM, JOIN, USING, UPDATE, INTO, and after a comma of a FROM list."""
    words = [match[0].lower() for match in _TOKEN.finditer(_without_parentheses(query))]
    in_from = False
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        if word in _CLAUSE_ENDS:
            in_from = False
        starts = (
            (word == "from" and before != "distinct")
            or word in {"join", "using"}
            or (word == "update" and before not in {"for", "key", "do", "no"})
            or (word == "into")
            or (word == "," and in_from)
        )
        if starts:
            in_from = in_from or word in {"from", "using"}
            yield from _relation(words, at + 1, written=word == "into")


def _relation(words: list[str], at: int, *, written: bool) -> Iterator[Relation]:
    while at < len(words) and words[at] in {"lateral", "only"}:
        at += 1
    if at >= len(words) or not words[at][0].isalpha():
        return
    rest = words[at + 1 : at + 3]
    if rest and rest[0] == "as":
        rest = rest[1:]
    alias = rest[0] if rest and rest[0][0].isalpha() and rest[0] not in _NO_ALIAS else words[at]
    yield Relation(words[at], alias, written)


def _without_parentheses(text: str) -> str:
    """Keeps what joins look like: `(a JOIN b …)` isn't used here, function calls and column lists are noise."""
    previous = None
    while previous != text:
        previous, text = text, re.sub(r"\([^()]*\)", " ", text)
    return text
