"""Create, change, delete and assign validation rules (docs/semantics/validation-rule.md)."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from largesse.actions.scope import Scope
from largesse.domain.campaigns import Campaign
from largesse.domain.errors import DuplicateFound, NotBuilt, NotFound
from largesse.domain.validation_rules import Assignment, ValidationRule
from largesse.domain.vouchers import Voucher
from largesse.events.catalogue import EventType
from largesse.events.outbox import append
from largesse.store import campaigns as campaigns_store
from largesse.store import validation_rules as store
from largesse.store import vouchers as vouchers_store
from largesse.store.connection import Connection
from largesse.store.metadata_schemas import tell
from largesse.wire.nulls import Nulls
from largesse.wire.validation_rules import AssignmentInput, RuleChanges, RuleInput

TYPE: str = "validation_rules"


async def create_rule(scope: Scope, sent: RuleInput) -> ValidationRule:
    """Raises InvalidValidationRules."""
    rule = await store.create_rule(scope.connection, scope.project.id, scope.ids.new("val_"), sent.values())
    await append(scope, EventType.RULE_CREATED, rule.id, {"validation_rule": rule})
    return rule


async def get_rule(scope: Scope, id: str) -> ValidationRule:
    rule = await store.get_rule(scope.connection, scope.project.id, id)
    if rule is None:
        raise NotFound.of(TYPE, id)
    return rule


async def update_rule(scope: Scope, id: str, sent: RuleChanges, nulls: Nulls = Nulls.CLEAR) -> ValidationRule:
    """Raises NotFound, InvalidValidationRules."""
    before = await _locked(scope, id)
    await store.update_rule(scope.connection, scope.project.id, id, sent.values(before, nulls))
    rule = await get_rule(scope, id)
    await append(scope, EventType.RULE_UPDATED, rule.id, {"validation_rule": rule})
    return rule


async def delete_rule(scope: Scope, id: str) -> None:
    """With its assignments. Raises NotFound."""
    rule = await _locked(scope, id)
    await store.delete_rule(scope.connection, scope.project.id, id)
    await append(scope, EventType.RULE_DELETED, rule.id, {"validation_rule": rule})


async def _locked(scope: Scope, id: str) -> ValidationRule:
    rule = await store.lock_rule(scope.connection, scope.project.id, id)
    if rule is None:
        raise NotFound.of(TYPE, id)
    return rule


async def assign(scope: Scope, rule_id: str, sent: AssignmentInput) -> Assignment:
    """Raises NotFound for the rule and for the object, DuplicateFound when it has the rule already."""
    await _locked(scope, rule_id)
    return await _assign(scope, rule_id, (sent.related_object_type, await _object_id(scope, sent)))


async def _assign(scope: Scope, rule_id: str, related: store.Related) -> Assignment:
    assignment = await store.assign_rule(scope.connection, scope.project.id, scope.ids.new("asgm_"), rule_id, related)
    if assignment is None:
        known = await store.find_assignment(scope.connection, scope.project.id, rule_id, related)
        raise DuplicateFound(
            f"Duplicated validation_rules_assignment exists with id {known}",
            resource_id=known,
            resource_type="validation_rules_assignment",
        )
    await tell(scope.connection, scope.project.id)
    await append(scope, EventType.RULE_ASSIGNED, rule_id, {"assignment": assignment})
    return assignment


async def _object_id(scope: Scope, sent: AssignmentInput) -> str:
    """The id of the object, which may be named otherwise: a voucher by its code, a campaign by its name.

    Held until the transaction ends: what is being deleted takes its assignments along, and would miss this one.
    """
    found: Any = None
    match sent.related_object_type:
        case "voucher":
            held = await vouchers_store.lock_voucher(scope.connection, scope.project, sent.related_object_id)
            if held is not None:  # its campaign may be in the bin
                found = await vouchers_store.get_voucher_by_id(scope.connection, scope.project.id, held.id)
        case "campaign":
            found = await campaigns_store.lock_campaign(scope.connection, scope.project.id, sent.related_object_id)
        case other:
            raise NotBuilt(f"Rules can't be assigned to objects of type {other} yet")
    if found is None:
        raise NotFound.of(sent.related_object_type, sent.related_object_id)
    return str(found.id)


async def unassign(scope: Scope, rule_id: str, id: str) -> None:
    """Raises NotFound for the rule and for the assignment."""
    await get_rule(scope, rule_id)
    assignment = await store.delete_assignment(scope.connection, scope.project.id, rule_id, id)
    if assignment is None:
        raise NotFound.of("validation_rules_assignment", id)
    await append(scope, EventType.RULE_UNASSIGNED, rule_id, {"assignment": assignment})


async def assign_on_creation(scope: Scope, rule_ids: Sequence[str] | None, related: store.Related) -> None:
    """What `validation_rules` of a new voucher or campaign asks for. Raises NotFound for an unknown rule."""
    wanted = list(dict.fromkeys(rule_ids or ()))
    if not wanted:
        return
    known = await store.known_rules(scope.connection, scope.project.id, wanted)
    for rule_id in wanted:
        if rule_id not in known:
            raise NotFound.of(TYPE, rule_id)
        await _assign(scope, rule_id, related)


async def with_rules(connection: Connection, project_id: int, vouchers: Sequence[Voucher]) -> list[Voucher]:
    """The vouchers with their own assignments, and those of their campaigns behind them."""
    related = [("voucher", voucher.id) for voucher in vouchers]
    related += [("campaign", voucher.campaign_id) for voucher in vouchers if voucher.campaign_id is not None]
    found = await store.assignments_of(connection, project_id, related)
    return [
        replace(voucher, rules=found["voucher", voucher.id] + found["campaign", voucher.campaign_id or ""])
        for voucher in vouchers
    ]


async def with_own_rules(scope: Scope, voucher: Voucher) -> Voucher:
    """`with_rules` for one."""
    (shown,) = await with_rules(scope.connection, scope.project.id, [voucher])
    return shown


async def campaigns_with_rules(scope: Scope, campaigns: Sequence[Campaign]) -> list[Campaign]:
    related = [("campaign", campaign.id) for campaign in campaigns]
    found = await store.assignments_of(scope.connection, scope.project.id, related)
    return [replace(campaign, rules=found["campaign", campaign.id]) for campaign in campaigns]
