"""All SQL is named text in the store's .sql files: no Python string looks like a statement.

In store/*.py neither: there the check of project_id wouldn't see it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from checks.findings import Finding, Source, sources

# Keywords in capitals, or a shape that prose doesn't have.
_CAPITALS: Final = re.compile(
    r"^\s*(?:SET\s+(?:LOCAL\s+)?\w+\s*(?:=|TO\b)|"
    r"(?:SELECT|WITH\s+(?:RECURSIVE\s+)?\w+|INSERT\s+INTO|UPDATE\s+\w+|DELETE\s+FROM|MERGE\s+INTO|COPY|TRUNCATE|CREATE|"
    r"ALTER|DROP|GRANT|REVOKE|LOCK\s+TABLE|LISTEN|NOTIFY|UNLISTEN|BEGIN|COMMIT|ROLLBACK|VACUUM|ANALYZE|SHOW|EXPLAIN)\b)"
)
_SHAPE: Final = re.compile(
    r"^\s*(select\b.+\bfrom\s+\w+\s*($|where|join|order|limit|;)|insert\s+into\s+\w+\s*\(|update\s+\w+\s+set\s+\w+\s*=|"
    r"delete\s+from\s+\w+\s*($|where|;))",
    re.IGNORECASE | re.DOTALL,
)
# One word in capitals may be a name (a method, a status): a statement has more.
_WORDS_MIN: Final = 2


def check(root: Path) -> Iterator[Finding]:
    for suffix in (".py", ".sql"):
        for source in sources(root, "largesse", suffix):
            yield from check_source(source)


def check_source(source: Source) -> Iterator[Finding]:
    if source.path.endswith(".sql"):
        if not source.path.startswith("largesse/store/"):
            yield Finding(source.path, 1, "sql-outside-store", "SQL files live in largesse/store")
        return
    tree = ast.parse(source.text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            text = node.value
            if len(text.split()) >= _WORDS_MIN and (_CAPITALS.match(text) or _SHAPE.match(text)):
                start = " ".join(text.split())[:40]
                yield Finding(source.path, node.lineno, "sql-outside-store", f"looks like SQL: {start!r}")
