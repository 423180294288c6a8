"""What each type takes, and how a fault is worded."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.metadata_schemas import DEFINITIONS_MAX, Definition, MetadataSchema, faults, typed


def schemas(*, only: bool = False, **properties: Definition) -> dict[str, MetadataSchema]:
    nested = MetadataSchema(
        id="ms_2",
        related_object="Place",
        properties={"city": Definition(type="string"), "size": Definition(type="number", optional=True)},
        created_at=datetime.now(UTC),
    )
    schema = MetadataSchema(
        id="ms_1",
        related_object="voucher",
        allow_defined_only=only,
        properties=properties,
        created_at=datetime.now(UTC),
    )
    return {"voucher": schema, "Place": nested}


def fault(definition: Definition, value: Any) -> list[str]:
    return faults(schemas(k=definition), "voucher", {"k": value})


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("string", ["", "x", "ü"], [1, True, [], {}, ["x"]]),
        ("number", [0, -1, 1.5, 10**15], ["1", True, [], [1]]),
        ("boolean", [True, False], ["true", 0, 1]),
        ("date", ["2024-02-29"], ["2023-02-29", "2024-2-9", "29.02.2024", "2024-02-29T10:00:00Z", 20240229]),
        ("datetime", ["2024-02-29", "2024-02-29T10", "2024-02-29T10:00:00.123Z", "2024-02-29T10:00:00+02:00"],
         ["2024-02-30T10:00:00Z", "2024-02-29T25:00:00Z", "yesterday", 1]),
        ("image_url", ["http://a.example/b.png", "https://a.example/b.JPG?x=1", "https://a.example/b.jpeg#f"],
         ["http.com", "ftp://a.example/b.png", "https://a.example/b.gif", "https://a.example/b.png.exe"]),
        ("geopoint", ["52.23,21.01", "-90, 180"], ["91,0", "0,181", "x,y", "1", [1, 2]]),
        ("object", [{}, {"any": 1}], ["{}", [], 1]),
    ],
)  # fmt: skip
def test_each_type_takes_its_own(type_: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert fault(Definition(type=type_), value) == [], value
        assert fault(Definition(type=type_, array=True), [value, value]) == [], value
        assert fault(Definition(type=type_, array=True), value) != [], value
    for value in bad:
        assert len(fault(Definition(type=type_), value)) == 1, value
        assert len(fault(Definition(type=type_, array=True), [value])) == 1, value


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"type": "string", "min_length": 2, "max_length": 3}, ["ab", "abc"], ["a", "abcd"]),
        ({"type": "string", "exact_length": 2}, ["ab"], ["a", "abc"]),
        ({"type": "string", "eq": ["A", "B"]}, ["A"], ["a", "AB"]),
        ({"type": "number", "eq": [1, 2.5]}, [1, 1.0, 2.5], [2]),
        ({"type": "number", "ne": [1]}, [2], [1, 1.0]),
        ({"type": "number", "gt": 1, "lt": 2}, [1.5], [1, 2]),
        ({"type": "number", "gte": 1, "lte": 2}, [1, 2], [0.99, 2.01]),
    ],
)
def test_each_rule_draws_its_line(rules: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert fault(Definition(**rules), value) == []
    for value in bad:
        assert len(fault(Definition(**rules), value)) == 1


def test_a_fault_names_every_rule_of_its_key_and_the_value() -> None:
    definition = Definition(type="string", eq=["A", "B"])
    assert fault(definition, "snap") == [
        "k: must be a string, property is required, must be equal to one of A,B (actual value is 'snap')"
    ]
    assert fault(Definition(type="string", array=True, optional=True), 7) == [
        "k: must be an array, and every element: must be a string (actual value is '7')"
    ]
    long = fault(Definition(type="number"), "x" * 10_000)[0]
    assert len(long) < 200


def test_required_may_be_stored_already_and_null_is_absent() -> None:
    known = schemas(k=Definition(type="number"), o=Definition(type="number", optional=True))
    assert faults(known, "voucher", {}) == ["k: must be a number, property is required"]
    assert faults(known, "voucher", {}, {"k": "of old"}) == []
    assert faults(known, "voucher", {"k": None}, {"k": 1}) != []
    assert faults(known, "voucher", {"k": 1, "o": None}) == []
    assert faults(known, "customer", {"k": "x"}) == []  # no schema, no rule


def test_nested_objects_and_unknown_keys() -> None:
    known = schemas(home=Definition(type="object", object_type="Place"), old=Definition(type="string", deleted=True))
    assert faults(known, "voucher", {"home": {"city": "A"}, "old": 7, "x": 1}) == []
    assert faults(known, "voucher", {"home": {"size": "x"}}) == [
        "home.city: must be a string, property is required",
        "home.size: must be a number (actual value is 'x')",
    ]
    strict = schemas(only=True, a=Definition(type="string", optional=True))
    assert faults(strict, "voucher", {"b": 1}) == ["b: is not defined in the schema (actual value is '1')"]


def test_the_list_of_faults_ends() -> None:
    strict = schemas(only=True)
    assert len(faults(strict, "voucher", {f"k{n}": n for n in range(5_000)})) == DEFINITIONS_MAX


def test_texts_get_the_types_that_are_asked_for() -> None:
    known = schemas(
        n=Definition(type="number"), b=Definition(type="boolean"), l=Definition(type="number", array=True),
        home=Definition(type="object", object_type="Place"), s=Definition(type="string"),
    )  # fmt: skip
    texts = {"n": "1.50", "b": "FALSE", "l": "1, 2,x", "home": {"size": "7"}, "s": "7", "free": "7"}
    assert typed(known, "voucher", texts) == {
        "n": 1.5, "b": False, "l": [1, 2, "x"], "home": {"size": 7}, "s": "7", "free": "7"
    }  # fmt: skip
    assert typed(known, "voucher", {"n": "many", "b": "null", "l": ["1"]}) == {"n": "many", "b": None, "l": [1]}
    assert typed({}, "voucher", texts) == texts


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["string", "number", "boolean", "date", "datetime", "image_url", "geopoint", "object"]), JSON)
def test_no_value_breaks_the_judge(type_: str, value: Any) -> None:
    known = schemas(only=True, k=Definition(type=type_, object_type="Place" if type_ == "object" else None))
    assert isinstance(faults(known, "voucher", {"k": value, "x": value}), list)
    typed(known, "voucher", {"k": value})
