"""Objects in a query string, in every way that clients write them."""

from urllib.parse import urlencode

import pytest

from largesse.domain.errors import InvalidQueryParams
from largesse.wire.lists import Query
from largesse.wire.objects import read_object


def read(text: str) -> object:
    query = Query.parse(text.encode())
    found = read_object(query, "m")
    query.check()
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("other=1&m2[a]=1&mm=1", None),
        ("m=plain", "plain"),
        ("m[a]=1", {"a": "1"}),
        ("m%5Ba%5D%5Bb%5D=9&m[a][c]=d+e", {"a": {"b": "9", "c": "d e"}}),
        ("m[a]=1&m[a]=2", {"a": "2"}),
        ("m[a][]=x&m[a][]=y", {"a": ["x", "y"]}),
        ("m[a][0]=x&m[a][1][b]=y", {"a": ["x", {"b": "y"}]}),
        ("m[a][5]=x", {"a": {"5": "x"}}),
        ("m[0]=x", {"0": "x"}),
        (urlencode({"m": '{"a": {"b": [1, true, null]}}'}), {"a": {"b": [1, True, None]}}),
        ("m[__class__]=x", {"__class__": "x"}),
    ],
)
def test_an_object_is_read_from(text: str, found: object) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    "text",
    ["m=a&m[b]=c", "m[a]=1&m[a][b]=2", "m[a][b]=2&m[a]=1", "m[][a]=1", "m={", "m={'a': 1}", "m" + "[a]" * 100 + "=x"],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidQueryParams):
        read(text)


def test_five_thousand_brackets_are_refused_and_harm_nobody() -> None:
    with pytest.raises(InvalidQueryParams):
        read("m" + "[a]" * 5000 + "=x")
