"""Remembers the metadata schemas of projects: publishing must not ask the database for them each time."""

from largesse.auth.lookups import Entry, LookupCache
from largesse.domain.metadata_schemas import Schemas
from largesse.store.connection import LOOKUP_LIMIT_S, acquire
from largesse.store.metadata_schemas import list_schemas, notified_name


class _Entry(Entry, frozen=True):
    schemas: Schemas


class SchemaCache(LookupCache[_Entry]):
    """Names are those of the notifications. A project without schemas is remembered like any other."""

    async def of(self, project_id: int) -> Schemas:
        entry = await self._find(notified_name(project_id))
        return {} if entry is None else entry.schemas

    async def _ask(self, name: str) -> _Entry:
        project_id = int(name.rpartition(":")[2])
        async with acquire(self._pool, limit_s=LOOKUP_LIMIT_S) as connection:
            return _Entry(self._clock() + self._ttl_s, await list_schemas(connection, project_id))
