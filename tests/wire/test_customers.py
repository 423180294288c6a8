"""What a request says about a customer, and what an answer shows of one."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.customers import Cards, Customer, Profile
from largesse.domain.errors import InvalidPayload
from largesse.domain.referrals import Referrals
from largesse.wire.customers import CustomerInput, check_metadata_size, render_customer, render_customer_short
from largesse.wire.metadata import METADATA_BYTES_MAX
from largesse.wire.nulls import Nulls
from largesse.wire.parse import convert
from tests.domain.moments import NOON

ALL_NULL = dict.fromkeys(
    ("name", "description", "email", "phone", "birthday", "birthdate", "address", "metadata"), None
)  # fmt: skip


def profile(sent: dict[str, Any], nulls: Nulls = Nulls.ABSENT) -> Profile:
    return convert(sent, CustomerInput).profile(nulls)


@pytest.mark.parametrize(
    ("sent", "nulls", "cleared"),
    [
        ({"name": None}, Nulls.ABSENT, set()),
        ({"name": None}, Nulls.CLEAR, {"name"}),
        ({"name": None, "email": "x"}, Nulls.CLEAR, {"name"}),
        ({}, Nulls.CLEAR, set()),
        ({"name": None}, Nulls.CLEAR_UNLESS_ALL_SENT, {"name"}),
        (ALL_NULL, Nulls.CLEAR_UNLESS_ALL_SENT, set()),
        (ALL_NULL, Nulls.CLEAR, set(ALL_NULL)),
        (ALL_NULL | {"name": "x"}, Nulls.CLEAR_UNLESS_ALL_SENT, set()),
    ],
)
def test_which_nulls_clear_a_field(sent: dict[str, Any], nulls: Nulls, cleared: set[str]) -> None:
    assert profile(sent, nulls).cleared == cleared


@pytest.mark.parametrize(
    ("address", "nulls", "expected"),
    [
        ({"city": "x"}, Nulls.ABSENT, {"city": "x"}),
        ({"city": None}, Nulls.ABSENT, None),
        ({"city": None}, Nulls.CLEAR, {"city": None}),
        ({}, Nulls.CLEAR, None),
        (None, Nulls.CLEAR, None),
        ({"city": "x", "state": None}, Nulls.CLEAR, {"city": "x", "state": None}),
        ({"city": "x", "state": None}, Nulls.ABSENT, {"city": "x"}),
    ],
)
def test_a_field_of_the_address_is_cleared_alone(address: Any, nulls: Nulls, expected: dict[str, Any] | None) -> None:
    assert profile({"address": address}, nulls).address == expected


def test_what_is_not_said_says_nothing() -> None:
    assert profile({"id": "cust_1", "source_id": "x"}) == Profile()


def test_empty_texts_are_said() -> None:
    assert profile({"name": "", "metadata": {}}) == Profile(name="", metadata={})


@pytest.mark.parametrize(("size", "fits"), [(METADATA_BYTES_MAX, True), (METADATA_BYTES_MAX + 1, False)])
def test_metadata_fit_when_their_json_does(size: int, fits: bool) -> None:
    metadata = {"a": "x" * (size - len('{"a":""}'))}
    if fits:
        check_metadata_size(metadata)
        return
    with pytest.raises(InvalidPayload, match="65536 bytes"):
        check_metadata_size(metadata)


def customer(**changes: Any) -> Customer:
    facts: dict[str, Any] = {"id": "cust_1", "created_at": NOON}
    return Customer(**facts | changes)


OPTIONAL = {
    "name": "Anna", "description": "d", "email": "a@b", "phone": "1", "birthday": date(2000, 2, 29),
    "birthdate": date(2000, 1, 1), "metadata": {"a": 1}, "updated_at": NOON,
}  # fmt: skip


@given(st.sets(st.sampled_from(sorted(OPTIONAL))))
def test_a_customer_shows_the_fields_that_are_set_and_always_the_rest(known: set[str]) -> None:
    shown = render_customer(customer(**{name: OPTIONAL[name] for name in known}))
    assert {name for name in OPTIONAL if name in shown} == known
    assert {"id", "source_id", "address", "summary", "loyalty", "referrals", "system_metadata", "created_at"} < set(
        shown
    )


def test_a_short_form_has_every_key() -> None:
    assert set(render_customer_short(customer())) == {"id", "name", "email", "source_id", "metadata", "object"}


def test_the_campaigns_of_cards_and_referrals_stand_together() -> None:
    shown = render_customer(
        customer(),
        Cards(points=7, campaigns={"both": 5, "cards": 2}),
        Referrals(referred=3, referred_by={"both": 1, "friends": 2}),
    )
    assert shown["loyalty"] == {
        "points": 7,
        "referred_customers": 3,
        "campaigns": {
            "both": {"points": 5, "referred_customers": 1},
            "cards": {"points": 2, "referred_customers": 0},
            "friends": {"points": 0, "referred_customers": 2},
        },
    }


def test_credits_and_points_are_never_mixed_up() -> None:
    redemptions = render_customer(
        customer(), Cards(credits_redeemed=1, credits_to_go=2, points_redeemed=3, points_to_go=4)
    )["summary"]["redemptions"]
    assert redemptions["gift"] == {"redeemed_amount": 1, "amount_to_go": 2}
    assert redemptions["loyalty_card"] == {"redeemed_points": 3, "points_to_go": 4}
