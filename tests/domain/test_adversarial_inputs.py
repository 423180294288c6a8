"""Parsers of callers' input, at the size limit of each and with what is worst for it: none takes more than linear time.

Each is a fraction of a second here. What backtracks takes minutes, so the bound is generous.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from largesse.dashboard.downloads import _cut, neutralise
from largesse.domain.contacts import EMAIL, LENGTH_MAX, SMS, contact_keys, mail_address
from largesse.domain.errors import LargesseError
from largesse.domain.formulas import LENGTH_MAX as FORMULA_MAX
from largesse.domain.formulas import parse_formula
from largesse.domain.metadata_schemas import _GEOPOINT, _IMAGE
from largesse.domain.users import check_email
from largesse.domain.validation_rules import check_logic
from largesse.domain.validity import check_duration
from largesse.wire.dates import parse_date, parse_date_time
from largesse.wire.faults import Fault
from largesse.wire.filters import _list
from largesse.wire.multipart import parse_multipart
from largesse.wire.parse import parse_json
from largesse.wire.tables import read_table

BOUND_S: Final = 10.0
MEGABYTE: Final = 1_000_000
PIECES: Final = (
    '"', "'", "(", "[", "{", "<", "@", "a", "1", " ", "\t", "-", ".", ",", ";", "\\", "%", "\n", '\\"', '"a', "a.", "1.",
    ";name=", ';name="', "'a',", '"",', "{{", "{%", "and ", "1 and ", "ü", "ü.", "()", "[]", "1+", "IF(", "is ", "PRODUCT_",
    "http://a.jpg", "https://", ".jpg?", "+49", "tel:", "mailto:", ";ext=", ";phone-context=", "Z", "T", "P1Y",
)  # fmt: skip


def longest(piece: str, size: int) -> list[str]:
    """The piece over and over; the same with a beginning that opens something, and with an end that fits nothing."""
    text = (piece * (size // len(piece) + 1))[:size]
    return [
        text,
        '"' + text[1:],
        "'" + text[:-2] + "!",
        "[" + text[:-2] + "]",
        "1" + text[:-2] + "\x00",
        "a@" + text[2:],
    ]


def quickly(parse: Callable[[str], Any], size: int, piece: str) -> None:
    begun = time.monotonic()
    for text in longest(piece, size):
        with contextlib.suppress(LargesseError, Fault):
            parse(text)
    assert time.monotonic() - begun < BOUND_S


@pytest.mark.parametrize(
    ("parse", "size"),
    [
        (parse_formula, FORMULA_MAX),
        (mail_address, LENGTH_MAX),
        (mail_address, MEGABYTE),
        (lambda text: contact_keys(EMAIL, text, "49"), LENGTH_MAX),
        (lambda text: contact_keys(SMS, text, "49"), LENGTH_MAX),
        (lambda text: contact_keys(SMS, text, None), LENGTH_MAX),
        (check_email, MEGABYTE // 10),
        (parse_date, MEGABYTE // 10),
        (parse_date_time, MEGABYTE // 10),
        (lambda text: check_duration(text, ".x"), MEGABYTE // 10),
        (lambda text: check_logic(text, {1, 2}), MEGABYTE // 10),
        (_list, MEGABYTE // 10),
        (_IMAGE.fullmatch, MEGABYTE // 10),
        (_GEOPOINT.fullmatch, MEGABYTE // 10),
        (lambda text: parse_json(text.encode(), dict[str, Any]), MEGABYTE // 4),
        (lambda text: parse_multipart(("--b\r\n" + text).encode(), "multipart/form-data; boundary=b"), MEGABYTE),
        (lambda text: parse_multipart(b"--b\r\n", "multipart/form-data; " + text), 8_000),
        (lambda text: read_table(("a,b\n" + text).encode()), MEGABYTE // 40),
        (lambda text: _cut(text.encode()), MEGABYTE // 4),
        (lambda text: neutralise(text.encode()), MEGABYTE // 4),
    ],
)
def test_no_text_takes_longer_than_linear_time(parse: Callable[[str], Any], size: int) -> None:
    for piece in PIECES:
        quickly(parse, size, piece)


def test_a_cell_of_many_lines_is_kept_together() -> None:
    row = b'a,"' + b"\n" * 200_000 + b'",b\n'
    begun = time.monotonic()
    assert _cut(row + b'c,"' + b"\n" * 200_000) == (row, b'c,"' + b"\n" * 200_000)
    assert _cut(b'"' + b"\n" * 400_000) == (b"", b'"' + b"\n" * 400_000)
    assert time.monotonic() - begun < BOUND_S
    assert _cut(b'a,"x\ny"\nb') == (b'a,"x\ny"\n', b"b")
    assert _cut(b"a\nb\n") == (b"a\nb\n", b"")
    assert _cut(b"") == (b"", b"")
