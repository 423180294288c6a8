"""Definitions of validation rules."""

from typing import Any

import pytest

from largesse.domain.errors import InvalidValidationRules
from largesse.domain.validation_rules import DEPTH_MAX, RULES_MAX, VALUES_MAX, check_logic, check_rules


def rule(name: str = "order.amount", **fields: Any) -> dict[str, Any]:
    return {"name": name, "conditions": {"$more_than": [100]}, **fields}


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"1": rule(), "logic": "1"},
        {"1": rule("customer.metadata", property="tier", conditions={"$is": ["gold"]})},
        {"1": rule(), "2": rule("customer.segment"), "3": rule("sku.price"), "logic": "(1 AND 2) or 3"},
        {"1": rule("order.items.any", conditions={"$is": ["prod_1"]}, rules={"1": rule("quantity"), "logic": "1"})},
        {"1": rule("publication.redeemable_by_linked_customer", conditions={"$is": [True]})},
        {"1": rule(error={"message": "Not for you"})},
        # The example of the contract.
        {"1": rule("order.items.metadata", property="test", rules={}, conditions={"$greater_than_or_equal": [1]})},
    ],
)
def test_takes_what_the_language_has(rules: dict[str, Any]) -> None:
    assert check_rules(rules) == rules


def nested(depth: int) -> dict[str, Any]:
    return {"1": rule("order.items.any", rules=nested(depth - 1))} if depth else {}


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"1": rule("custom_event.metadata")}, "Rule 'custom_event.metadata' must have a 'property'"),
        ({"1": rule("order.colour")}, "no rule named 'order.colour'"),
        ({"1": {"conditions": {"$is": [1]}}}, "no rule named 'None'"),
        ({"one": rule()}, "'one' is no number"),
        ({"0": rule()}, "'0' is no number"),
        ({"1": "x"}, "Rule 1 must be an object"),
        ({"1": {"name": "order.amount"}}, "must have 'conditions' or 'rules'"),
        ({"1": rule(conditions={})}, "'conditions' by operator"),
        ({"1": rule(conditions={"$like": [1]})}, r"no operator '\$like'"),
        ({"1": rule(conditions={"$in": []})}, f"1 to {VALUES_MAX} values"),
        ({"1": rule(conditions={"$in": list(range(VALUES_MAX + 1))})}, f"1 to {VALUES_MAX} values"),
        ({"1": rule(rules=[])}, "object as 'rules'"),
        ({"1": rule(error="no")}, "'error' with a 'message'"),
        ({"1": rule(), "logic": "1 and 2"}, "names rule 2"),
        ({str(n): rule() for n in range(1, RULES_MAX + 2)}, f"up to {RULES_MAX} rules"),
        (nested(DEPTH_MAX + 1), f"up to {DEPTH_MAX} deep"),
    ],
)
def test_says_what_is_wrong(rules: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValidationRules, match=says):
        check_rules(rules)


@pytest.mark.parametrize("logic", ["1", "1 and 2", "1 AND (2 or 1)", "((1))", " 1 or 2 "])
def test_reads_logic(logic: str) -> None:
    check_logic(logic, {1, 2})


@pytest.mark.parametrize(
    "logic",
    [" ", "and", "1 and", "1 2", "(1", "1)", "1 xor 2", "not 1", "1; drop", 3, "(" * 21 + "1" + ")" * 21, "1" * 2_001],
)
def test_refuses_logic_that_joins_nothing(logic: Any) -> None:
    with pytest.raises(InvalidValidationRules):
        check_logic(logic, {1, 2})
