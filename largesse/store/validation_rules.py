"""Validation rules and their assignments in the database."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from largesse.domain.projects import Project
from largesse.domain.validation_rules import Assignment, ValidationRule
from largesse.store.connection import Connection
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("validation_rules")
RULES: Final = ListSql(
    table="validation_rules",
    page=SQL["list_rules"],
    count=SQL["count_rules"],
    filters={"start_date": "r.created_at >= {}", "end_date": "r.created_at <= {}"},
    orders=both_ways(
        {"created_at": "r.created_at", "updated_at": "r.updated_at", "name": "r.name"},
        "r.id",
        set_always=("created_at", "name"),
    ),
    fields={},
)
ASSIGNMENTS: Final = ListSql(
    table="validation_rules_assignments",
    page=SQL["list_assignments"],
    count=SQL["count_assignments"],
    filters={"rule": "a.rule_id = {}", "related_object_id": "a.related_object_id = {}"},
    orders=both_ways({"created_at": "a.created_at"}, "a.id", set_always=("created_at",)),
    fields={},
)
_COLUMNS: Final = ("name", "rules", "bundle_rules", "error", "applicable_to", "type", "context_type")

Related = tuple[str, str]
"""Type and id of an object that rules are assigned to."""


async def create_rule(connection: Connection, project_id: int, id: str, values: dict[str, Any]) -> ValidationRule:
    row = await connection.fetchrow(SQL["create_rule"], project_id, id, *(values[name] for name in _COLUMNS))
    assert row is not None
    return ValidationRule(**row)


async def get_rule(connection: Connection, project_id: int, id: str) -> ValidationRule | None:
    row = await connection.fetchrow(SQL["get_rule"], project_id, id)
    return None if row is None else ValidationRule(**row)


async def lock_rule(connection: Connection, project_id: int, id: str) -> ValidationRule | None:
    row = await connection.fetchrow(SQL["lock_rule"], project_id, id)
    return None if row is None else ValidationRule(**row)


async def update_rule(connection: Connection, project_id: int, id: str, values: dict[str, Any]) -> None:
    await connection.execute(SQL["update_rule"], project_id, id, *(values[name] for name in _COLUMNS))


async def delete_rule(connection: Connection, project_id: int, id: str) -> bool:
    return await connection.fetchval(SQL["delete_rule"], project_id, id) is not None


async def known_rules(connection: Connection, project_id: int, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that exist; they can't go away before the transaction ends."""
    return {row["id"] for row in await connection.fetch(SQL["known_rules"], project_id, list(ids))}


async def list_rules(
    connection: Connection, project: Project, narrowing: Narrowing, **page: Any
) -> tuple[list[ValidationRule], int]:
    """A page, and how many there are in all."""
    rows = await RULES.rows(connection, project, narrowing, **page)
    return [ValidationRule(**row) for row in rows], await RULES.total(connection, project, narrowing)


async def has_assignments(connection: Connection, project_id: int) -> bool:
    """Whether anything in the project has a rule."""
    return bool(await connection.fetchval(SQL["has_assignments"], project_id))


async def assign_rule(
    connection: Connection, project_id: int, id: str, rule_id: str, related: Related
) -> Assignment | None:
    """None when the object has the rule already."""
    row = await connection.fetchrow(SQL["assign_rule"], project_id, id, rule_id, *related)
    return None if row is None else Assignment(**row)


async def find_assignment(connection: Connection, project_id: int, rule_id: str, related: Related) -> str | None:
    found: str | None = await connection.fetchval(SQL["find_assignment"], project_id, rule_id, *related)
    return found


async def delete_assignment(connection: Connection, project_id: int, rule_id: str, id: str) -> Assignment | None:
    row = await connection.fetchrow(SQL["delete_assignment"], project_id, rule_id, id)
    return None if row is None else Assignment(**row)


async def assignments_of(
    connection: Connection, project_id: int, related: Sequence[Related]
) -> dict[Related, list[Assignment]]:
    """By object, oldest first."""
    wanted = list(dict.fromkeys(related))
    types, ids = [type_ for type_, _ in wanted], [object_id for _, object_id in wanted]
    out: dict[Related, list[Assignment]] = defaultdict(list)
    for row in await connection.fetch(SQL["assignments_of"], project_id, types, ids):
        out[row["related_object_type"], row["related_object_id"]].append(Assignment(**row))
    return out


async def drop_assignments(connection: Connection, project_id: int, type: str, ids: Sequence[str]) -> None:
    """Of objects that are gone for good."""
    await connection.execute(SQL["drop_assignments"], project_id, type, list(ids))


async def drop_orphaned_assignments(connection: Connection, project_id: int) -> None:
    """Of vouchers that are gone for good."""
    await connection.execute(SQL["drop_orphaned_assignments"], project_id)


async def list_assignments(
    connection: Connection, project: Project, narrowing: Narrowing, **page: Any
) -> tuple[list[Assignment], int]:
    """A page, and how many there are in all."""
    rows = await ASSIGNMENTS.rows(connection, project, narrowing, **page)
    return [Assignment(**row) for row in rows], await ASSIGNMENTS.total(connection, project, narrowing)
