"""Metadata schemas as JSON: camelCase for the app, snake_case for management (docs/semantics/metadata.md)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from largesse.domain.metadata_schemas import Definition, MetadataSchema
from largesse.wire.dates import render

NAME_LENGTH_MAX: Final = 255
VALUES_MAX: Final = 1_000
LENGTH_MAX: Final = 65_536

_Length = Annotated[int, msgspec.Meta(ge=0, le=LENGTH_MAX)]
_Text = Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
_UNBORN: Final = datetime(1970, 1, 1, tzinfo=UTC)  # the database sets created_at
_CAMEL: Final = {
    "object_type": "objectType",
    "min_length": "minLength",
    "max_length": "maxLength",
    "exact_length": "exactLength",
}


class DefinitionInput(msgspec.Struct, frozen=True, kw_only=True):
    """Null is as good as absent."""

    type: Literal["string", "number", "boolean", "date", "datetime", "image_url", "object", "geopoint"]
    array: bool | None = None
    optional: bool | None = None
    deleted: bool | None = None
    object_type: _Text | None = None
    min_length: _Length | None = None
    max_length: _Length | None = None
    exact_length: _Length | None = None
    eq: Annotated[list[_Text | int | float], msgspec.Meta(max_length=VALUES_MAX)] | None = None
    ne: Annotated[list[int | float], msgspec.Meta(max_length=VALUES_MAX)] | None = None
    lt: int | float | None = None
    lte: int | float | None = None
    gt: int | float | None = None
    gte: int | float | None = None

    def definition(self) -> Definition:
        said = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return Definition(**said)


_Properties = dict[_Name, DefinitionInput]


class SchemaInput(msgspec.Struct, frozen=True, kw_only=True):
    """A schema to be made. `related_object`: a resource, or a name for a nested object."""

    related_object: _Name
    properties: _Properties
    allow_defined_only: bool | None = None

    def schema(self, id: str) -> MetadataSchema:
        return MetadataSchema(
            id=id,
            related_object=self.related_object,
            allow_defined_only=bool(self.allow_defined_only),
            properties=_definitions(self.properties),
            created_at=_UNBORN,
        )


class SchemaChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Definitions that aren't sent stay; one that is sent is replaced as a whole."""

    properties: _Properties | UnsetType | None = UNSET
    allow_defined_only: bool | UnsetType | None = UNSET

    def said(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if isinstance(self.properties, dict):
            out["properties"] = _definitions(self.properties)
        if isinstance(self.allow_defined_only, bool):
            out["allow_defined_only"] = self.allow_defined_only
        return out


def _definitions(sent: _Properties) -> dict[str, Definition]:
    return {name: definition.definition() for name, definition in sent.items()}


def render_schema(schema: MetadataSchema, *, camel: bool) -> dict[str, Any]:
    """`camel`: for the app's API."""
    return {
        "id": schema.id,
        "related_object": schema.related_object,
        "properties": {name: _render(definition, camel=camel) for name, definition in schema.properties.items()},
        "allow_defined_only": schema.allow_defined_only,
        "created_at": render(schema.created_at),
        "updated_at": None if schema.updated_at is None else render(schema.updated_at),
        "object": "metadata_schema",
    }


def _render(definition: Definition, *, camel: bool) -> dict[str, Any]:
    """The first four always, of the others what was set."""
    always = {
        "type": definition.type,
        "array": definition.array,
        "optional": definition.optional,
        "object_type": definition.object_type,
    }
    shown = always | msgspec.to_builtins(definition)
    return {_CAMEL.get(name, name): value for name, value in shown.items()} if camel else shown
