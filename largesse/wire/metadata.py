"""Custom attributes: a JSON object of limited size."""

from typing import Any, ClassVar, Final, Self

import msgspec

from largesse.wire.faults import Fault

METADATA_BYTES_MAX: Final = 65_536


class Metadata(dict[str, Any]):
    """A Struct field of this type takes any JSON object that fits in METADATA_BYTES_MAX when serialised."""

    json_type: ClassVar[str] = "object"
    json_schema: ClassVar[dict[str, Any]] = {"type": "object", "additionalProperties": True}

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Raises Fault."""
        if not isinstance(value, dict):
            raise Fault("must be object")
        try:
            size = len(msgspec.json.encode(value))
        except UnicodeEncodeError as error:  # wire/parse.py names the place as well
            raise Fault("must not contain lone surrogates") from error
        if size > METADATA_BYTES_MAX:
            raise Fault(f"must not be larger than {METADATA_BYTES_MAX} bytes")
        return cls(value)
