"""Delimited text against the csv module, which writes it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidPayload
from largesse.wire.delimited import CHARACTERS, Delimiter, Encoding, decode, records, split

CELLS = st.text(alphabet=st.sampled_from('ab,;|\t" \n'), max_size=6)
WIDTH = 3


@given(st.sampled_from(Delimiter), st.lists(st.lists(CELLS, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=6))
def test_what_a_program_wrote_is_read_back(delimiter: Delimiter, rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=CHARACTERS[delimiter], lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    character, start, lines = split(out.getvalue(), delimiter)
    assert (character, start) == (CHARACTERS[delimiter], 0)
    found = list(records(lines, character))
    assert [record.cells for record in found] == rows
    assert [record.fault for record in found] == [None] * len(rows)
    assert sum(record.lines for record in found) == len(lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2", ","),
        ("a;b\n1;2", ";"),
        ("a\tb\n1\t2", "\t"),
        ("a|b\n1|2", "|"),
        ("a;b\n1,5;2,5\n1,5;2,5", ";"),  # a comma of decimals
        ("a,b;c\n1,2;3", ","),  # of equals the comma
        ("a\n1;2", ","),  # the header is parted by nothing
        ("", ","),
        ('"a;b",c\n1,2', ","),
    ],
)
def test_the_delimiter_is_the_one_that_parts_the_header_and_the_rows_alike(text: str, expected: str) -> None:
    assert split(text, None)[0] == expected


@pytest.mark.parametrize(
    ("text", "said"), [("sep=;\na,b", ";"), ("SEP=|\na,b", "|"), ("\ufeffsep=\t\na,b", "\t"), ('"sep=;"\na,b', ";")]
)
def test_a_first_line_may_say_the_delimiter(text: str, said: str) -> None:
    assert split(text, None)[:2] == (said, 1)
    assert split(text, Delimiter.COMMA)[:2] == (",", 1)  # asked for otherwise: the line is no row all the same


def test_a_delimiter_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="says sep=#"):
        split("sep=#\na#b", None)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("zażółć".encode(), "zażółć"),
        ("\ufeffzażółć".encode(), "zażółć"),
        ("zażółć".encode("utf-16"), "zażółć"),
        ("\ufeffż".encode("utf-16-be"), "ż"),
        ("naïve – €".encode("cp1252"), "naïve – €"),
        (b"plain", "plain"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(content: bytes, text: str) -> None:
    assert decode(content, None) == text


def test_one_broken_letter_among_those_of_utf_8_is_broken_and_changes_no_other() -> None:
    assert decode("ż".encode() + b"\xff", None) == "ż\udcff"


def test_an_encoding_that_was_said_is_not_guessed() -> None:
    assert decode("ż".encode(), Encoding.ISO_8859_1) == "\u00c5\u00bc"
    assert decode("ab".encode("utf-16-le"), Encoding.UTF_16) == "ab"
