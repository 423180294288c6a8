from typing import Any

import pytest

from largesse.domain.discounts import check_change, check_discount
from largesse.domain.errors import InvalidVoucher


@pytest.mark.parametrize(
    "discount",
    [
        {"type": "AMOUNT", "amount_off": 300},
        {"type": "AMOUNT", "amount_off_formula": "IF(1 = 1;25;5)"},
        {"type": "PERCENT", "percent_off": 12.5},
        {"type": "FIXED", "fixed_amount": 0},
        {"type": "UNIT", "unit_off": 1, "unit_type": "prod_1"},
        {"type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": [{"unit_off": 1, "unit_type": "prod_1"}]},
    ],
)
def test_each_type_with_its_value_is_accepted_as_it_is(discount: dict[str, Any]) -> None:
    assert check_discount(discount) is discount


@pytest.mark.parametrize(
    "discount",
    [
        {"type": "AMOUNT", "percent_off": 3},
        {"type": "PERCENT", "percent_off": 100.1},
        {"type": "FIXED"},
        {"type": "UNIT", "unit_off": 1},
        {"type": "UNIT", "effect": "ADD_MANY_ITEMS"},
        {"type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": [{"unit_off": 1}]},
    ],
)
def test_a_type_without_its_value_is_refused(discount: dict[str, Any]) -> None:
    with pytest.raises(InvalidVoucher):
        check_discount(discount)


def test_the_value_may_change_but_not_the_type() -> None:
    before = {"type": "AMOUNT", "amount_off": 300}
    assert check_change(before, {"type": "AMOUNT", "amount_off": 1})["amount_off"] == 1
    with pytest.raises(InvalidVoucher, match="discount type"):
        check_change(before, {"type": "PERCENT", "percent_off": 1})
