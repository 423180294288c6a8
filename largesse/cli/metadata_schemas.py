"""`largesse projects schemas | define | undefine`: what the metadata of a project must be like."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from largesse.actions import metadata_schemas
from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.keys import the_project
from largesse.cli.options import Data, Json
from largesse.cli.output import print_json, print_table
from largesse.domain.errors import LargesseError, NotFound
from largesse.domain.metadata_schemas import MetadataSchema
from largesse.wire.metadata_schemas import SchemaChanges, SchemaInput, render_schema
from largesse.wire.parse import parse_json, parse_value

Named = Annotated[str, typer.Argument(help="Name or id.")]
Resource = Annotated[
    str, typer.Argument(help="customer, voucher, campaign, publication, …, or a nested object's name.")
]
FILE_BYTES_MAX = 1_000_000


def add_schemas(app: typer.Typer, host: Host) -> None:
    @app.command("schemas")
    def schemas(project: Named, *, data: Data = None, json: Json = False) -> None:
        """List the metadata schemas of a project."""
        found = asyncio.run(_list(host, data, project))
        if json:
            print_json({"metadata_schemas": [render_schema(schema, camel=False) for schema in found]})
            return
        rows = [
            [schema.id, schema.related_object, name, definition.type, definition.optional, definition.deleted]
            for schema in found
            for name, definition in schema.properties.items()
        ]
        print_table(["ID", "RESOURCE", "KEY", "TYPE", "OPTIONAL", "DELETED"], rows)

    @app.command("define")
    def define(
        project: Named,
        resource: Resource,
        file: Annotated[Path, typer.Argument(help="JSON: properties, and perhaps allow_defined_only.", exists=True)],
        *,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Make the schema of a resource, or add and replace definitions of the one it has."""
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise CommandFailed(f"{file} is larger than {FILE_BYTES_MAX} bytes.")
        schema = asyncio.run(_define(host, data, project, resource, content))
        if json:
            print_json(render_schema(schema, camel=False))
        else:
            rows = [[name, definition.type, definition.optional] for name, definition in schema.properties.items()]
            print_table(["KEY", "TYPE", "OPTIONAL"], rows)

    @app.command("undefine")
    def undefine(project: Named, resource: Resource, *, data: Data = None, json: Json = False) -> None:
        """Delete the schema of a resource; metadata stays as it is."""
        asyncio.run(_undefine(host, data, project, resource))
        print_json({"related_object": resource, "deleted": True}) if json else print_table(["DELETED"], [[resource]])


@asynccontextmanager
async def _scope(host: Host, data: str | None, project: str, *, reads: bool = False) -> AsyncIterator[Scope]:
    opened = host.reading if reads else host.database
    async with opened(data=data, command="projects") as connection:
        ids = IdSource()
        try:
            async with connection.transaction():
                owner = await the_project(connection, project)
                yield Scope(connection, owner, ids, ids.new("w-"), "cli")
        except LargesseError as error:
            raise CommandFailed(f"{error}.") from error


async def _list(host: Host, data: str | None, project: str) -> list[MetadataSchema]:
    async with _scope(host, data, project, reads=True) as scope:
        return list((await metadata_schemas.schemas_of(scope)).values())


async def _define(host: Host, data: str | None, project: str, resource: str, content: bytes) -> MetadataSchema:
    async with _scope(host, data, project) as scope:
        said = parse_json(content, dict[str, Any])
        known = (await metadata_schemas.schemas_of(scope)).get(resource)
        if known is not None:
            return await metadata_schemas.update_schema(scope, known.id, parse_value(said, SchemaChanges).said())
        sent = parse_value(said | {"related_object": resource}, SchemaInput)
        return await metadata_schemas.create_schema(scope, sent.schema(scope.ids.new("ms_")))


async def _undefine(host: Host, data: str | None, project: str, resource: str) -> None:
    async with _scope(host, data, project) as scope:
        known = (await metadata_schemas.schemas_of(scope)).get(resource)
        if known is None:
            raise NotFound.of(metadata_schemas.RESOURCE_TYPE, resource)
        await metadata_schemas.delete_schema(scope, known.id)
