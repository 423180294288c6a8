"""Files for people: cells that a spreadsheet would run are texts; everything else is as it was."""

import csv
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.dashboard.downloads import neutralise, without_formulas

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("-5.00", "-5.00"),
        ("+7", "+7"),
        ("plain", "plain"),
        ("a,b\n=c", "a,b\n=c"),
        ("=a,b", "'=a,b"),
    ],
)
def test_a_cell_that_begins_like_a_formula_is_a_text(cell: str, safe: str) -> None:
    assert read(neutralise(written([[cell, "x"]]))) == [[safe, "x"]]


def written(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@given(st.lists(st.lists(CELL, min_size=2, max_size=3), min_size=1, max_size=5), st.integers(1, 7))
async def test_wherever_the_file_is_cut_only_formulas_change(rows: list[list[str]], size: int) -> None:
    content = written(rows)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    got = read(b"".join([piece async for piece in without_formulas(pieces())]))
    for before, after in zip(rows, got, strict=True):
        for cell, safe in zip(before, after, strict=True):
            assert safe in (cell, f"'{cell}")
            assert safe[:1] not in ("=", "@", "\t")
