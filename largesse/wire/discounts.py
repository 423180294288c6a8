"""The shapes of discounts: one Struct per type, told apart by `type`."""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0)] | Annotated[float, msgspec.Meta(ge=0)]
AMOUNT_MAX: Final = 10**15
"""Keeps every sum of balances inside 64 bits."""
# Money is whole hundredths; half of one can't be given.
Amount: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=2_000)]
OrderEffect: TypeAlias = Literal[
    "APPLY_TO_ORDER",
    "APPLY_TO_ITEMS",
    "APPLY_TO_ITEMS_BY_QUANTITY",
    "APPLY_TO_ITEMS_PROPORTIONALLY",
    "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
]
SimpleEffect: TypeAlias = Literal["APPLY_TO_ORDER", "APPLY_TO_ITEMS"]


class AmountDiscount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="AMOUNT"):
    amount_off: Amount | None = None
    amount_off_formula: Text | None = None
    aggregated_amount_limit: Amount | None = None
    effect: OrderEffect | None = None
    is_dynamic: bool | None = None


class PercentDiscount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="PERCENT"):
    percent_off: Number | None = None
    percent_off_formula: Text | None = None
    amount_limit: Amount | None = None
    aggregated_amount_limit: Amount | None = None
    effect: SimpleEffect | None = None
    is_dynamic: bool | None = None


class FixedDiscount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="FIXED"):
    fixed_amount: Amount | None = None
    fixed_amount_formula: Text | None = None
    effect: SimpleEffect | None = None
    is_dynamic: bool | None = None


class Unit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    unit_off: Count | None = None
    unit_off_formula: Text | None = None
    unit_type: Text | None = None
    effect: Literal["ADD_MISSING_ITEMS", "ADD_NEW_ITEMS"] | None = None


class UnitDiscount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="UNIT"):
    unit_off: Count | None = None
    unit_off_formula: Text | None = None
    unit_type: Text | None = None
    units: Annotated[list[Unit], msgspec.Meta(max_length=100)] | None = None
    effect: Literal["ADD_MISSING_ITEMS", "ADD_NEW_ITEMS", "ADD_SAME_ITEMS", "ADD_MANY_ITEMS"] | None = None
    is_dynamic: bool | None = None


DiscountInput: TypeAlias = AmountDiscount | PercentDiscount | FixedDiscount | UnitDiscount


def as_stored(discount: DiscountInput) -> dict[str, Any]:
    """What was sent, without nulls: the same object comes back in every answer."""
    return dict(msgspec.to_builtins(discount))
