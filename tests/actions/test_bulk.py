"""What the reports of work on many rows say."""

from typing import Any

import pytest

from largesse.actions.bulk import (
    REASON_LENGTH_MAX,
    WARNINGS_MAX,
    Outcome,
    _account,
    _promised,
    error_of,
    file_facts,
    is_dry,
    reason,
    report_update,
)
from largesse.domain.async_actions import IN_PROGRESS, VOUCHERS_IMPORT_CSV, AsyncAction
from largesse.domain.errors import InvalidPayload, NotFound
from largesse.wire.tables import Table, read_table
from tests.domain.moments import NOON


def action(*, cursor: dict[str, Any] | None = None, **arguments: Any) -> AsyncAction:
    return AsyncAction(
        id="aa_1",
        type=VOUCHERS_IMPORT_CSV,
        status=IN_PROGRESS,
        created_at=NOON,
        arguments=arguments,
        cursor=cursor or {},
    )


def table(*codes: str) -> Table:
    return read_table("\n".join(["Code,Name", *(f"{code},x" for code in codes)]).encode())


@pytest.mark.parametrize(("arguments", "dry"), [({}, False), ({"dry_run": False}, False), ({"dry_run": True}, True)])
def test_an_action_is_dry_only_when_that_was_said(arguments: dict[str, Any], dry: bool) -> None:
    assert is_dry(action(**arguments)) is dry


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidPayload("Property .x must be y"), "Property .x must be y"),
        (InvalidPayload(), "Invalid payload"),
        (InvalidPayload("x" * 10_000), "x" * REASON_LENGTH_MAX),
    ],
)
def test_a_row_failed_for_a_reason_of_bounded_length(error: InvalidPayload, told: str) -> None:
    assert reason(error) == told


def test_an_update_that_failed_says_which_row_by_its_own_id() -> None:
    error = NotFound.of("customer", "cust_1")
    assert error_of(error, "mine") == {
        "message": "Resource not found",
        "details": "mine: Cannot find customer with id cust_1",
        "key": "not_found",
    }
    assert error_of(error, None)["details"] == "Cannot find customer with id cust_1"


def test_a_report_counts_failed_rows_and_not_the_end_that_came_early() -> None:
    failed = [error_of(InvalidPayload("x"), "a")]
    whole, stopped = report_update(2, failed, None), report_update(2, failed, "Stopped.")
    assert (whole["done_count"], whole["failed_count"], whole["errors"]) == (2, 1, failed)
    assert (stopped["failed_count"], len(stopped["errors"])) == (1, 2)
    assert stopped["errors"][-1]["message"] == "Stopped."
    assert len(failed) == 1  # the caller's list is left alone


def test_a_file_without_anything_odd_has_no_warnings() -> None:
    assert file_facts(table("A", "B"), "code") == {"columns": ["Code", "Name"], "empty": 0}


def test_codes_that_a_spreadsheet_rounded_are_warned_of_and_counted() -> None:
    facts = file_facts(table(*["1.23E+12"] * (WARNINGS_MAX + 5), "A"), "code")
    assert facts["warnings_count"] == WARNINGS_MAX + 5
    assert len(facts["warnings"]) == WARNINGS_MAX


def test_every_line_of_a_file_is_accounted_for() -> None:
    assert _account(action(rows=7, empty=2)) == {"empty_count": 2, "lines_count": 9}


def test_what_is_no_file_has_no_lines() -> None:
    assert _account(action(rows=7)) == {}


def test_a_warning_says_what_to_do() -> None:
    found = _account(action(rows=7, empty=0, warnings=[{"line": 2}], warnings_count=5))
    assert found["warnings_count"] == 5
    assert found["warnings"][0]["line"] == 2
    assert "format the column as text" in found["warnings"][0]["reason"]


@pytest.mark.parametrize(
    ("dry", "cursor", "counters", "promised"),
    [
        (True, {}, {"camp_1": {"vouchers": 3}}, {"vouchers": 3}),
        (True, {"vouchers": 4}, {"camp_1": {"vouchers": 3}, None: {"disabled": 1}}, {"vouchers": 7}),
        (True, {"vouchers": 4}, {}, {"vouchers": 4}),
        (False, {"vouchers": 4}, {"camp_1": {"vouchers": 3}}, {}),
    ],
)
def test_vouchers_of_earlier_pieces_of_a_dry_run_take_room(
    dry: bool, cursor: dict[str, Any], counters: dict[str | None, dict[str, int]], promised: dict[str, int]
) -> None:
    assert _promised(action(cursor=cursor, dry_run=dry), Outcome(0, [], counters)) == promised
