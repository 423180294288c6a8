from typing import Any

import pytest

from largesse.wire.faults import Fault
from largesse.wire.metadata import METADATA_BYTES_MAX, Metadata


@pytest.mark.parametrize("value", [None, [], "{}", 1, True, [{"a": 1}]])
def test_metadata_are_an_object(value: Any) -> None:
    with pytest.raises(Fault, match="must be object"):
        Metadata.parse(value)


@pytest.mark.parametrize("value", [{}, {"a": None}, {"a": {"b": [1, "ü"]}}])
def test_any_object_is_kept_as_it_came(value: dict[str, Any]) -> None:
    assert Metadata.parse(value) == value


@pytest.mark.parametrize(("letter", "bytes_each"), [("x", 1), ("ü", 2), ("€", 3), ("😀", 4), ('"', 2), ("\x01", 6)])
def test_the_size_is_that_of_the_json_in_bytes(letter: str, bytes_each: int) -> None:
    room = METADATA_BYTES_MAX - len('{"a":""}')
    Metadata.parse({"a": letter * (room // bytes_each)})
    with pytest.raises(Fault, match="65536 bytes"):
        Metadata.parse({"a": letter * (room // bytes_each + 1)})


@pytest.mark.parametrize("value", [{"\ud800": 1}, {"a": "\udfff"}, {"a": [{"b": "x\ud800"}]}])
def test_half_a_character_is_refused_wherever_it_stands(value: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="lone surrogates"):
        Metadata.parse(value)
