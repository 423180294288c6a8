"""Section 11: `filters`, as an address line has them. The whole matrix is in tests/store/test_publication_filters.py."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.rows.engine import Engine, P, fresh


@dataclass
class Published:
    """Publications `a`, `b` (with source ids) and `c` (without) of one campaign, and one failure."""

    campaign: dict[str, Any]
    a: dict[str, Any]
    b: dict[str, Any]
    c: dict[str, Any]
    failure: str


@pytest.fixture(scope="module")
def made(engine: Engine) -> Published:
    name = engine.campaign(3)
    word = fresh("word")

    def publish(**more: Any) -> dict[str, Any]:
        entry: dict[str, Any] = engine.publish(campaign=name, customer=engine.customer(), **more)
        return entry

    a, b, c = publish(source_id=f"{word}-a"), publish(source_id=f"{word}-b"), publish()
    engine.publish_refused("no_voucher_suitable_for_publication", campaign=name, customer=engine.customer())
    (failure,) = engine.listed(campaign=name, result="FAILURE")
    return Published(engine.get(f"/v1/campaigns/{name}"), a, b, c, failure["id"])


def found(engine: Engine, made: Published, **params: str) -> set[str]:
    """Which of ours a query finds, by letter."""
    letters = {made.a["id"]: "a", made.b["id"]: "b", made.c["id"]: "c", made.failure: "f"}
    listed = engine.listed(campaign=made.campaign["name"], limit=100, **params)
    return {letters[entry["id"]] for entry in listed}


@pytest.mark.row("A145", "A146")
@pytest.mark.parametrize("name", ["filters[customer_id][conditions][$is][0]", "filters[customer_id][conditions][$is]"])
def test_one_customer(engine: Engine, made: Published, name: str) -> None:
    assert found(engine, made, **{name: made.a["customer_id"]}) == {"a"}  # percent-encoded by the client
    raw = engine.answer("GET", f"{P}?{name}={made.a['customer_id']}").json()
    assert [entry["id"] for entry in raw["publications"]] == [made.a["id"]]


@pytest.mark.row("A147", "A148", "A149")
def test_two_customers_in_both_spellings(engine: Engine, made: Published) -> None:
    def two(operator: str, **more: str) -> set[str]:
        name = f"filters[customer_id][conditions][{operator}]"
        customers = {f"{name}[0]": made.a["customer_id"], f"{name}[1]": made.b["customer_id"]}
        return found(engine, made, **customers, **more)

    assert two("$in") == {"a", "b"}
    assert two("$is", **{"filters[junction]": "OR"}) == two("$is", **{"filters[junction]": "or"}) == {"a", "b"}
    assert two("$is", **{"filters[junction]": "AND"}) == set()
    asked = {"filters[customer_id][conditions][$is]": made.a["customer_id"], "filters[junction]": "xor"}
    engine.refused(400, "invalid_query_params", "GET", P, **asked)


@pytest.mark.row("A149")
def test_the_junction_counts_across_fields(engine: Engine, made: Published) -> None:
    both = {
        "filters[customer_id][conditions][$is]": made.a["customer_id"],
        "filters[source_id][conditions][$is]": made.b["source_id"],
    }
    assert found(engine, made, **both, **{"filters[junction]": "or"}) == {"a", "b"}
    assert found(engine, made, **both, **{"filters[junction]": "and"}) == set()


FIELDS: list[Any] = [
    pytest.param(
        "failure_code", lambda made: "no_voucher_suitable_for_publication", "f", marks=pytest.mark.row("A150")
    ),
    pytest.param("result", lambda made: "SUCCESS", "abc", marks=pytest.mark.row("A151")),
    pytest.param("customer_id", lambda made: made.b["customer_id"], "b", marks=pytest.mark.row("A152")),
    pytest.param("campaign_name", lambda made: made.campaign["name"], "abcf", marks=pytest.mark.row("A153")),
    pytest.param("voucher_type", lambda made: "DISCOUNT_VOUCHER", "abcf", marks=pytest.mark.row("A154")),
    pytest.param("is_referral_code", lambda made: "false", "abcf", marks=pytest.mark.row("A155")),
    pytest.param("parent_object_id", lambda made: made.campaign["id"], "abcf", marks=pytest.mark.row("A156")),
    pytest.param("related_object_id", lambda made: made.c["vouchers_id"][0], "c", marks=pytest.mark.row("A157")),
    pytest.param("source_id", lambda made: made.a["source_id"], "a", marks=pytest.mark.row("A158")),
]


@pytest.mark.parametrize(("field", "value", "expected"), FIELDS)
def test_a_field_by_its_value(engine: Engine, made: Published, field: str, value: Any, expected: str) -> None:
    assert found(engine, made, **{f"filters[{field}][conditions][$is]": value(made)}) == set(expected)


OPERATORS: list[Any] = [
    pytest.param("$in", "a b", "ab", marks=pytest.mark.row("A159")),
    pytest.param("$not_in", "a b", "cf", marks=pytest.mark.row("A160")),
    pytest.param("$is", "a", "a", marks=pytest.mark.row("A161")),
    pytest.param("$is_not", "a", "bcf", marks=pytest.mark.row("A162")),
    pytest.param("$has_value", "", "ab", marks=pytest.mark.row("A163")),
    pytest.param("$is_unknown", "", "cf", marks=pytest.mark.row("A164")),
    pytest.param("$contains", "-b", "b", marks=pytest.mark.row("A165")),
    pytest.param("$not_contain", "-b", "acf", marks=pytest.mark.row("A166")),
    pytest.param("$starts_with", "word-", "ab", marks=pytest.mark.row("A167")),
    pytest.param("$ends_with", "-b", "b", marks=pytest.mark.row("A168")),
    pytest.param("$more_than", "a", "b", marks=pytest.mark.row("A169")),
    pytest.param("$less_than", "b", "a", marks=pytest.mark.row("A170")),
    pytest.param("$more_than_equal", "a", "ab", marks=pytest.mark.row("A171")),
    pytest.param("$less_than_equal", "a", "a", marks=pytest.mark.row("A172")),
]


@pytest.mark.parametrize(("operator", "value", "expected"), OPERATORS)
def test_an_operator_on_source_ids(engine: Engine, made: Published, operator: str, value: str, expected: str) -> None:
    ids = {"a": made.a["source_id"], "b": made.b["source_id"]}
    values = [ids.get(part, part) for part in value.split(" ")]
    asked = {f"filters[source_id][conditions][{operator}][{n}]": part for n, part in enumerate(values)}
    assert found(engine, made, **asked) == set(expected)


@pytest.mark.row("A169", "A170", "A171", "A172")
def test_comparisons_of_dates(engine: Engine, made: Published) -> None:
    def compared(operator: str) -> set[str]:
        return found(engine, made, **{f"filters[created_at][conditions][{operator}]": made.b["created_at"]})

    assert compared("$more_than") | compared("$less_than_equal") == set("abcf")
    assert compared("$more_than") & compared("$less_than_equal") == set()
    assert {"b", "c"} <= compared("$more_than_equal")
    assert "b" not in compared("$less_than")


@pytest.mark.row("A174")
@pytest.mark.parametrize("name", ["filters[colour][conditions][$is]", "filters[result][conditions][$like]"])
def test_an_unknown_field_or_operator_is_refused_by_name(engine: Engine, name: str) -> None:
    error = engine.refused(400, "invalid_query_params", "GET", P, **{name: "x"})
    assert "colour" in error["details"] or "$like" in error["details"]
