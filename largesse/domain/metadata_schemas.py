"""Metadata schemas: what the custom attributes of a resource must be like (docs/semantics/metadata.md). Pure.

What is judged is what a write brings: every key that was sent, and whether the required keys are there, sent or stored
before. A stored value that nobody touches isn't judged again, so that a new schema locks nothing that is already there.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, TypeAlias

import msgspec

from largesse.domain.errors import InvalidPayload, MetadataValidationFailed

CAMPAIGN: Final = "campaign"
CUSTOMER: Final = "customer"
PUBLICATION: Final = "publication"
VOUCHER: Final = "voucher"
STANDARD: Final = frozenset(
    {CAMPAIGN, CUSTOMER, PUBLICATION, VOUCHER, "earning_rule", "loyalty_tier", "order", "order_item", "product",
     "promotion_tier", "redemption", "reward"}
)  # fmt: skip
"""Resources that have metadata; every other name is that of a nested object."""

STRING: Final = "string"
NUMBER: Final = "number"
OBJECT: Final = "object"
BOOLEAN: Final = "boolean"
TYPES: Final = (STRING, NUMBER, BOOLEAN, "date", "datetime", "image_url", OBJECT, "geopoint")
DEFINITIONS_MAX: Final = 100
"""Of one schema, deleted ones included."""
FAULTS_MAX: Final = 100
_SHOWN_MAX: Final = 100

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_IMAGE: Final = re.compile(r"https?://[^\s?#]+\.(?:jpe?g|png)(?:[?#]\S*)?", re.ASCII | re.IGNORECASE)
_DEGREES: Final = r"-?\d{1,3}(?:\.\d{1,15})?"
_GEOPOINT: Final = re.compile(rf"({_DEGREES}),\s*({_DEGREES})", re.ASCII)
_LATITUDE_MAX: Final = 90
_LONGITUDE_MAX: Final = 180
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)

_PHRASES: Final = {
    STRING: "must be a string",
    NUMBER: "must be a number",
    BOOLEAN: "must be a boolean",
    "date": "must be an ISO 8601 date",
    "datetime": "must be an ISO 8601 date-time",
    "image_url": "must be a URL pointing to JPG/JPEG or PNG resource",
    OBJECT: "must be an object",
    "geopoint": "must be a geopoint, like 52.23,21.01",
}
_LENGTHS: Final = ("min_length", "max_length", "exact_length")
_BOUNDS: Final = ("lt", "lte", "gt", "gte")


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one key must hold. Lengths are in characters and for strings; `ne` and bounds are for numbers."""

    type: str
    array: bool = False
    optional: bool = False
    deleted: bool = False
    object_type: str | None = None  # the related_object of a nested object's schema
    min_length: int | None = None
    max_length: int | None = None
    exact_length: int | None = None
    eq: list[str | int | float] | None = None
    ne: list[int | float] | None = None
    lt: int | float | None = None
    lte: int | float | None = None
    gt: int | float | None = None
    gte: int | float | None = None


