"""JSON to typed input: fast when it is right, thorough when it is wrong (docs/semantics/wire.md).

The fast path is msgspec. It stops at the first fault and lets some things pass that PostgreSQL or the contract
refuse, so a body that looks suspicious, or that msgspec refuses, is decoded again without types and walked: once for
what no string or number may hold, once against the Struct, and every fault is reported with its path.
"""

import json
import math
import re
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgspec

from largesse.domain.errors import InvalidPayload, MalformedJson
from largesse.wire.faults import Faults, Place, TooManyFaults
from largesse.wire.shapes import Collector

T = TypeVar("T")

DEPTH_MAX: Final = 64
INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1

_NUL_OR_SURROGATE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_LONG_NUMBER: Final = b"0" * 19
_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
# Possessive, and a string without an end reaches to the end: otherwise a body of quotes takes quadratic time.
_STRING: Final = rb'"(?:[^"\\]++|\\.?)*+"?'
_STRINGS: Final = re.compile(_STRING, re.DOTALL)
_STRING_OR_BRACKET: Final = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)


def parse_json(body: bytes, type_: type[T]) -> T:
    """Decode `body` into `type_`, a Struct or any type that msgspec knows.

    Raises MalformedJson when it isn't JSON (or deeper than DEPTH_MAX), InvalidPayload listing every fault otherwise.
    Fields that the Struct doesn't have are ignored. Custom field types bring `parse(value)`, `json_type` and
    `json_schema`: see wire/dates.py and wire/metadata.py.
    """
    if not body:
        return _convert(None, type_, Faults())
    if not _looks_harmless(body):
        return parse_value(_load(body), type_)
    try:
        decoded: T = _decoder(cast("Any", type_)).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return parse_value(_load(body), type_)
    return decoded


def decode_judged(body: bytes, type_: type[T]) -> T:
    """`parse_json` of a body that it has accepted elsewhere: nothing is looked at twice."""
    try:
        decoded: T = _decoder(cast("Any", type_)).decode(body)
    except msgspec.DecodeError:  # what Python's decoder takes and msgspec doesn't
        return parse_json(body, type_)
    return decoded


def parse_value(value: Any, type_: type[T]) -> T:
    """Check a decoded JSON value against `type_`. Raises InvalidPayload listing every fault, or the first hundred."""
    faults = Faults()
    try:
        _check_contents(value, None, faults)
    except TooManyFaults as error:
        raise InvalidPayload(str(faults)) from error
    return _convert(value, type_, faults)


def convert(value: Any, type_: type[T]) -> T:
    """The same for a value whose strings and numbers were checked before. Fast when it is right."""
    try:
        return msgspec.convert(value, type_, dec_hook=decode_custom)
    except (msgspec.ValidationError, RecursionError):
        return parse_value(value, type_)


def _convert(value: Any, type_: type[T], faults: Faults) -> T:
    try:
        value = Collector(faults).take(value, type_)
    except TooManyFaults as error:
        raise InvalidPayload(str(faults)) from error
    if faults:
        raise InvalidPayload(str(faults))
    try:
        return msgspec.convert(value, type_, dec_hook=decode_custom)
    except msgspec.ValidationError as error:  # a rule of the type itself (__post_init__)
        raise InvalidPayload(str(error)) from error


def decode_custom(type_: Any, value: Any) -> Any:
    """Msgspec's dec_hook: a custom type parses itself."""
    return value if isinstance(value, type_) else type_.parse(value)


@cache
def _decoder(type_: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(type_, dec_hook=decode_custom)


def _looks_harmless(body: bytes) -> bool:
    """Whether msgspec alone may judge: it takes NUL, integers of any size, and in skipped values broken UTF-8."""
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            return False
    if b"\\u" in body and _NUL_OR_SURROGATE.search(body):
        return False
    return not _has_long_number(body) and not _too_deep(body)


def _has_long_number(body: bytes) -> bool:
    """Inside a string, where many ids of 19 digits and more stand, digits are as good as letters."""
    return _LONG_NUMBER in body.translate(_DIGITS_TO_ZERO) and _LONG_NUMBER in _STRINGS.sub(b'"', body).translate(
        _DIGITS_TO_ZERO
    )


def _too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return False
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(body):
        character = body[token.start()]
        if character in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                return True
        elif character in b"]}":
            depth -= 1
    return False


def _load(body: bytes) -> Any:
    """Decode without types. Python's own decoder: it keeps what is to be named in an error, msgspec refuses it."""
    if _too_deep(body):
        raise MalformedJson
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and an integer of 5,000 digits are ValueErrors
        raise MalformedJson from error


def _check_contents(value: Any, place: Place, faults: Faults) -> None:
    """What no string, name or number may hold, wherever it stands: also in fields that nobody asked for."""
    if isinstance(value, dict):
        for name, item in value.items():
            inner = (place, name)
            if fault := _text_fault(name):
                faults.add(inner, f"has a name that {fault}")
            _check_contents(item, inner, faults)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_contents(item, (place, index), faults)
    elif fault := _text_fault(value) if isinstance(value, str) else _number_fault(value):
        faults.add(place, fault)


def _number_fault(value: Any) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        return f"must be between {INTEGER_MIN} and {INTEGER_MAX}"
    return None


def _text_fault(text: str) -> str | None:
    if text.isascii():
        return "must not contain NUL characters" if "\x00" in text else None
    if "\x00" in text:
        return "must not contain NUL characters"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "must not contain lone surrogates"
    return None
