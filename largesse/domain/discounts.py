"""Discounts: which values each type needs (docs/semantics/voucher.md). Formulas are read, and kept as text."""

from typing import Any, Final

from largesse.domain.errors import InvalidVoucher
from largesse.domain.formulas import parse_formula

PERCENT_MAX: Final = 100

# The property that holds the value, by type; `<property>_formula` may stand in its place.
_VALUES: Final = {"AMOUNT": "amount_off", "PERCENT": "percent_off", "FIXED": "fixed_amount", "UNIT": "unit_off"}


def check_discount(discount: dict[str, Any]) -> dict[str, Any]:
    """Raises InvalidVoucher when the value is missing or out of range. Shapes were checked at the edge."""
    type_ = discount["type"]
    if type_ == "UNIT" and discount.get("effect") == "ADD_MANY_ITEMS":
        if not discount.get("units"):
            raise InvalidVoucher("Property 'discount.units' is required for ADD_MANY_ITEMS discount")
        for unit in discount["units"]:
            _check_unit(unit)
    elif type_ == "UNIT":
        _check_unit(discount)
    else:
        _check_value(discount, _VALUES[type_])
    if discount.get("percent_off", 0) > PERCENT_MAX:
        raise InvalidVoucher(f"Property 'discount.percent_off' must not be higher than {PERCENT_MAX}")
    return discount


def check_change(before: dict[str, Any] | None, after: dict[str, Any]) -> dict[str, Any]:
    """A discount may change its value, never its type."""
    if before is None or before.get("type") != after["type"]:
        raise InvalidVoucher("It is not possible to change Voucher discount type")
    return check_discount(after)


def _check_value(discount: dict[str, Any], name: str) -> None:
    formula = discount.get(f"{name}_formula")
    if formula:
        parse_formula(formula)
    if discount.get(name) is None and not formula:
        raise InvalidVoucher(f"Property 'discount.{name}' is required for {discount.get('type', 'UNIT')} discount")


def _check_unit(unit: dict[str, Any]) -> None:
    _check_value(unit, "unit_off")
    if not unit.get("unit_type"):
        raise InvalidVoucher("Property 'discount.unit_type' is required for UNIT discount")
