"""Keeps the hourly counts of publications up to date, from the event log."""

from typing import Final

from largesse.actions.scope import Scope
from largesse.store import publication_hours as store

EVENTS_CHUNK: Final = 5_000


async def fold_chunk(scope: Scope) -> bool:
    """Count the next events in one transaction. Whether there may be more."""
    return await store.fold(scope.connection, scope.project, EVENTS_CHUNK) == EVENTS_CHUNK
