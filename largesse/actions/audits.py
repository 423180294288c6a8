"""The audit of a project as a job: a question a chunk, so that a page can show how far it is."""

from typing import Any

from msgspec.structs import replace

from largesse.actions.scope import Scope
from largesse.domain import async_actions as states
from largesse.domain.async_actions import PROJECT_AUDIT
from largesse.store import async_actions
from largesse.store.audit import QUESTIONS, ask, check_guards
from largesse.store.jobs import enqueue_job


async def start_audit(scope: Scope) -> str:
    """The async action's id."""
    action_id = scope.ids.new("aa_")
    await async_actions.create_async_action(
        scope.connection, scope.project.id, action_id, PROJECT_AUDIT, scope.request_id, {}
    )
    await enqueue_job(scope.connection, scope.project.id, PROJECT_AUDIT, action_id)
    return action_id


async def audit_chunk(scope: Scope, action_id: str) -> bool:
    """The next question. Each is one statement, which sees one moment; asking it twice has one effect."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is None or action.finished:
        return True
    number: int = action.cursor.get("asked", 0)
    found: list[dict[str, Any]] = list(action.cursor.get("found", []))
    if number == 0:
        found += [_told(one.invariant, one.question, one.rows) for one in await check_guards(scope.connection)]
    finding = await ask(scope.connection, scope.project.id, scope.project.public_id, QUESTIONS[number])
    found.append(_told(finding.invariant, finding.question, finding.rows))
    last = number + 1 == len(QUESTIONS)
    changed = replace(
        action,
        status=states.DONE if last else states.IN_PROGRESS,
        operation_status="SUCCESS" if last else None,
        progress=100 * (number + 1) // len(QUESTIONS),
        cursor={"asked": number + 1} | ({} if last else {"found": found}),
        result={"kept": not any(one["rows"] for one in found), "checks": found} if last else None,
    )
    await async_actions.save_async_action(scope.connection, scope.project.id, changed)
    return last


async def fail_audit(scope: Scope, action_id: str) -> None:
    """A question took too long, again and again."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is not None and not action.finished:
        failed = replace(action, status=states.FAILED, operation_status="FAILED")
        await async_actions.save_async_action(scope.connection, scope.project.id, failed)


def _told(invariant: str, question: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """As JSON keeps it: whatever else a row holds, as text."""
    plain = (str, int, float, bool, type(None))
    shown = [{name: value if isinstance(value, plain) else str(value) for name, value in row.items()} for row in rows]
    return {"invariant": invariant, "question": question, "rows": shown}
