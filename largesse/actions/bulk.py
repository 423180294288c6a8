"""Requests of many rows, worked off in the background piece by piece (docs/semantics/import.md).

The rows are stored with the request. A chunk is one transaction: it works on one piece, puts what was wrong with it in
its place, and saves how far it came; so whoever goes on after a kill neither repeats nor skips a row.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from largesse.actions.scope import Scope
from largesse.domain import async_actions as states
from largesse.domain.async_actions import AsyncAction
from largesse.domain.errors import InvalidPayload, LargesseError
from largesse.store import async_actions, counters, jobs, payloads
from largesse.wire.tables import Table, spoiled

PIECE: Final = 1_000
"""Rows in one transaction: customer rows are held for that long."""
ROWS_MAX: Final = 100_000
WARNINGS_MAX: Final = 100
REASON_LENGTH_MAX: Final = 500


class Outcome(NamedTuple):
    """What became of a piece. `failed`: a report per row that failed. `counters`: differences by campaign."""

    done: int
    failed: list[dict[str, Any]]
    counters: dict[str | None, dict[str, int]]


class Stopped(Exception):
    """Nothing more can be done for the action; the text says why."""


Apply = Callable[[Scope, AsyncAction, list[Any]], Awaitable[Outcome]]
Report = Callable[[int, list[dict[str, Any]], str | None], dict[str, Any]]
"""The result of the whole action: rows done, reports of the failed ones, why it stopped early (None: it didn't)."""
Conclude = Callable[[Scope, AsyncAction], Awaitable[None]]


async def start_bulk(
    scope: Scope,
    type_: str,
    rows: list[Any],
    arguments: dict[str, Any] | None = None,
    *,
    subject: str | None = None,
    dry_run: bool = False,
) -> str:
    """Enqueue the work on `rows`, JSON values; returns the async action's id. Raises InvalidPayload for too many.

    `dry_run`: each piece is done and undone, so that only the report is left.
    """
    if len(rows) > ROWS_MAX:
        raise InvalidPayload(f"Payload must not have more than {ROWS_MAX} rows")
    action_id = scope.ids.new("aa_")
    project_id = scope.project.id
    arguments = {"rows": len(rows), **(arguments or {})} | ({"dry_run": True} if dry_run else {})
    await async_actions.create_async_action(scope.connection, project_id, action_id, type_, scope.request_id, arguments)
    pieces = [rows[at : at + PIECE] for at in range(0, len(rows), PIECE)]
    await payloads.save_payload(scope.connection, project_id, action_id, pieces)
    await jobs.enqueue_job(scope.connection, project_id, type_, action_id, subject=subject)
    return action_id


async def bulk_chunk(
    scope: Scope, action_id: str, apply: Apply, report: Report, conclude: Conclude | None = None
) -> bool:
    """The next piece; True when nothing is left to do. Running it twice at once has one effect.

    `conclude` is called once, with the finished action.
    """
    project_id = scope.project.id
    action = await async_actions.lock_async_action(scope.connection, project_id, action_id)
    if action is None or action.finished:
        return True
    number: int = action.cursor.get("pieces", 0)
    done: int = action.cursor.get("done", 0)
    rows = await payloads.get_piece(scope.connection, project_id, action_id, number)
    if rows is None:
        finished = await _finish(scope, action, report)
        if conclude is not None and not is_dry(action):
            await conclude(scope, finished)
        return True
    try:
        outcome = await (_try_out(scope, action, rows, apply) if is_dry(action) else apply(scope, action, rows))
    except Stopped as stopped:
        await _finish(scope, action, report, str(stopped))
        return True
    await payloads.close_piece(scope.connection, project_id, action_id, number, outcome.failed)
    moved = replace(
        action,
        status=states.IN_PROGRESS,
        progress=min(99, 100 * PIECE * (number + 1) // max(1, action.arguments["rows"])),
        cursor={"pieces": number + 1, "done": done + outcome.done} | _promised(action, outcome),
    )
    await async_actions.save_async_action(scope.connection, project_id, moved)
    if is_dry(action):
        return False
    for campaign_id, changes in sorted(outcome.counters.items(), key=lambda item: item[0] or ""):
        await counters.change_counters(scope.connection, project_id, campaign_id, **changes)
    return False


def file_facts(table: Table, *names: str) -> dict[str, Any]:
    """What an import keeps of its file: for its report too. `names`: the columns whose cells must be exact."""
    warnings = spoiled(table.columns, table.rows, *names)
    return {"columns": table.columns, "empty": table.empty} | (
        {"warnings": warnings[:WARNINGS_MAX], "warnings_count": len(warnings)} if warnings else {}
    )


def _account(action: AsyncAction) -> dict[str, Any]:
    """Of an import of a file: every line of it is imported, failed, or empty; and what to look at."""
    facts = action.arguments
    if "empty" not in facts:
        return {}
    out = {"empty_count": facts["empty"], "lines_count": facts["rows"] + facts["empty"]}
    if "warnings" not in facts:
        return out
    reason = "The value looks rounded by a spreadsheet: format the column as text there and export it again"
    warnings = [warning | {"reason": reason} for warning in facts["warnings"]]
    return out | {"warnings": warnings, "warnings_count": facts["warnings_count"]}


def is_dry(action: AsyncAction) -> bool:
    return bool(action.arguments.get("dry_run", False))


class _Undone(Exception):
    """Takes back what a dry run did."""


async def _try_out(scope: Scope, action: AsyncAction, rows: list[Any], apply: Apply) -> Outcome:
    outcome: Outcome | None = None
    with contextlib.suppress(_Undone):
        async with scope.connection.transaction():  # a savepoint: the chunk's own transaction goes on
            outcome = await apply(scope, action, rows)
            raise _Undone
    assert outcome is not None
    return outcome


def _promised(action: AsyncAction, outcome: Outcome) -> dict[str, int]:
    """The vouchers that earlier pieces of a dry run would have made: they take room in the campaign."""
    if not is_dry(action):
        return {}
    made = sum(changes.get("vouchers", 0) for changes in outcome.counters.values())
    return {"vouchers": int(action.cursor.get("vouchers", 0)) + made}


async def _finish(scope: Scope, action: AsyncAction, report: Report, failure: str | None = None) -> AsyncAction:
    """`failure` None: every row had its turn. Rows that failed don't make the action a failed one."""
    pieces, done = action.cursor.get("pieces", 0), action.cursor.get("done", 0)
    failed = await payloads.take_failures(scope.connection, scope.project.id, action.id, pieces)
    finished = replace(
        action,
        status=states.FAILED if failure else states.DONE,
        operation_status="FAILED" if failure else "SUCCESS",
        progress=100,
        result=report(done, failed, failure) | _account(action) | ({"dry_run": True} if is_dry(action) else {}),
    )
    await async_actions.save_async_action(scope.connection, scope.project.id, finished)
    return finished


async def give_up(scope: Scope, action_id: str, report: Report) -> None:
    """The job failed too often: what is done is done, and said."""
    action = await async_actions.lock_async_action(scope.connection, scope.project.id, action_id)
    if action is not None and not action.finished:
        await _finish(scope, action, report, "The job failed too often.")


def reason(error: LargesseError) -> str:
    """What an import's report says about a row."""
    return (error.details or error.message)[:REASON_LENGTH_MAX]


def error_of(error: LargesseError, name: str | None) -> dict[str, Any]:
    """What a bulk update's report says about a row; `name` is the row's own id of what it changes."""
    details = reason(error)
    return {"message": error.message, "details": details if name is None else f"{name}: {details}", "key": error.key}


def report_update(done: int, failed: list[dict[str, Any]], failure: str | None) -> dict[str, Any]:
    """The result of a bulk update."""
    errors = failed if failure is None else [*failed, {"message": failure, "details": None, "key": None}]
    return {
        "done_count": done,
        "failed_count": len(failed),
        "reports": [],
        "reports_available_till": None,
        "errors": errors,
    }
