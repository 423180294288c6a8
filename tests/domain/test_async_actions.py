from datetime import UTC, datetime

import pytest

from largesse.domain import async_actions
from largesse.domain.async_actions import DONE, FAILED, IN_PROGRESS, AsyncAction, scopes_of


def action(type: str, status: str = DONE) -> AsyncAction:
    return AsyncAction(id="aa_1", type=type, status=status, created_at=datetime(2026, 1, 1, tzinfo=UTC))


TYPES = [
    value for name, value in vars(async_actions).items() if name.isupper() and isinstance(value, str) and "." in value
]


@pytest.mark.parametrize(("status", "finished"), [(DONE, True), (FAILED, True), (IN_PROGRESS, False)])
def test_work_is_finished_when_it_is_done_or_failed(status: str, finished: bool) -> None:
    assert action(async_actions.VOUCHERS_IMPORT, status).finished is finished


@pytest.mark.parametrize("type", TYPES)
def test_a_result_is_seen_with_the_scope_of_what_it_names(type: str) -> None:
    expected = {
        "CUSTOMERS": {"customers"},
        "VOUCHERS": {"vouchers"},
        "CAMPAIGN": {"campaigns"},
        "PROJECT": set(),  # they name neither customers nor codes
    }
    assert scopes_of(action(type)) == expected[type.split(".", maxsplit=1)[0]]


def test_a_scope_follows_from_the_whole_first_word() -> None:
    assert scopes_of(action("CUSTOMERSHIP.IMPORT")) == frozenset()
