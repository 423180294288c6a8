"""What a form makes of what was typed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.dashboard.clocks import moment_of
from largesse.dashboard.formats import money
from largesse.dashboard.forms import Form
from largesse.dashboard.numbers import Unreadable, read_number


@pytest.mark.parametrize("typed", ["Big  Sale", "Big Sale", " Big Sale "])
def test_a_name_is_confirmed_as_a_page_shows_it(typed: str) -> None:
    form = Form.of(name=typed)
    assert form.confirms("Big  Sale")
    assert not form.is_refused


@pytest.mark.parametrize("typed", ["", "big sale", "BigSale", "Big Sale!"])
def test_another_name_confirms_nothing(typed: str) -> None:
    form = Form.of(name=typed)
    assert not form.confirms("Big  Sale")
    assert form.errors["name"] == "Type it as it is written: Big  Sale"


@pytest.mark.parametrize(
    ("typed", "hundredths"),
    [("1000", 100_000), ("1000.00", 100_000), ("1,000.00", 100_000), ("1.000,00", 100_000), ("1,000,000", 100_000_000),
     ("12.5", 1250), ("12,50", 1250), ("-0.07", -7), ("0.29", 29), ("1234567890123.45", 123_456_789_012_345),
     ("-1,234.5", -123_450), ("007", 700)],
)  # fmt: skip
def test_money_is_what_was_typed(typed: str, hundredths: int) -> None:
    form = Form.of(amount=typed)
    assert form.money("amount") == hundredths
    assert not form.is_refused


@pytest.mark.parametrize("typed", ["1,000", "1.000", "-12,345", "999.999"])
def test_what_can_be_read_in_two_ways_is_refused(typed: str) -> None:
    form = Form.of(amount=typed)
    assert form.money("amount") is None
    assert "can be read in two ways" in form.errors["amount"]
    other = Form.of(percent=typed)
    assert other.number("percent") is None
    assert "can be read in two ways" in other.errors["percent"]


@pytest.mark.parametrize(
    "typed",
    ["12.345678", "0.001", "1234.567", "1,00,000", "1,0000", ",5", "5.", "1 000", "1'000", "10%", "1e3", "\u0661", "--1", "1,000.5.0",
     "9" * 16, "nan", "1_000"],
)  # fmt: skip
def test_nothing_is_rounded_or_guessed(typed: str) -> None:
    form = Form.of(amount=typed)
    assert form.money("amount") is None
    assert form.errors["amount"]


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_what_a_page_shows_is_read_back_as_it_was(hundredths: int) -> None:
    shown = money(hundredths) if abs(hundredths) < 10**12 else f"{Decimal(hundredths) / 100:.2f}"
    assert Form.of(amount=shown).money("amount") == hundredths


@given(st.text(alphabet="0123456789.,-", max_size=20))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = read_number(text)
    except Unreadable:
        return
    assert [digit for digit in text if digit.isdigit()] != []
    assert abs(number) < 10**15


@pytest.mark.parametrize("typed", ["1,000", "1.000", "1 000", "10.0", "ten"])
def test_whole_numbers_are_digits_alone(typed: str) -> None:
    form = Form.of(count=typed)
    assert form.integer("count") is None
    assert form.errors["count"] == "Must be a whole number, in digits alone."


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("2030-03-31T02:30", "no such time"),
        ("2030-10-27 02:30:00", "twice"),
        ("31.12.2030", "like 2030-12-31"),
        ("12/31/2030 10:00", "like 2030-12-31"),
        ("2030-02-30T10:00", "like 2030-12-31"),
    ],
)
def test_a_moment_that_is_none_or_two_is_refused(typed: str, says: str) -> None:
    form = Form.of(at=typed)
    assert moment_of(form, "at", "Europe/Berlin") is None
    assert says in form.errors["at"]


@pytest.mark.parametrize(
    ("typed", "moment"),
    [("2030-03-31T03:00", "2030-03-31T01:00:00.000Z"), ("2030-10-27T03:00", "2030-10-27T02:00:00.000Z"), ("2030-07-01", "2030-06-30T22:00:00.000Z")],
)  # fmt: skip
def test_moments_around_the_change_of_the_clocks(typed: str, moment: str) -> None:
    assert moment_of(Form.of(at=typed), "at", "Europe/Berlin") == moment
