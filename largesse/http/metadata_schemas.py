"""/v1/metadata-schemas, which only reads, and /management/v1/projects/{id}/metadata-schemas"""

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import metadata_schemas
from largesse.domain.errors import DuplicateFound, NotFound, ResourceInUse
from largesse.http.edge import MANAGEMENT_KEYS
from largesse.http.requests import (
    path_parameter,
    read_body,
    respond,
    respond_empty,
    unit_of_work,
    work_on_project,
)
from largesse.http.routing import Route
from largesse.wire.metadata_schemas import SchemaChanges, SchemaInput, render_schema

PATH = "/v1/metadata-schemas"
MANAGED = "/management/v1/projects/{project_id}/metadata-schemas"


async def list_(request: Request) -> Response:
    """List the metadata schemas of the project"""
    async with unit_of_work(request) as scope:
        found = await metadata_schemas.schemas_of(scope)
    schemas = [render_schema(schema, camel=True) for schema in found.values()]
    # The contract names `schemas` and requires `data`: both are there.
    return respond(
        {"object": "list", "data_ref": "schemas", "schemas": schemas, "data": schemas, "total": len(schemas)}
    )


async def get(request: Request) -> Response:
    """Get the metadata schema of a resource"""
    resource = path_parameter(request, "resource")
    async with unit_of_work(request) as scope:
        found = (await metadata_schemas.schemas_of(scope)).get(resource)
    if found is None:
        raise NotFound.of(metadata_schemas.RESOURCE_TYPE, resource)
    return respond(render_schema(found, camel=True))


async def create(request: Request) -> Response:
    """Define what the metadata of a resource must be like"""
    sent = await read_body(request, SchemaInput)
    async with work_on_project(request) as scope:
        schema = await metadata_schemas.create_schema(scope, sent.schema(scope.ids.new("ms_")))
    return respond(render_schema(schema, camel=False))


async def list_of_project(request: Request) -> Response:
    """List the metadata schemas of a project"""
    async with work_on_project(request) as scope:
        found = await metadata_schemas.schemas_of(scope)
    data = [render_schema(schema, camel=False) for schema in found.values()]
    return respond({"object": "list", "data_ref": "data", "data": data, "total": len(data)})


async def get_of_project(request: Request) -> Response:
    """Get a metadata schema of a project"""
    async with work_on_project(request) as scope:
        schema = await metadata_schemas.get_schema(scope, path_parameter(request, "schema_id"))
    return respond(render_schema(schema, camel=False))


async def update(request: Request) -> Response:
    """Add or replace definitions; the type of one never changes"""
    sent = await read_body(request, SchemaChanges)
    async with work_on_project(request) as scope:
        schema = await metadata_schemas.update_schema(scope, path_parameter(request, "schema_id"), sent.said())
    return respond(render_schema(schema, camel=False))


async def delete(request: Request) -> Response:
    """Delete a metadata schema; metadata stays as it is"""
    async with work_on_project(request) as scope:
        await metadata_schemas.delete_schema(scope, path_parameter(request, "schema_id"))
    return respond_empty()


ROUTES = [
    Route(PATH, list_, methods=["GET"]),
    Route(f"{PATH}/{{resource}}", get, methods=["GET"], errors=[NotFound]),
    Route(MANAGED, create, methods=["POST"], body=SchemaInput, errors=[NotFound, DuplicateFound], keys=MANAGEMENT_KEYS),
    Route(MANAGED, list_of_project, methods=["GET"], errors=[NotFound], keys=MANAGEMENT_KEYS),
    Route(f"{MANAGED}/{{schema_id}}", get_of_project, methods=["GET"], errors=[NotFound], keys=MANAGEMENT_KEYS),
    Route(
        f"{MANAGED}/{{schema_id}}",
        update,
        methods=["PUT"],
        body=SchemaChanges,
        errors=[NotFound],
        keys=MANAGEMENT_KEYS,
    ),
    Route(
        f"{MANAGED}/{{schema_id}}",
        delete,
        methods=["DELETE"],
        errors=[NotFound, ResourceInUse],
        keys=MANAGEMENT_KEYS,
    ),
]
