"""Validation rules: when a redeemable may be used (docs/semantics/validation-rule.md). Here they are checked and kept;
redemption judges by them.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.errors import InvalidValidationRules

RULES_MAX: Final = 100
"""Rules of one definition, those within rules included."""
DEPTH_MAX: Final = 3
VALUES_MAX: Final = 1_000
"""Values of one condition."""
LOGIC_LENGTH_MAX: Final = 2_000
LOGIC_DEPTH_MAX: Final = 20

_ITEM_EFFECTS: Final = (
    "", ".discount.apply_to_order", ".discount.apply_to_items", ".discount.apply_to_items_proportionally",
    ".discount.apply_to_items_proportionally_by_quantity", ".discount.apply_to_items_by_quantity",
    ".discount.fixed.apply_to_items", ".discount.percent.apply_to_items",
)  # fmt: skip
_DISCOUNTS: Final = (
    "campaign.discount_coupons",
    "campaign.referral_program",
    "campaign.promotion",
    "voucher.discount_voucher",
)
CONTEXT_TYPES: Final = frozenset({
    "global", "campaign.loyalty_program", "voucher.loyalty_card", "reward_assignment.pay_with_points",
    *(owner + effect for owner in _DISCOUNTS for effect in _ITEM_EFFECTS),
    *(
        owner + effect for owner in ("campaign.gift_vouchers", "voucher.gift_voucher")
        for effect in ("", ".gift.apply_to_order", ".gift.apply_to_items")
    ),
    *(f"earning_rule.{event}" for event in ("order.paid", "custom_event", "customer.segment.entered")),
    *(f"earning_rule.customer.tier.{what}" for what in ("joined", "left", "upgraded", "downgraded", "prolonged")),
    "distribution.custom_event", *(f"distribution.order.{what}" for what in ("paid", "created", "canceled", "updated")),
})  # fmt: skip
"""Where a rule may be used; clients know these and no others."""

_PERIODS: Final = ("", ".daily", ".weekly", ".monthly")
_METADATA: Final = frozenset({
    "customer.metadata", "order.metadata", "order.items.metadata", "order.items.metadata_any",
    "order.items.metadata_each", "product.metadata", "sku.metadata", "redemption.metadata",
    "custom_event.metadata", "metadata",
})  # fmt: skip
"""Names that need a `property`: the metadata key."""
_ITEMS: Final = frozenset(f"order.items.{which}" for which in ("every", "any", "none", "cheapest", "most_expensive"))
_SHORT_PARTS: Final = ("quantity", "aggregated_quantity", "price", "aggregated_amount", "amount", "subtotal")
_PARTS: Final = frozenset({*_SHORT_PARTS, *(f"order.items.{part}" for part in _SHORT_PARTS)})
"""Names within a rule about items, in their short and their long spelling."""
NAMES: Final = _METADATA | _ITEMS | _PARTS | frozenset({
    "customer.segment", "customer_segment", "order.amount", "order.total_amount", "order.initial_amount",
    "order.items.count",
    "order.items.price_any", "order.items.price_each", "campaign.orders.amount", "campaign.orders.amount_discounted",
    *(f"campaign.redemptions.{what}{period}" for what in ("count", "customers_count") for period in _PERIODS),
    *(f"redemption.count{period}" for period in _PERIODS[1:]),
    *(f"redemption.count.per_customer{period}" for period in _PERIODS),
    "redemption.gift.amount", "redemption.api_key", "redemption.count.per_api_key", "redemption.user.login",
    "redemption.count.per_user", "redemption.reward.pay_with_points.points_used",
    "publication.redeemable_by_linked_customer",
})  # fmt: skip
_FAMILIES: Final = re.compile(r"(product|sku)\.[a-z_.]+")
OPERATORS: Final = frozenset({
    "$is", "$is_not", "$in", "$not_in", "$less_than", "$less_than_or_equal", "$more_than", "$more_than_or_equal",
    "$greater_than", "$greater_than_or_equal",  # how the contract's examples spell it
    "$starts_with", "$ends_with", "$contains", "$count", "$count_more", "$count_less", "$from", "$not_differ",
    "$not_intersect", "$after", "$before", "$more_than_ago", "$less_than_ago", "$is_days_ago", "$more_than_future",
    "$less_than_future", "$is_days_in_future", "$dow", "$timeframe", "$timeframe_absolute", "$timeframe_daily_hours",
})  # fmt: skip
_NUMBERED: Final = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_LOGIC_WORD: Final = re.compile(r"\s*(\(|\)|and\b|or\b|\d+)", re.ASCII | re.IGNORECASE)


class ValidationRule(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    rules: dict[str, Any]
    bundle_rules: dict[str, Any]
    error: dict[str, Any] | None
    applicable_to: dict[str, Any]
    type: str
    context_type: str
    created_at: datetime
    updated_at: datetime | None = None
    assignments_count: int = 0


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A rule on an object, named by its id."""

    id: str
    rule_id: str
    related_object_type: str
    related_object_id: str
    created_at: datetime


