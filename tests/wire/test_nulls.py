from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from largesse.wire.nulls import Nulls, changed


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    a: Any = UNSET
    b: Any = UNSET
    c: Any = UNSET


VALUES = st.sampled_from([UNSET, None, "", 0, "x"])


@given(a=VALUES, b=VALUES, c=VALUES, nulls=st.sampled_from(Nulls))
def test_what_is_absent_never_changes_and_what_is_said_always_does(a: Any, b: Any, c: Any, nulls: Nulls) -> None:
    sent = {"a": a, "b": b, "c": c}
    found = changed(Sent(**sent), nulls, ["a", "b"])
    said = {name: value for name, value in sent.items() if value is not UNSET and value is not None}
    cleared = {name: None for name, value in sent.items() if value is None}
    clear = nulls == Nulls.CLEAR or (nulls == Nulls.CLEAR_UNLESS_ALL_SENT and UNSET in (a, b))
    assert found == (said | cleared if clear else said)


@pytest.mark.parametrize(
    ("sent", "clears"),
    [
        (Sent(a=None), True),
        (Sent(a=None, c=None), True),
        (Sent(a=None, b=None), False),  # all that the client knows as nullable: nobody meant them
        (Sent(a=None, b="x", c=None), False),
        (Sent(), True),
    ],
)
def test_an_object_with_every_nullable_key_was_filled_in_by_the_client(sent: Sent, clears: bool) -> None:
    assert Nulls.CLEAR_UNLESS_ALL_SENT.clear(sent, ["a", "b"]) is clears
