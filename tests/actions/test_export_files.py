from itertools import pairwise

import asyncpg
import pytest

from largesse.actions.export_files import _hopeless
from largesse.store.exports import TookTooLong


def chained(*errors: BaseException) -> BaseException:
    """The first of them as it looks when each came out of handling the next."""
    for outer, inner in pairwise(errors):
        outer.__context__ = inner
    return errors[0]


@pytest.mark.parametrize("error", [asyncpg.DataError("x"), TookTooLong("x"), ImportError("x")])
def test_what_would_end_the_same_way_again_is_hopeless_also_behind_a_lost_connection(error: Exception) -> None:
    assert _hopeless(error) is error
    assert _hopeless(chained(asyncpg.InterfaceError("closed"), OSError(), error)) is error


def test_a_cause_counts_before_what_was_being_handled() -> None:
    error, cause = OSError(), TookTooLong("x")
    error.__context__ = ValueError()
    error.__cause__ = cause
    assert _hopeless(error) is cause


@pytest.mark.parametrize(
    "error", [None, OSError(), asyncpg.InterfaceError("closed"), asyncpg.DeadlockDetectedError("x")]
)
def test_what_may_pass_is_tried_again(error: Exception | None) -> None:
    assert _hopeless(error) is None
