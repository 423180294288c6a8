"""/v1/validation-rules and /v1/validation-rules-assignments"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import validation_rules as rules
from largesse.domain.errors import DuplicateFound, InvalidQueryParams, InvalidValidationRules, NotFound
from largesse.http.requests import nulls_of, path_parameter, read_body, read_query, respond, respond_empty, unit_of_work
from largesse.http.routing import Route
from largesse.store.lists import Narrowing
from largesse.store.validation_rules import list_assignments, list_rules
from largesse.wire.lists import TEXT, page_schema, present
from largesse.wire.validation_rules import (
    AssignmentInput,
    RuleChanges,
    RuleInput,
    render_assignment,
    render_rule,
)

PAGE_MAX: Final = 100
ORDERS: Final = ("created_at", "updated_at", "name")
ASSIGNMENT_ORDERS: Final = ("created_at",)


async def create(request: Request) -> Response:
    """Create a validation rule"""
    sent = await read_body(request, RuleInput)
    async with unit_of_work(request) as scope:
        rule = await rules.create_rule(scope, sent)
    return respond(render_rule(rule))


async def get(request: Request) -> Response:
    """Get a validation rule"""
    async with unit_of_work(request) as scope:
        rule = await rules.get_rule(scope, path_parameter(request, "validation_rule_id"))
    return respond(render_rule(rule))


async def update(request: Request) -> Response:
    """Update a validation rule"""
    sent = await read_body(request, RuleChanges)
    async with unit_of_work(request) as scope:
        rule = await rules.update_rule(scope, path_parameter(request, "validation_rule_id"), sent, nulls_of(request))
    return respond(render_rule(rule))


async def delete(request: Request) -> Response:
    """Delete a validation rule with its assignments"""
    async with unit_of_work(request) as scope:
        await rules.delete_rule(scope, path_parameter(request, "validation_rule_id"))
    return respond_empty()


async def list_(request: Request) -> Response:
    """List validation rules"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    given = present(start_date=query.date_time("start_date"), end_date=query.date_time("end_date"))
    query.check()
    async with unit_of_work(request) as scope:
        found, total = await list_rules(scope.connection, scope.project, Narrowing(given), **page.wanted)
    data = [render_rule(rule) for rule in found]
    return respond(page.envelope("data", data, total))


async def assign(request: Request) -> Response:
    """Assign a validation rule to a voucher or a campaign"""
    sent = await read_body(request, AssignmentInput)
    async with unit_of_work(request) as scope:
        assignment = await rules.assign(scope, path_parameter(request, "validation_rule_id"), sent)
    return respond(render_assignment(assignment))


async def unassign(request: Request) -> Response:
    """Remove a validation rule from what it is assigned to"""
    rule_id, id_ = (path_parameter(request, name) for name in ("validation_rule_id", "assignment_id"))
    async with unit_of_work(request) as scope:
        await rules.unassign(scope, rule_id, id_)
    return respond_empty()


async def list_assignments_of_rule(request: Request) -> Response:
    """List what a validation rule is assigned to"""
    rule_id = path_parameter(request, "validation_rule_id")
    return await _list_assignments(request, rule_id)


async def list_all_assignments(request: Request) -> Response:
    """List assignments of validation rules"""
    return await _list_assignments(request, None)


async def _list_assignments(request: Request, rule_id: str | None) -> Response:
    query = read_query(request)
    page = query.page(orders=ASSIGNMENT_ORDERS, page_max=PAGE_MAX)
    given: dict[str, Any] = present(
        rule=rule_id or query.text("rule"), related_object_id=None if rule_id else query.text("related_object_id")
    )
    query.check()
    async with unit_of_work(request) as scope:
        if rule_id is not None:
            await rules.get_rule(scope, rule_id)
        found, total = await list_assignments(scope.connection, scope.project, Narrowing(given), **page.wanted)
    return respond(page.envelope("data", [render_assignment(one) for one in found], total))


_ASSIGNMENT_PAGE: Final = page_schema(ASSIGNMENT_ORDERS, PAGE_MAX)
_RULE: Final = "/v1/validation-rules/{validation_rule_id}"
_MOMENT: Final = {"type": "string", "format": "date-time"}

ROUTES = [
    Route("/v1/validation-rules", create, methods=["POST"], body=RuleInput, errors=[InvalidValidationRules]),
    Route(
        "/v1/validation-rules",
        list_,
        methods=["GET"],
        query=page_schema(ORDERS, PAGE_MAX) | {"start_date": _MOMENT, "end_date": _MOMENT},
        errors=[InvalidQueryParams],
    ),
    Route(_RULE, get, methods=["GET"], errors=[NotFound]),
    Route(_RULE, update, methods=["PUT"], body=RuleChanges, errors=[NotFound, InvalidValidationRules]),
    Route(_RULE, delete, methods=["DELETE"], errors=[NotFound]),
    Route(_RULE + "/assignments", list_assignments_of_rule, methods=["GET"], query=_ASSIGNMENT_PAGE, errors=[NotFound]),
    Route(
        _RULE + "/assignments",
        assign,
        methods=["POST"],
        body=AssignmentInput,
        errors=[NotFound, DuplicateFound],
        missing="promotion tiers, earning rules, rewards and distributions, which don't exist yet",
    ),
    Route(_RULE + "/assignments/{assignment_id}", unassign, methods=["DELETE"], errors=[NotFound]),
    Route(
        "/v1/validation-rules-assignments",
        list_all_assignments,
        methods=["GET"],
        query=_ASSIGNMENT_PAGE | {"rule": TEXT, "related_object_id": TEXT},
        errors=[InvalidQueryParams],
    ),
]