class MetadataSchema(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `metadata_schemas`."""

    id: str
    related_object: str
    allow_defined_only: bool = False
    properties: dict[str, Definition]
    created_at: datetime
    updated_at: datetime | None = None


Schemas: TypeAlias = Mapping[str, MetadataSchema]
"""All schemas of a project, by related_object."""


def check_metadata(
    schemas: Schemas, resource: str, sent: Mapping[str, Any], stored: Mapping[str, Any] | None = None
) -> None:
    """Raises MetadataValidationFailed with every fault, or the first hundred."""
    if found := faults(schemas, resource, sent, stored):
        raise MetadataValidationFailed("; ".join(found))


def faults(
    schemas: Schemas, resource: str, sent: Mapping[str, Any], stored: Mapping[str, Any] | None = None
) -> list[str]:
    """What is wrong with metadata: `key: rule, rule (actual value is 'v')` each, at most FAULTS_MAX.

    `stored`: what the resource has already, or will have after the write. Null is as good as absent.
    """
    schema = schemas.get(resource)
    return [] if schema is None else _object_faults(schemas, schema, sent, stored or {}, "")[:FAULTS_MAX]


def _object_faults(
    schemas: Schemas, schema: MetadataSchema, sent: Mapping[str, Any], stored: Mapping[str, Any], prefix: str
) -> list[str]:
    found = []
    defined = {name: definition for name, definition in schema.properties.items() if not definition.deleted}
    for name, definition in defined.items():
        value = sent.get(name)
        if value is None:
            if not definition.optional and (name in sent or stored.get(name) is None):
                found.append(f"{prefix}{name}: {_rules(definition)}")
        else:
            found += _value_faults(schemas, definition, value, prefix + name)
    if schema.allow_defined_only:
        unknown = [name for name in sent if name not in defined][:FAULTS_MAX]
        found += [f"{prefix}{_cut(name)}: is not defined in the schema{_actual(sent[name])}" for name in unknown]
    return found


def _value_faults(schemas: Schemas, definition: Definition, value: Any, path: str) -> list[str]:
    items = value if definition.array and isinstance(value, list) else [value]
    if definition.array != isinstance(value, list) or not all(_fits(definition, item) for item in items):
        return [f"{path}: {_rules(definition)}{_actual(value)}"]
    nested = schemas.get(definition.object_type or "") if definition.type == OBJECT else None
    if nested is None:
        return []
    found: list[str] = []
    for item in items:
        found += _object_faults(schemas, nested, item, {}, f"{path}.")
        if len(found) >= FAULTS_MAX:
            break
    return found


def _fits(definition: Definition, value: Any) -> bool:
    fits: Callable[[Definition, Any], bool] = _FITS[definition.type]
    wanted = _JSON_TYPES.get(definition.type, str)
    return (
        isinstance(value, wanted)
        and (definition.type == BOOLEAN or not isinstance(value, bool))
        and fits(definition, value)
    )


def _is_point(text: str) -> bool:
    point = _GEOPOINT.fullmatch(text)
    return point is not None and abs(float(point[1])) <= _LATITUDE_MAX and abs(float(point[2])) <= _LONGITUDE_MAX


def _is_moment(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
        if "T" in text:
            datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _string_fits(definition: Definition, value: str) -> bool:
    low, high, exact = definition.min_length, definition.max_length, definition.exact_length
    return (
        (low is None or len(value) >= low)
        and (high is None or len(value) <= high)
        and (exact is None or len(value) == exact)
        and (not definition.eq or value in definition.eq)
    )


def _number_fits(definition: Definition, value: float) -> bool:
    return (
        (not definition.eq or value in definition.eq)
        and (not definition.ne or value not in definition.ne)
        and (definition.lt is None or value < definition.lt)
        and (definition.lte is None or value <= definition.lte)
        and (definition.gt is None or value > definition.gt)
        and (definition.gte is None or value >= definition.gte)
    )


_JSON_TYPES: Final[dict[str, Any]] = {NUMBER: int | float, BOOLEAN: bool, OBJECT: dict}
_FITS: Final[dict[str, Callable[[Definition, Any], bool]]] = {
    STRING: _string_fits,
    NUMBER: _number_fits,
    BOOLEAN: lambda _, __: True,
    OBJECT: lambda _, __: True,
    "date": lambda _, text: _DATE.fullmatch(text) is not None and _is_moment(text),
    "datetime": lambda _, text: _DATE_TIME.fullmatch(text) is not None and _is_moment(text),
    "image_url": lambda _, text: _IMAGE.fullmatch(text) is not None,
    "geopoint": lambda _, text: _is_point(text),
}


def _rules(definition: Definition) -> str:
    """All that the definition asks for: the contract's messages name every rule, not only the broken one."""
    must = _PHRASES[definition.type]
    rules = [f"must be an array, and every element: {must}" if definition.array else must]
    if not definition.optional:
        rules.append("property is required")
    texts = {
        "min_length": "must have at least {} characters",
        "max_length": "must have at most {} characters",
        "exact_length": "must have exactly {} characters",
        "lt": "must be less than {}",
        "lte": "must be less than or equal to {}",
        "gt": "must be greater than {}",
        "gte": "must be greater than or equal to {}",
    }
    rules += [text.format(limit) for name, text in texts.items() if (limit := getattr(definition, name)) is not None]
    if definition.eq:
        rules.append(f"must be equal to one of {','.join(map(str, definition.eq))}")
    if definition.ne:
        rules.append(f"must not be equal to any of {','.join(map(str, definition.ne))}")
    return ", ".join(rules)


def _actual(value: Any) -> str:
    shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f" (actual value is '{_cut(shown)}')"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"


def typed(schemas: Schemas, resource: str, texts: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata out of a query string or a CSV file, where every value is a text, in the types that the schema asks for.

    A list is a comma list or was one already. What can't be read stays a text, and so do keys that nobody defined:
    whether that is allowed is for `check_metadata` to say.
    """
    schema = schemas.get(resource)
    if schema is None:
        return dict(texts)
    return {name: _typed(schemas, schema.properties.get(name), value) for name, value in texts.items()}


def _typed(schemas: Schemas, definition: Definition | None, value: Any) -> Any:
    if definition is None or definition.deleted:
        return value
    if definition.array:
        items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
        return [_typed_one(schemas, definition, item) for item in items] if isinstance(items, list) else value
    return _typed_one(schemas, definition, value)


def _typed_one(schemas: Schemas, definition: Definition, value: Any) -> Any:
    if isinstance(value, dict) and definition.type == OBJECT and definition.object_type:
        return typed(schemas, definition.object_type, value)
    if not isinstance(value, str):
        return value
    if definition.type == NUMBER and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    if definition.type == BOOLEAN:
        return {"true": True, "false": False, "null": None}.get(value.lower(), value)
    return value


def changed_properties(before: Mapping[str, Definition], sent: Mapping[str, Definition]) -> dict[str, Definition]:
    """The definitions after an update: those sent replace their namesakes, the others stay.

    Raises InvalidPayload for a definition whose type would change.
    """
    other = [name for name, definition in sent.items() if name in before and before[name].type != definition.type]
    if other:
        raise InvalidPayload("; ".join(f"Property .properties.{_cut(name)}.type cannot be changed" for name in other))
    return {**before, **sent}


def check_properties(schemas: Schemas, related_object: str, properties: Mapping[str, Definition]) -> None:
    """Raises InvalidPayload with every fault: too many, rules that don't go with the type, nested objects."""
    found = []
    if len(properties) > DEFINITIONS_MAX:
        found.append(f"Property .properties must not have more than {DEFINITIONS_MAX} definitions")
    for name, definition in list(properties.items())[:DEFINITIONS_MAX]:
        place = f"Property .properties.{_cut(name)}"
        found += [f"{place}.{rule}" for rule in _definition_faults(definition)]
        if definition.type == OBJECT and not definition.deleted:
            if related_object not in STANDARD:
                found.append(f"{place} must not be an object within a nested object")
            if definition.object_type not in schemas or definition.object_type in STANDARD:
                found.append(f"{place}.object_type must be the related_object of a nested object's schema")
    if found:
        raise InvalidPayload("; ".join(found))


def _definition_faults(definition: Definition) -> list[str]:
    found = []
    for names, types in ((_LENGTHS, (STRING,)), ((*_BOUNDS, "ne"), (NUMBER,)), (("eq",), (STRING, NUMBER))):
        found += [
            f"{name} is available only for the type {' and '.join(types)}"
            for name in names
            if getattr(definition, name) is not None and definition.type not in types
        ]
    if definition.object_type is not None and definition.type != OBJECT:
        found.append("object_type is available only for the type object")
    if definition.eq and definition.type in {STRING, NUMBER}:
        wanted = str if definition.type == STRING else (int, float)
        if not all(isinstance(item, wanted) for item in definition.eq):
            found.append(f"eq must hold values of the type {definition.type}")
    return found
