"""What of a filter is text of a statement, and what is a parameter. That it finds the right rows: test_publication_filters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.filters import IN, IS, IS_NOT, STARTS_WITH, Condition, Filter
from largesse.store.filters import FieldSql, _after, everywhere, metadata, render_filter
from largesse.store.lists import Narrowing, both_ways

FIELDS = {"name": FieldSql("t.name"), "code": FieldSql("t.code"), "metadata": metadata("t.metadata")}
TEXT = st.text(alphabet=st.characters(codec="utf-8"))


def rendered(*conditions: Condition, any_of: bool = False) -> tuple[str, list[Any]]:
    arguments: list[Any] = []

    def bind(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    return render_filter(Filter(conditions, any_of), FIELDS, bind, str), arguments


@given(TEXT, st.sampled_from([IS, IS_NOT, "$contains", "$not_contain", "$ends_with", "$more_than"]))
def test_what_a_caller_sends_is_never_text_of_the_statement(value: str, operator: str) -> None:
    sent, arguments = rendered(Condition("name", operator, (value,)))
    assert sent == rendered(Condition("name", operator, ("x",)))[0]
    assert set(arguments) == {value}


@given(TEXT, TEXT)
def test_nor_is_a_key_of_metadata(key: str, value: str) -> None:
    text = rendered(Condition("metadata", "$contains", (value,), key))[0]
    assert text == rendered(Condition("metadata", "$contains", ("x",), "k"))[0]


@pytest.mark.parametrize(
    ("conditions", "any_of", "text"),
    [
        ([Condition("name", IS, ("a",))], False, "((t.name = $1::text))"),
        ([Condition("name", IN, ("a", "b"))], False, "((t.name = ANY ($1::text[])))"),
        ([Condition("name", IS_NOT, ("a",))], False, "(((t.name = $1::text) IS NOT TRUE))"),
        ([Condition("name", IS, ("a",)), Condition("code", "$has_value")], False,
         "((t.name = $1::text) AND (t.code IS NOT NULL))"),
        ([Condition("name", IS, ("a",)), Condition("code", "$is_unknown")], True,
         "((t.name = $1::text) OR ((t.code IS NOT NULL) IS NOT TRUE))"),
    ],
)  # fmt: skip
def test_conditions_hold_together_or_any_of_them(conditions: list[Condition], any_of: bool, text: str) -> None:
    assert rendered(*conditions, any_of=any_of)[0] == text


@given(TEXT, TEXT)
def test_a_prefix_is_a_range_of_texts_and_nothing_else_is_in_it(prefix: str, text: str) -> None:
    end = _after(prefix)
    for candidate in (text, prefix + text):
        assert (candidate >= prefix and (end is None or candidate < end)) is candidate.startswith(prefix)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [("a", "b"), ("az", "a{"), ("", None), ("\U0010ffff", None), ("a\U0010ffff", "b"), ("\ud7ff", "\ue000")],
)
def test_the_end_of_a_prefix_is_a_text_that_can_be_sent(prefix: str, end: str | None) -> None:
    assert _after(prefix) == end
    assert len(rendered(Condition("name", STARTS_WITH, (prefix,)))[1]) == (1 if end is None else 2)


def test_a_template_everywhere_serves_every_operator() -> None:
    field = everywhere("x", "EXISTS ({match})")
    assert (field.equal, field.other) == ("EXISTS ({match})", "EXISTS ({match})")


def one(field: str, operator: str = IS) -> Filter:
    return Filter((Condition(field, operator, ("x",)),))


@pytest.mark.parametrize(
    ("narrowing", "expected"),
    [
        (Narrowing(filter=one("campaign_id")), True),
        (Narrowing({"campaign_id": "x"}), True),
        (Narrowing({"campaign_id": "x", "created_before": 1, "created_after": 2}), True),
        (Narrowing(filter=Filter((*one("campaign_id").conditions, *one("created_at", "$more_than").conditions))), True),
        (Narrowing(), True),
        (Narrowing(filter=one("campaign_id", IN)), False),
        (Narrowing(filter=one("name")), False),
        (Narrowing({"name": "x"}), False),
        (Narrowing({"campaign_id": "x"}, one("campaign_id")), False),
        (Narrowing(filter=one("campaign_id"), within=one("campaign_id")), False),
        (Narrowing(filter=Filter(one("campaign_id").conditions, any_of=True)), False),
    ],
)
def test_a_list_of_one_value_is_told_from_any_other(narrowing: Narrowing, expected: bool) -> None:
    assert narrowing.is_one_of({"campaign_id"}) is expected


def test_names_are_those_of_parameters_and_of_both_filters() -> None:
    assert Narrowing({"a": 1}, one("b"), one("c")).names == {"a", "b", "c"}
    assert not Narrowing()
    assert all([Narrowing({"a": 1}), Narrowing(filter=one("b")), Narrowing(within=one("c"))])


def test_every_order_goes_both_ways_with_unset_values_last_and_ties_in_its_direction() -> None:
    assert both_ways({"name": "t.name", "id": "t.id"}, "t.id", set_always={"id"}) == {
        "name": "t.name ASC NULLS LAST, t.id ASC",
        "-name": "t.name DESC NULLS LAST, t.id DESC",
        "id": "t.id ASC, t.id ASC",
        "-id": "t.id DESC, t.id DESC",
    }
