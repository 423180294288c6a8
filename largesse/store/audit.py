"""Asks a live database whether it keeps its promises (docs/semantics/promises.md)."""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from largesse.store.connection import Connection
from largesse.store.sql import load

_SQL = load("audit")
ROWS_SHOWN: Final = 20
QUESTIONS: Final = tuple(name for name in _SQL if name != "guards")
"""The names of all questions about a project: the promise that they are about, and what is asked."""

GUARDS: Final = {
    "I1": "publication_vouchers_pkey",
    "I3": "publications_source_id",
    "I4": "publications_first_of_customer",
    "I5": "campaign_counters_pkey",
    "I9": "distribution_messages_once",
    "I10": "vouchers_code_key",
}
"""The unique index behind each promise that has one."""


class Finding(msgspec.Struct, frozen=True):
    """One question and its answer: kept when `rows` is empty."""

    invariant: str  # I1 … I10
    question: str
    project: str | None  # proj_…; null for the installation
    rows: list[dict[str, Any]]


async def check_guards(connection: Connection) -> list[Finding]:
    """Whether the indexes that decide races stand at all: without them the data may be right by luck only."""
    rows = await connection.fetch(_SQL["guards"], list(GUARDS.values()))
    standing = {row["name"] for row in rows}
    return [
        Finding(invariant, f"the unique index {name} stands", None, [] if name in standing else [{"missing": name}])
        for invariant, name in GUARDS.items()
    ]


async def check_project(connection: Connection, project_id: int, public_id: str) -> AsyncIterator[Finding]:
    """Every question about one project, one after the other: they read much, so a progress can be shown."""
    for name in QUESTIONS:
        yield await ask(connection, project_id, public_id, name)


async def ask(connection: Connection, project_id: int, public_id: str, name: str) -> Finding:
    """One of QUESTIONS about one project."""
    invariant, _, question = name.partition("_")
    rows = await connection.fetch(_SQL[name], project_id, ROWS_SHOWN)
    return Finding(invariant, question.replace("_", " "), public_id, [dict(row) for row in rows])
