"""Remembers what few projects have: metadata schemas, and objects with validation rules. Publishing must not ask the
database for them each time.
"""

from largesse.auth.lookups import Entry, LookupCache
from largesse.domain.metadata_schemas import Schemas
from largesse.store.connection import LOOKUP_LIMIT_S, acquire
from largesse.store.metadata_schemas import list_schemas, notified_name
from largesse.store.validation_rules import has_assignments


class _Entry(Entry, frozen=True):
    schemas: Schemas
    has_rules: bool


class SchemaCache(LookupCache[_Entry]):
    """Names are those of the notifications. A project without schemas is remembered like any other."""

    async def of(self, project_id: int) -> Schemas:
        entry = await self._find(notified_name(project_id))
        return {} if entry is None else entry.schemas

    async def has_rules(self, project_id: int) -> bool:
        entry = await self._find(notified_name(project_id))
        return entry is not None and entry.has_rules

    async def _ask(self, name: str) -> _Entry:
        project_id = int(name.rpartition(":")[2])
        async with acquire(self._pool, limit_s=LOOKUP_LIMIT_S) as connection:
            schemas = await list_schemas(connection, project_id)
            return _Entry(self._clock() + self._ttl_s, schemas, await has_assignments(connection, project_id))
