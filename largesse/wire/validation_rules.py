"""Validation rules and their assignments as JSON."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from largesse.domain.errors import InvalidPayload
from largesse.domain.validation_rules import CONTEXT_TYPES, Assignment, ValidationRule, check_rules
from largesse.wire.customers import Text
from largesse.wire.dates import render
from largesse.wire.metadata import Metadata
from largesse.wire.names import Id
from largesse.wire.nulls import Nulls, changed

NAME_LENGTH_MAX: Final = 255
DEFINITION_BYTES_MAX: Final = 65_536
APPLICABLE_MAX: Final = 500
CONTEXT_TYPE: Final = "global"
TYPE: Final = "expression"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
Limit = Annotated[int, msgspec.Meta(ge=0)]
RuleType = Literal["expression", "basic", "advanced", "complex"]
ContextType = Annotated[str, msgspec.Meta(max_length=100)]


class ErrorMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    message: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None


class _Applicable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    effect: Literal[
        "APPLY_TO_EVERY", "APPLY_TO_CHEAPEST", "APPLY_FROM_CHEAPEST", "APPLY_TO_MOST_EXPENSIVE",
        "APPLY_FROM_MOST_EXPENSIVE",
    ] | None = None  # fmt: skip
    strict: bool | None = None
    object: Literal["product", "sku", "products_collection"] | None = None
    id: Text | None = None
    source_id: Text | None = None
    product_id: Text | None = None
    product_source_id: Text | None = None
    price: float | None = None
    price_formula: float | None = None
    order_item_indices: list[int] | None = None
    order_item_units: list[Metadata] | None = None
    target: Literal["ITEM", "UNIT"] | None = None


_LIMITS: Final = ("quantity_limit", "aggregated_quantity_limit", "amount_limit", "aggregated_amount_limit", "repeat",
                  "skip_initially")  # fmt: skip
_LIMITED: Final = [
    f"{product}_{scope}_quantity_limit"
    for scope in ("campaign", "promotion_tier")
    for product in ("product", "product_customer", "product_in_collection", "product_in_collection_customer")
]
if TYPE_CHECKING:
    Applicable = _Applicable
else:
    Applicable = msgspec.defstruct(
        "Applicable",
        [(name, int | None, None) for name in (*_LIMITS, *_LIMITED)]
        + [(f"{name}_formula", str | None, None) for name in _LIMITED],
        bases=(_Applicable,),
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        namespace={"__doc__": "A product that a discount concerns, or doesn't, and how much of it."},
    )


class ApplicableTo(msgspec.Struct, frozen=True, kw_only=True):
    """Which products a discount concerns."""

    included: Annotated[list[Applicable], msgspec.Meta(max_length=APPLICABLE_MAX)] = []
    excluded: Annotated[list[Applicable], msgspec.Meta(max_length=APPLICABLE_MAX)] = []
    included_all: bool = False


class RuleInput(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it is created."""

    name: Name
    rules: Metadata | None = None
    bundle_rules: Metadata | None = None
    error: ErrorMessage | None = None
    applicable_to: ApplicableTo | None = None
    type: RuleType | None = None
    context_type: ContextType | None = None

    def values(self) -> dict[str, Any]:
        """All columns. Raises InvalidValidationRules, InvalidPayload."""
        return _checked({
            "name": self.name,
            "rules": self.rules or {},
            "bundle_rules": self.bundle_rules or {},
            "error": None if self.error is None else msgspec.to_builtins(self.error),
            "applicable_to": msgspec.to_builtins(self.applicable_to or ApplicableTo()),
            "type": self.type or TYPE,
            "context_type": self.context_type or CONTEXT_TYPE,
        })  # fmt: skip


class RuleChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent replaces what was; null empties what may be empty, and leaves the rest as it is."""

    name: Name | UnsetType | None = UNSET
    rules: Metadata | UnsetType | None = UNSET
    bundle_rules: Metadata | UnsetType | None = UNSET
    error: ErrorMessage | UnsetType | None = UNSET
    applicable_to: ApplicableTo | UnsetType | None = UNSET
    type: RuleType | UnsetType | None = UNSET
    context_type: ContextType | UnsetType | None = UNSET

    def values(self, before: ValidationRule, nulls: Nulls = Nulls.CLEAR) -> dict[str, Any]:
        """All columns as they will be. Raises InvalidValidationRules, InvalidPayload."""
        sent = changed(self, nulls, NULLABLE)
        empty: dict[str, Any] = {"rules": {}, "bundle_rules": {}, "applicable_to": ApplicableTo()}
        kept = {"name": before.name, "type": before.type, "context_type": before.context_type}
        values = {
            name: msgspec.to_builtins((empty | kept).get(name) if value is None else value)
            for name, value in sent.items()
        }
        return _checked({name: getattr(before, name) for name in self.__struct_fields__} | values)


NULLABLE: Final = ("name", "error", "applicable_to", "type", "context_type")
"""Those that the Python client's `from_dict` always sends."""


class AssignmentInput(msgspec.Struct, frozen=True, kw_only=True):
    related_object_id: Id
    related_object_type: Literal[
        "voucher", "promotion_tier", "campaign", "earning_rule", "distribution", "reward_assignment"
    ] = "voucher"


_UNSAID: Final = {"effect": "APPLY_TO_EVERY", "strict": False}


def _filled(applicable_to: dict[str, Any]) -> dict[str, Any]:
    """Each product with how it is applied, said or not."""
    lists = {name: [_UNSAID | each for each in applicable_to.get(name, ())] for name in ("included", "excluded")}
    return applicable_to | lists


def _joined(rules: dict[str, Any]) -> dict[str, Any]:
    """A rule that stands alone with the logic that it has anyway."""
    return rules | {"logic": next(iter(rules))} if len(rules) == 1 and "logic" not in rules else rules


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    values = values | {"applicable_to": _filled(values["applicable_to"])}
    check_rules(values["rules"])
    check_rules(values["bundle_rules"])
    if len(msgspec.json.encode(values)) > DEFINITION_BYTES_MAX:
        raise InvalidPayload(f"A validation rule must not be longer than {DEFINITION_BYTES_MAX} bytes")
    if values["context_type"] not in CONTEXT_TYPES:
        allowed = ", ".join(sorted(CONTEXT_TYPES))
        raise InvalidPayload(f"Property .context_type must be equal to one of the allowed values [{allowed}]")
    return values


def render_rule(rule: ValidationRule) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": rule.id,
        "name": rule.name,
        "rules": _joined(rule.rules),
        "bundle_rules": _joined(rule.bundle_rules),
        "error": rule.error,
        "applicable_to": _filled(rule.applicable_to),
        "type": rule.type,
        "context_type": rule.context_type,
        "created_at": render(rule.created_at),
        "assignments_count": rule.assignments_count,
        "object": "validation_rules",
    }
    if rule.error is None:
        del out["error"]
    if rule.updated_at is not None:
        out["updated_at"] = render(rule.updated_at)
    return out


def render_assignment(assignment: Assignment) -> dict[str, Any]:
    """`validation_status` is that of the rule on this object: a rule that was accepted is whole."""
    return {
        "id": assignment.id,
        "rule_id": assignment.rule_id,
        "related_object_id": assignment.related_object_id,
        "related_object_type": assignment.related_object_type,
        "created_at": render(assignment.created_at),
        "updated_at": None,
        "object": "validation_rules_assignment",
        "validation_status": "VALID",
        "validation_omitted_rules": [],
    }


def render_assignments(assignments: Iterable[Assignment], total: int | None = None) -> dict[str, Any]:
    """The list inside a voucher or campaign, and of the two list operations."""
    data = [render_assignment(assignment) for assignment in assignments]
    return {"object": "list", "data_ref": "data", "data": data, "total": len(data) if total is None else total}
