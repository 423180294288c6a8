"""Who is meant by the rows of a bulk update, and what is written of whom."""

from typing import Any

import pytest

from largesse.actions.customer_rows import _Writing
from largesse.domain.customers import Profile
from largesse.domain.errors import InvalidPayload, MetadataValidationFailed, NotFound
from largesse.domain.metadata_schemas import Definition, MetadataSchema
from largesse.store.customers import LockedCustomer
from largesse.wire.customers import CustomerInput
from largesse.wire.nulls import Nulls
from largesse.wire.parse import convert
from tests.domain.moments import NOON

ANNA = LockedCustomer("cust_a", "anna", {"size": 4})
BEN = LockedCustomer("cust_b", None, {})
SCHEMA = MetadataSchema(
    id="ms_1", related_object="customer", created_at=NOON, properties={"size": Definition(type="number")}
)  # fmt: skip


def profiles(*rows: dict[str, Any], nulls: Nulls = Nulls.ABSENT, schemas: Any = None) -> dict[tuple[str, str], Profile]:
    writing = _Writing([ANNA, BEN], schemas or {}, nulls)
    for place, row in enumerate(rows):
        writing.add(place, convert(row, CustomerInput))
    return writing.profiles


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ({"id": "cust_a"}, ("id", "cust_a")),
        ({"id": "cust_a", "source_id": "other"}, ("id", "cust_a")),
        ({"source_id": "anna"}, ("id", "cust_a")),
        ({"source_id": "cust_b"}, ("id", "cust_b")),
        ({"source_id": "new"}, ("source_id", "new")),
        ({"name": "Nobody"}, ("row", "0")),
    ],
)
def test_a_row_means_a_customer_by_id_by_source_id_or_a_new_one(row: dict[str, Any], key: tuple[str, str]) -> None:
    assert list(profiles(row)) == [key]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"id": "cust_x"}, NotFound),
        ({"id": "anna"}, NotFound),
        ({"source_id": "cust_x"}, NotFound),
        ({"source_id": "x" * 256}, InvalidPayload),
    ],
)
def test_a_row_about_somebody_who_is_not_there_is_refused(row: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        profiles(row)


def test_rows_about_one_customer_count_one_after_the_other_however_they_name_it() -> None:
    found = profiles(
        {"source_id": "anna", "name": "A", "metadata": {"a": 1}},
        {"id": "cust_a", "email": "a@b", "metadata": {"b": 2}},
        {"source_id": "cust_a", "name": "B"},
    )
    assert found == {("id", "cust_a"): Profile(name="B", email="a@b", metadata={"a": 1, "b": 2})}


def test_rows_that_name_nobody_are_a_customer_each() -> None:
    assert list(profiles({"name": "A"}, {"name": "A"})) == [("row", "0"), ("row", "1")]


def test_what_makes_a_customers_metadata_too_large_is_refused_and_what_was_said_before_stays() -> None:
    writing = _Writing([ANNA, BEN], {}, Nulls.ABSENT)
    writing.add(0, convert({"id": "cust_b", "metadata": {"a": "x" * 40_000}}, CustomerInput))
    with pytest.raises(InvalidPayload, match="65536"):
        writing.add(1, convert({"id": "cust_b", "metadata": {"b": "x" * 40_000}}, CustomerInput))
    assert list(writing.profiles[("id", "cust_b")].metadata or {}) == ["a"]


@pytest.mark.parametrize(
    ("row", "fits"),
    [
        ({"id": "cust_a", "metadata": {"size": 5}}, True),
        ({"id": "cust_a", "name": "x"}, True),  # nothing is said about metadata: nothing is judged
        ({"id": "cust_b", "name": "x"}, True),
        ({"id": "cust_a", "metadata": {"other": 1}}, True),  # the size that is needed is there already
        ({"id": "cust_b", "metadata": {"other": 1}}, False),
        ({"source_id": "new"}, False),  # a new one has to have a size
        ({"source_id": "new", "metadata": {"size": 1}}, True),
        ({"id": "cust_a", "metadata": {"size": "large"}}, False),
    ],
)
def test_new_customers_and_metadata_that_are_sent_must_fit_the_schema(row: dict[str, Any], fits: bool) -> None:
    if fits:
        profiles(row, schemas={"customer": SCHEMA})
        return
    with pytest.raises(MetadataValidationFailed):
        profiles(row, schemas={"customer": SCHEMA})


def test_clearing_metadata_that_a_schema_needs_is_refused() -> None:
    with pytest.raises(MetadataValidationFailed):
        profiles({"id": "cust_a", "metadata": None}, nulls=Nulls.CLEAR, schemas={"customer": SCHEMA})
    assert profiles({"id": "cust_a", "metadata": None}, nulls=Nulls.CLEAR)[("id", "cust_a")].cleared == {"metadata"}
