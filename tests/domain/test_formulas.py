"""The grammar of formulas."""

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidVoucher
from largesse.domain.formulas import DEPTH_MAX, LENGTH_MAX, parse_formula


@pytest.mark.parametrize(
    "formula",
    [
        "IF(VOUCHER_PUBLISH_COUNT = 1;25;5)",
        "IF(ORDER_AMOUNT > 100;25;5)",
        "25",
        "12.5",
        "-ORDER_AMOUNT + 3 * (2 - 1) / 4 % 5",
        'IF(CUSTOMER_METADATA("tier") is "gold"; MAX(10; ORDER_AMOUNT * 0.1); DEFAULT_TO(ORDER_METADATA("x"); 0))',
        'IF(CUSTOMER_METADATA("city") startsWith "New";1;2)',
        'IF(IN_ARRAY(ORDER_METADATA("day");"a";"b");1;0)',
        'ROUND(POW(2;3);2) - FLOOR(1.5) - CEIL(MONTH(TODAY)) + YEAR(DATE("2024-01-01"))',
        "CHEAPEST_ITEM_PRICE * 2 + ORDER_ITEM_QUANTITY",
        "IF(ORDER_AMOUNT >= 10;IF(NOW<VOUCHER_EXPIRATION_DATE;1;2);3)",
    ],
)
def test_reads_what_the_language_has(formula: str) -> None:
    parse_formula(formula)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("", "unexpected end"),
        ("IF(VOUCHER_PUBLISH_COUNT = 1;25", "unexpected end"),
        ("IF(ORDER_AMOUNT > 1,25,5)", "unexpected character at 20"),
        ("25)", r"unexpected '\)' at 3"),
        ("1 2", "unexpected '2' at 3"),
        ("1 + + ", "unexpected end"),
        ("IF(1;2)", "IF takes 3 arguments, not 2"),
        ("MIN()", "MIN takes 1 or more arguments, not 0"),
        ("ROUND(1;2;3)", "ROUND takes 1 to 2 arguments, not 3"),
        ("EVAL(1)", "there is no function EVAL"),
        ("ORDER_TOTAL", "there is no operand ORDER_TOTAL"),
        ("__import__", "unexpected character at 1"),
        ("1" * (LENGTH_MAX + 1), f"longer than {LENGTH_MAX}"),
        ("(" * (DEPTH_MAX + 1) + "1" + ")" * (DEPTH_MAX + 1), f"more than {DEPTH_MAX} deep"),
    ],
)
def test_says_where_a_formula_is_wrong(formula: str, says: str) -> None:
    with pytest.raises(InvalidVoucher, match=says):
        parse_formula(formula)


@given(st.text(alphabet=string.printable + "é😀", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidVoucher):
        parse_formula(text)


@pytest.mark.parametrize(
    ("formula", "fits"),
    [
        ("-" * DEPTH_MAX + "1", True),
        ("-" * (DEPTH_MAX + 1) + "1", False),
        ("- " * 1_900 + "1", False),
        ("-(" * 25 + "1" + ")" * 25, True),
        ("-(" * 26 + "1" + ")" * 26, False),
        ("1" + "+-1" * 1_000, True),
        ("(1)-" * 900 + "1", True),
    ],
)
def test_signs_count_as_deep_as_brackets(formula: str, fits: bool) -> None:
    with contextlib.nullcontext() if fits else pytest.raises(InvalidVoucher, match="nested"):
        parse_formula(formula)
