"""Define what metadata must be like, and hold writes to it (docs/semantics/metadata.md)."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from largesse.actions.scope import Scope
from largesse.domain.campaigns import Campaign
from largesse.domain.errors import InvalidPayload, NotFound, ResourceInUse
from largesse.domain.metadata_schemas import (
    CAMPAIGN,
    CUSTOMER,
    PUBLICATION,
    VOUCHER,
    MetadataSchema,
    Schemas,
    changed_properties,
    check_metadata,
    check_properties,
    faults,
)
from largesse.domain.publications import PublicationRequest
from largesse.store import metadata_schemas as store
from largesse.store.connection import Connect
from largesse.store.customers import find_customer
from largesse.store.projects import lock_project

RESOURCE_TYPE = "metadata schema"


async def schemas_of(scope: Scope) -> Schemas:
    return await store.list_schemas(scope.connection, scope.project.id)


async def check_sent(
    scope: Scope, resource: str, sent: Mapping[str, Any], stored: Mapping[str, Any] | None = None
) -> None:
    """Judge metadata that a write brings, by the schemas as this transaction sees them.

    `stored`: what the resource has before or after the write. Raises MetadataValidationFailed.
    """
    check_metadata(await schemas_of(scope), resource, sent, stored)


def schema_of_campaign(campaign: Campaign) -> str:
    """Whose schema its metadata follows (docs/semantics/metadata.md)."""
    return VOUCHER if campaign.use_voucher_metadata_schema else CAMPAIGN


async def check_publication(connect: Connect, project_id: int, schemas: Schemas, request: PublicationRequest) -> None:
    """Judge a publication's metadata and that of the customer it brings along, before it joins a batch.

    A customer that exists already may have what wasn't sent: only when something is wrong with what was, the database
    is asked, through `connect`. An unknown id is left to the statement, which answers 404.

    Raises MetadataValidationFailed, Unavailable.
    """
    check_metadata(schemas, PUBLICATION, request.metadata)
    customer = request.customer
    sent = (customer.profile or {}).get("metadata")
    if not faults(schemas, CUSTOMER, sent or {}):
        return
    name = customer.id or customer.source_id
    known = None
    if name is not None:
        async with connect() as connection:
            known = await find_customer(connection, project_id, name)
        if known is not None and name != (known.id if customer.id else known.source_id):
            known = None
    if known is None and customer.id is not None:
        return
    if known is None or sent is not None:
        check_metadata(schemas, CUSTOMER, sent or {}, None if known is None else known.metadata)


async def create_schema(scope: Scope, schema: MetadataSchema) -> MetadataSchema:
    """Raises DuplicateFound, InvalidPayload."""
    known = await _locked(scope)
    if len(known) >= store.SCHEMAS_MAX:
        raise InvalidPayload(f"A project can have at most {store.SCHEMAS_MAX} metadata schemas")
    check_properties(known, schema.related_object, schema.properties)
    return await store.create_schema(scope.connection, scope.project.id, schema)


async def get_schema(scope: Scope, id: str) -> MetadataSchema:
    """By its id. Raises NotFound."""
    return _found(await schemas_of(scope), id)


async def update_schema(scope: Scope, id: str, sent: dict[str, Any]) -> MetadataSchema:
    """`sent`: allow_defined_only and properties, each only if it is to change. Definitions that aren't sent stay.

    Raises NotFound, InvalidPayload.
    """
    known = await _locked(scope)
    before = _found(known, id)
    properties = changed_properties(before.properties, sent.get("properties") or {})
    check_properties(known, before.related_object, properties)
    return await store.update_schema(
        scope.connection, scope.project.id, replace(before, **(sent | {"properties": properties}))
    )


async def delete_schema(scope: Scope, id: str) -> None:
    """Metadata stays as it is. Raises NotFound; ResourceInUse for a nested object that a definition names."""
    known = await _locked(scope)
    schema = _found(known, id)
    users = [
        f"{other.related_object}.{name}"
        for other in known.values()
        for name, definition in other.properties.items()
        if definition.object_type == schema.related_object and not definition.deleted
    ]
    if users:
        raise ResourceInUse(
            f"Metadata schema {schema.related_object} is used by {users[0]}",
            resource_id=id,
            resource_type=RESOURCE_TYPE,
        )
    await store.delete_schema(scope.connection, scope.project.id, id)


async def _locked(scope: Scope) -> dict[str, MetadataSchema]:
    """All schemas of the project: whoever changes one holds the project's row, because they refer to each other."""
    await lock_project(scope.connection, scope.project.id)
    return await store.list_schemas(scope.connection, scope.project.id)


def _found(known: Schemas, id: str) -> MetadataSchema:
    for schema in known.values():
        if schema.id == id:
            return schema
    raise NotFound.of(RESOURCE_TYPE, id)
