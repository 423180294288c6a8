from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidPayload, MissingParameters
from largesse.wire.tokens import parse_form, render_introspection, sent_token


@given(st.dictionaries(st.text(), st.text(), max_size=20))
def test_a_form_comes_back_as_it_was_written(fields: dict[str, str]) -> None:
    assert parse_form(urlencode(fields).encode()) == fields


def test_of_a_field_given_twice_the_last_counts() -> None:
    assert parse_form(b"a=1&a=2&b=") == {"a": "2", "b": ""}


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", b"&".join(b"a=1" for _ in range(21)), "ü=1".encode()])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload, match="at most 20 fields in UTF-8"):
        parse_form(body)


@given(st.binary())
def test_any_bytes_are_a_form_or_refused(body: bytes) -> None:
    try:
        parse_form(body)
    except InvalidPayload:
        return


@pytest.mark.parametrize("body", [b"", b"access_token=", b"token=x"])
def test_a_token_has_to_be_sent(body: bytes) -> None:
    with pytest.raises(MissingParameters):
        sent_token(body)
    assert sent_token(b"access_token=x%20y") == "x y"


def test_of_a_dead_token_nothing_is_said_but_that() -> None:
    assert render_introspection("x", None) == {"active": False}
