"""Metadata schemas in the database: told to all processes when they change."""

from typing import Any, Final

import asyncpg
import msgspec

from largesse.domain.errors import DuplicateFound
from largesse.domain.metadata_schemas import Definition, MetadataSchema
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("metadata_schemas")
SCHEMAS_MAX: Final = 100
"""Of a project, those of nested objects included."""


def notified_name(project_id: int) -> str:
    """What is told on the channel of the keys when a schema of the project changed, or a rule was assigned in it."""
    return f"schemas:{project_id}"


async def tell(connection: Connection, project_id: int) -> None:
    """Let every process look again once this transaction has committed."""
    await connection.execute(SQL["tell"], notified_name(project_id))


def _schema(row: asyncpg.Record) -> MetadataSchema:
    return msgspec.convert(dict(row), MetadataSchema)


def _stored(properties: dict[str, Definition]) -> dict[str, Any]:
    return {name: msgspec.to_builtins(definition) for name, definition in properties.items()}


async def list_schemas(connection: Connection, project_id: int) -> dict[str, MetadataSchema]:
    """By related_object, oldest first."""
    rows = await connection.fetch(SQL["list_schemas"], project_id)
    return {row["related_object"]: _schema(row) for row in rows}


async def create_schema(connection: Connection, project_id: int, schema: MetadataSchema) -> MetadataSchema:
    """Raises DuplicateFound when the resource has one."""
    values = (schema.id, schema.related_object, schema.allow_defined_only, _stored(schema.properties))
    try:
        row = await connection.fetchrow(SQL["create_schema"], project_id, *values)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "metadata_schemas_related_object":
            raise
        raise DuplicateFound(
            f"Duplicated metadata schema exists with name {schema.related_object}",
            resource_id=schema.related_object,
            resource_type="metadata schema",
        ) from None
    assert row is not None
    await tell(connection, project_id)
    return _schema(row)


async def update_schema(connection: Connection, project_id: int, schema: MetadataSchema) -> MetadataSchema:
    values = (schema.id, schema.allow_defined_only, _stored(schema.properties))
    row = await connection.fetchrow(SQL["update_schema"], project_id, *values)
    assert row is not None
    await tell(connection, project_id)
    return _schema(row)


async def delete_schema(connection: Connection, project_id: int, id: str) -> None:
    await connection.execute(SQL["delete_schema"], project_id, id)
    await tell(connection, project_id)
