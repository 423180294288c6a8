"""Which operators each kind of field has, and what a filter costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain import (
    campaigns,
    customers,
    exports,
    filters,
    publications,
    redeemables,
    referrals,
    segments,
    transactions,
    trash_bin,
    vouchers,
)
from largesse.domain.filters import (
    AFTER,
    BEFORE,
    CONTAINS,
    COUNTS,
    DATE_OPERATORS,
    DAYS_AGO,
    IN,
    IN_DAYS,
    IS,
    IS_NOT,
    IS_UNKNOWN,
    LISTS,
    MORE_THAN,
    NOT_IN,
    OPERATORS,
    OPPOSITES,
    PARTIAL,
    SYNONYMS,
    VALUELESS,
    Condition,
    Fields,
    Filter,
    Kind,
    field,
    state,
)

LISTED: dict[str, Fields] = {
    "campaigns": campaigns.FILTERS,
    "customers": customers.FILTERS,
    "publications": publications.FILTERS,
    "publications of an export": publications.EXPORT_FILTERS,
    "redeemables": redeemables.FILTERS,
    "referrals": referrals.FILTERS,
    "segments": segments.FILTERS,
    "transactions": transactions.CAMPAIGN_FILTERS,
    "trash bin": trash_bin.FILTERS,
    "vouchers": vouchers.FILTERS,
    **{f"export of {name}": exported.filters for name, exported in exports.OBJECTS.items()},
}
DATED = {Kind.DATE_TIME, Kind.DATE, Kind.METADATA}


def cost(name: str, operator: str) -> int:
    return Filter((Condition(name, operator, ("x",)),)).cost


@pytest.mark.parametrize("name", ["id", "code", "codes", "email", "phone", "customer_id", "campaign_ids", "source_id"])
@pytest.mark.parametrize("operator", [IS, IN])
def test_equality_with_what_identifies_something_costs_nothing(name: str, operator: str) -> None:
    assert cost(name, operator) == 0


@pytest.mark.parametrize("name", ["id", "code", "email", "customer_id"])
@pytest.mark.parametrize("operator", sorted({*DATE_OPERATORS} - {IS, IN}))
def test_every_other_question_about_it_costs(name: str, operator: str) -> None:
    assert cost(name, operator) == 1


@pytest.mark.parametrize("name", ["created_at", "created_date"])
@pytest.mark.parametrize("operator", DATE_OPERATORS)
def test_the_moment_of_creation_is_free_but_for_its_text_and_for_negations(name: str, operator: str) -> None:
    assert cost(name, operator) == (operator in {*PARTIAL, IS_NOT, NOT_IN, IS_UNKNOWN})


@pytest.mark.parametrize("name", ["name", "valid", "idea", "metadata", "updated_at", "voucher_type", "start_date"])
@pytest.mark.parametrize("operator", [IS, IN, MORE_THAN])
def test_what_identifies_nothing_costs_whatever_is_asked(name: str, operator: str) -> None:
    assert cost(name, operator) == 1


@given(
    st.lists(st.tuples(st.sampled_from(["id", "name", "created_at"]), st.sampled_from(DATE_OPERATORS))), st.booleans()
)
def test_a_filter_costs_what_its_conditions_cost_together(asked: list[tuple[str, str]], any_of: bool) -> None:
    conditions = tuple(Condition(name, operator, ("x",)) for name, operator in asked)
    assert Filter(conditions, any_of).cost == sum(cost(name, operator) for name, operator in asked)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_the_common_operators_and_only_dates_those_of_time(kind: Kind) -> None:
    operators = set(field(kind).operators)
    assert set(OPERATORS) <= operators
    assert ({AFTER, BEFORE} | IN_DAYS <= operators) == (kind in DATED)
    assert (AFTER in operators) == (kind in DATED)
    assert (set(COUNTS) <= operators) == (kind is Kind.METADATA)


def test_a_state_says_by_itself_what_it_matches() -> None:
    only = state("$active", "$expired")
    assert only.operators == only.states == ("$active", "$expired")
    besides = field(Kind.BOOLEAN, states=("$active",))
    assert besides.states == ("$active",)
    assert set(besides.operators) == {"$active", *OPERATORS}


def test_every_group_of_operators_is_made_of_operators() -> None:
    known = set(DATE_OPERATORS)
    assert known >= LISTS | VALUELESS | IN_DAYS | PARTIAL | set(OPPOSITES) | set(OPPOSITES.values())
    assert known >= set(SYNONYMS) | set(SYNONYMS.values()) | set(DAYS_AGO) | set(DAYS_AGO.values())
    assert not LISTS & VALUELESS
    assert set(DAYS_AGO.values()) <= IN_DAYS
    assert not known & set(COUNTS)


def test_no_operator_is_the_opposite_of_an_opposite() -> None:
    assert not set(OPPOSITES) & set(OPPOSITES.values())
    assert len(set(OPPOSITES.values())) == len(OPPOSITES)
    assert OPPOSITES[IS_UNKNOWN] == filters.HAS_VALUE
    assert CONTAINS not in OPPOSITES


@pytest.mark.parametrize("listed", LISTED)
def test_the_fields_of_every_list_have_operators_without_repeats(listed: str) -> None:
    for name, one in LISTED[listed].items():
        assert one.operators, name
        assert len(set(one.operators)) == len(one.operators), name
        assert set(one.states) <= set(one.operators), name
        assert (one.kind is Kind.METADATA) == (name == filters.METADATA), name


@pytest.mark.parametrize("listed", LISTED)
def test_another_spelling_stands_for_values_that_mean_themselves(listed: str) -> None:
    """A value that a word stands for isn't translated again."""
    for name, one in LISTED[listed].items():
        for meant in one.words.values():
            assert all(one.words.get(value, (value,)) == (value,) for value in meant), name