def check_rules(rules: dict[str, Any]) -> dict[str, Any]:
    """A numbered map of rules, and `logic`, which joins them by their numbers.

    Raises InvalidValidationRules for the first thing that is wrong.
    """
    _check_map(rules, depth=1)
    if (count := _count(rules)) > RULES_MAX:
        raise InvalidValidationRules(f"A definition may hold up to {RULES_MAX} rules, not {count}")
    return rules


def _check_map(rules: dict[str, Any], depth: int) -> None:
    if depth > DEPTH_MAX:
        raise InvalidValidationRules(f"Rules may be nested up to {DEPTH_MAX} deep")
    numbers = set()
    for key, rule in rules.items():
        if key == "logic":
            continue
        if not _NUMBERED.fullmatch(key):
            raise InvalidValidationRules(f"Rules are numbered from 1, and '{key[:40]}' is no number")
        if not isinstance(rule, dict):
            raise InvalidValidationRules(f"Rule {key} must be an object")
        _check_rule(rule, depth)
        numbers.add(int(key))
    if "logic" in rules and (logic := rules["logic"]) != "":
        check_logic(logic, numbers)


def _check_rule(rule: dict[str, Any], depth: int) -> None:
    name = rule.get("name")
    if not isinstance(name, str) or not (name in NAMES or _FAMILIES.fullmatch(name)):
        raise InvalidValidationRules(f"There is no rule named '{str(name)[:80]}'")
    if name in _METADATA and not (isinstance(rule.get("property"), str) and rule["property"]):
        raise InvalidValidationRules(f"Rule '{name}' must have a 'property'")
    conditions, inner = rule.get("conditions"), rule.get("rules")
    if conditions is None and inner is None:
        raise InvalidValidationRules(f"Rule '{name}' must have 'conditions' or 'rules'")
    if conditions is not None:
        _check_conditions(name, conditions)
    if inner is not None:
        if not isinstance(inner, dict):
            raise InvalidValidationRules(f"Rule '{name}' must have an object as 'rules'")
        _check_map(inner, depth + 1)
    error = rule.get("error")
    if error is not None and not (isinstance(error, dict) and isinstance(error.get("message", ""), str)):
        raise InvalidValidationRules(f"Rule '{name}' must have an 'error' with a 'message'")


def _check_conditions(name: str, conditions: Any) -> None:
    if not isinstance(conditions, dict) or not conditions:
        raise InvalidValidationRules(f"Rule '{name}' must have 'conditions' by operator")
    for operator, values in conditions.items():
        if operator not in OPERATORS:
            raise InvalidValidationRules(f"Rule '{name}' has no operator '{operator[:40]}'")
        given = values if isinstance(values, list) else [values]
        if not given or len(given) > VALUES_MAX:
            raise InvalidValidationRules(f"Rule '{name}' takes 1 to {VALUES_MAX} values for {operator}")


def _count(rules: dict[str, Any]) -> int:
    inner = (rule["rules"] for key, rule in rules.items() if key != "logic" and rule.get("rules"))
    return sum(key != "logic" for key in rules) + sum(map(_count, inner))


def check_logic(logic: Any, numbers: set[int]) -> None:
    """`(1 and 2) or 3` over rules of these numbers. Raises InvalidValidationRules."""
    if not isinstance(logic, str) or len(logic) > LOGIC_LENGTH_MAX:
        raise InvalidValidationRules(f"'logic' must be a text of up to {LOGIC_LENGTH_MAX} characters")
    words, at = [], 0
    while match := _LOGIC_WORD.match(logic, at):
        words.append(match[1].lower())
        at = match.end()
    if logic[at:].strip():
        raise InvalidValidationRules(f"'logic' joins rules by 'and' and 'or': unexpected '{logic[at:][:20]}'")
    depth, wants_number = 0, True
    for word in words:
        if word.isdigit() and wants_number and int(word) not in numbers:
            raise InvalidValidationRules(f"'logic' names rule {word[:20]}, which isn't there")
        fits = wants_number == (word == "(" or word.isdigit())
        depth += (word == "(") - (word == ")")
        if not fits or depth < 0 or depth > LOGIC_DEPTH_MAX:
            raise InvalidValidationRules(f"'logic' can't be read: unexpected '{word}'")
        wants_number = word in {"(", "and", "or"}
    if wants_number or depth:
        raise InvalidValidationRules("'logic' ends too early")
