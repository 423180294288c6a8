"""Formulas of dynamic values, `IF(VOUCHER_PUBLISH_COUNT = 1;25;5)`: their grammar and their words.

Amounts are in major units, arguments are parted by `;`, texts stand in double quotes (docs/semantics/voucher.md).
Here a formula is only read; it is calculated when a discount is.
"""

import re
from functools import lru_cache
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from largesse.domain.errors import InvalidVoucher

LENGTH_MAX: Final = 4_000
DEPTH_MAX: Final = 50
"""Brackets, calls and signs within each other."""

GRAMMAR: Final = r"""
    ?start: expression
    ?expression: sum (COMPARISON sum)?
    ?sum: product (SIGN product)*
    ?product: unary (FACTOR unary)*
    ?unary: SIGN unary -> signed
          | value
    ?value: NUMBER
          | TEXT
          | NAME "(" [expression (";" expression)*] ")" -> call
          | NAME -> operand
          | "(" expression ")"
    COMPARISON.2: "<=" | ">=" | "<" | ">" | "=" | WORD
    WORD: /(isNot|is|contains|startsWith|endsWith|IN_ARRAY|NOT_IN_ARRAY)\b(?!\s*\()/
    SIGN: "+" | "-"
    FACTOR: "*" | "/" | "%"
    NUMBER: /\d+(\.\d+)?/
    TEXT: /"[^"]*"/
    NAME: /[A-Z][A-Z0-9_]*/
    %ignore /\s+/
"""
_ANY: Final = 100
FUNCTIONS: Final[dict[str, tuple[int, int]]] = {
    "IF": (3, 3), "MIN": (1, _ANY), "MAX": (1, _ANY), "POW": (2, 2), "ROUND": (1, 2), "FLOOR": (1, 1), "CEIL": (1, 1),
    "DEFAULT_TO": (2, 2), "DATE": (1, 1), "DATE_TIME": (1, 1), "DAY_OF_MONTH": (1, 1), "MONTH": (1, 1), "YEAR": (1, 1),
    "IN_ARRAY": (2, _ANY), "NOT_IN_ARRAY": (2, _ANY),
    "ORDER_METADATA": (1, 1), "CUSTOMER_METADATA": (1, 1), "REDEMPTION_METADATA": (1, 1), "REDEEMABLE_METADATA": (1, 1),
    "PUBLICATION_METADATA": (1, 1),
}  # fmt: skip
"""By name: how few and how many arguments."""
OPERANDS: Final = frozenset({
    "ORDER_AMOUNT", "ORDER_ITEMS_QUANTITY", "ORDER_UNITS_QUANTITY", "VOUCHER_REDEMPTION_QUANTITY",
    "VOUCHER_REDEEMED_QUANTITY", "VOUCHER_PUBLISH_COUNT", "VOUCHER_START_DATE", "VOUCHER_EXPIRATION_DATE",
    "CUSTOMER_BIRTHDATE", "TODAY", "NOW",
})  # fmt: skip
_FAMILIES: Final = re.compile(r"(ORDER_ITEMS?|PRODUCT|SKU|CHEAPEST|MOST_EXPENSIVE)_[A-Z_]+")
"""Operands and calls about single items of an order; the contract names the families only."""

_PARSER: Final = Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


@lru_cache(maxsize=1_000)
def parse_formula(text: str) -> Tree[Token] | Token:
    """The formula as a tree. Raises InvalidVoucher that says where it is wrong."""
    if len(text) > LENGTH_MAX:
        raise InvalidVoucher(f"A formula must not be longer than {LENGTH_MAX} characters")
    if _depth(text) > DEPTH_MAX:
        raise InvalidVoucher(f"Formula '{_begin(text)}' is nested more than {DEPTH_MAX} deep")
    try:
        tree: Tree[Token] | Token = _PARSER.parse(text)
    except UnexpectedCharacters as error:
        raise InvalidVoucher(
            f"Formula '{_begin(text)}': unexpected character at {(error.pos_in_stream or 0) + 1}"
        ) from None
    except UnexpectedToken as error:
        at_end = error.token.type == "$END"
        where = "unexpected end" if at_end else f"unexpected '{error.token}' at {(error.pos_in_stream or 0) + 1}"
        raise InvalidVoucher(f"Formula '{_begin(text)}': {where}") from None
    if isinstance(tree, Tree):
        _check_names(tree, text)
    return tree


def _check_names(tree: Tree[Token], text: str) -> None:
    for call in tree.find_data("call"):
        name, count = str(call.children[0]), len(call.children) - 1
        least, most = FUNCTIONS.get(name, (0, _ANY) if _FAMILIES.fullmatch(name) else (1, 0))
        if least > most:
            raise InvalidVoucher(f"Formula '{_begin(text)}': there is no function {name}")
        if not least <= count <= most:
            wanted = str(least) if least == most else f"{least} or more" if most == _ANY else f"{least} to {most}"
            raise InvalidVoucher(f"Formula '{_begin(text)}': {name} takes {wanted} arguments, not {count}")
    for operand in tree.find_data("operand"):
        name = str(operand.children[0])
        if name not in OPERANDS and not _FAMILIES.fullmatch(name):
            raise InvalidVoucher(f"Formula '{_begin(text)}': there is no operand {name}")


def _depth(text: str) -> int:
    """A sign before a value is around it like a bracket."""
    around: list[int] = []  # by open bracket: itself and the signs before it
    signs = deepest = 0
    for character in text:
        if character in "+-":
            signs += 1
        elif character == "(":
            around.append(sum(around[-1:]) + signs + 1)
            signs = 0
        elif not character.isspace():
            signs = 0
            if character == ")" and around:
                around.pop()
        deepest = max(deepest, sum(around[-1:]) + signs)
    return deepest


def _begin(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
