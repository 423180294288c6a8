"""Check a JSON value against a Struct, fault by fault: the slow place of wire/parse.py."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from msgspec import inspect

from largesse.wire.faults import Fault, Faults, Place
from largesse.wire.names import NOT_BLANK

_WORDS: Final[dict[type[inspect.Type], str]] = {
    inspect.NoneType: "null",
    inspect.BoolType: "boolean",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.StrType: "string",
    inspect.ListType: "array",
    inspect.DictType: "object",
    inspect.StructType: "object",
}
_PATTERNS: Final = {NOT_BLANK: "must not be empty or blank"}


@cache
def shape_of(type_: Any) -> inspect.Type:
    return inspect.type_info(type_)


class Collector:
    """Walks a value and a type side by side and writes down what doesn't fit."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def take(self, value: Any, type_: Any) -> Any:
        """The value with integral floats made integers where the type says integer, and unknown fields dropped."""
        return self._take(value, shape_of(type_), None)

    def _fault(self, place: Place, text: str) -> None:
        self._faults.add(place, text)

    def _take(self, value: Any, shape: inspect.Type, place: Place) -> Any:
        members = _members(shape)
        for member in members:
            if _fits(value, member):
                return self._take_member(value, member, place)
        self._fault(place, _expected(members))
        return value

    def _take_member(self, value: Any, shape: inspect.Type, place: Place) -> Any:
        match shape:
            case inspect.StructType():
                value = self._take_struct(value, shape, place)
            case inspect.DictType():
                self._check_size(value, shape, place, "properties")
                inner = shape.value_type
                value = {name: self._take(item, inner, (place, name)) for name, item in value.items()}
            case inspect.ListType():
                self._check_size(value, shape, place, "items")
                value = [self._take(item, shape.item_type, (place, index)) for index, item in enumerate(value)]
            case inspect.IntType():
                value = self._take_number(int(value), shape, place)
            case inspect.FloatType():
                value = self._take_number(value, shape, place)
            case inspect.StrType():
                self._check_size(value, shape, place, "characters")
                if shape.pattern is not None and not re.search(shape.pattern, value):
                    self._fault(place, _PATTERNS.get(shape.pattern, f'must match pattern "{shape.pattern}"'))
            case inspect.CustomType():
                value = self._take_custom(value, shape, place)
        return value

    def _take_struct(self, value: dict[str, Any], shape: inspect.StructType, place: Place) -> dict[str, Any]:
        taken = {}
        if shape.tag_field is not None:
            taken[shape.tag_field] = value.get(shape.tag_field)
        for field in shape.fields:
            if field.encode_name in value:
                inner = (place, field.encode_name)
                taken[field.encode_name] = self._take(value[field.encode_name], field.type, inner)
            elif field.required:
                self._fault(place, f"must have required property '{field.encode_name}'")
        return taken

    def _take_number(self, value: float, shape: inspect.IntType | inspect.FloatType, place: Place) -> float:
        if shape.ge is not None and value < shape.ge:
            self._fault(place, f"must be >= {shape.ge}")
        if shape.gt is not None and value <= shape.gt:
            self._fault(place, f"must be > {shape.gt}")
        if shape.le is not None and value > shape.le:
            self._fault(place, f"must be <= {shape.le}")
        if shape.lt is not None and value >= shape.lt:
            self._fault(place, f"must be < {shape.lt}")
        if shape.multiple_of is not None and value % shape.multiple_of:
            self._fault(place, f"must be multiple of {shape.multiple_of}")
        return value

    def _check_size(
        self, value: Any, shape: inspect.StrType | inspect.ListType | inspect.DictType, place: Place, of: str
    ) -> None:
        if shape.min_length is not None and len(value) < shape.min_length:
            self._fault(place, f"must not have fewer than {shape.min_length} {of}")
        if shape.max_length is not None and len(value) > shape.max_length:
            self._fault(place, f"must not have more than {shape.max_length} {of}")

    def _take_custom(self, value: Any, shape: inspect.CustomType, place: Place) -> Any:
        try:
            return shape.cls.parse(value)  # type: ignore[attr-defined]  # the convention of wire/parse.py
        except Fault as fault:
            self._fault(place, str(fault))
            return value


def _members(shape: inspect.Type) -> list[inspect.Type]:
    if isinstance(shape, inspect.Metadata):
        return _members(shape.type)
    if isinstance(shape, inspect.UnionType):
        return [member for part in shape.types for member in _members(part)]
    return [shape]


def _fits(value: Any, shape: inspect.Type) -> bool:
    """Whether the JSON type is right; what it holds is judged later."""
    predicate: Callable[[Any, inspect.Type], bool] = _FITS[type(shape)]
    return predicate(value, shape)


def _fits_integer(value: Any, _: inspect.Type) -> bool:
    if isinstance(value, float):  # 1.0 is an integer in JSON
        return value.is_integer() and abs(value) < 2**63
    return isinstance(value, int) and not isinstance(value, bool)


def _fits_literal(value: Any, shape: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value in shape.values


def _fits_struct(value: Any, shape: Any) -> bool:
    return isinstance(value, dict) and (shape.tag_field is None or value.get(shape.tag_field) == shape.tag)


def _fits_custom(value: Any, shape: Any) -> bool:
    return isinstance(value, {"string": str, "object": dict, "array": list}[json_type(shape)])


_FITS: Final[dict[type[inspect.Type], Callable[[Any, Any], bool]]] = {
    inspect.AnyType: lambda _value, _shape: True,
    inspect.NoneType: lambda value, _: value is None,
    inspect.BoolType: lambda value, _: isinstance(value, bool),
    inspect.IntType: _fits_integer,
    inspect.FloatType: lambda value, _: isinstance(value, int | float) and not isinstance(value, bool),
    inspect.StrType: lambda value, _: isinstance(value, str),
    inspect.ListType: lambda value, _: isinstance(value, list),
    inspect.DictType: lambda value, _: isinstance(value, dict),
    inspect.LiteralType: _fits_literal,
    inspect.StructType: _fits_struct,
    inspect.CustomType: _fits_custom,
}


def json_type(shape: inspect.CustomType) -> str:
    """What a custom type is in JSON: its class says so."""
    return str(shape.cls.json_type)  # type: ignore[attr-defined]  # the convention of wire/parse.py


def _expected(members: list[inspect.Type]) -> str:
    allowed = [value for member in members if isinstance(member, inspect.LiteralType) for value in member.values]
    tags = {member.tag_field for member in members if isinstance(member, inspect.StructType) and member.tag_field}
    if allowed:
        return f"must be equal to one of the allowed values [{', '.join(map(str, allowed))}]"
    if tags:
        values = [str(member.tag) for member in members if isinstance(member, inspect.StructType)]
        return f"must have a '{tags.pop()}' equal to one of the allowed values [{', '.join(values)}]"
    words = [json_type(member) if isinstance(member, inspect.CustomType) else _word(member) for member in members]
    return f"must be {','.join(dict.fromkeys(words))}"


def _word(shape: inspect.Type) -> str:
    return _WORDS.get(type(shape), "another type")
