"""The first line of a file, and addresses in place of marks."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.exports import OBJECTS, VOUCHER, MetadataColumns
from largesse.wire.export_files import File, PlainFile, WithAddresses, make_file

NOTHING = MetadataColumns(keys=[], with_rest=True)


def first_line(fields: list[str], metadata: MetadataColumns = NOTHING) -> list[str]:
    text = make_file(OBJECTS[VOUCHER], "CSV", fields, metadata).head().decode()
    (row,) = csv.reader(io.StringIO(text, newline=""))
    return row


def test_the_first_line_has_the_headings_in_the_order_of_the_fields() -> None:
    assert first_line(["campaign_id", "code"]) == ["Campaign ID", "Code"]


@pytest.mark.parametrize(
    ("metadata", "headings"),
    [
        (MetadataColumns(keys=["b", "a"], with_rest=True), ["Code", "b", "a", "Metadata", "Value"]),
        (MetadataColumns(keys=["b", "a"], with_rest=False), ["Code", "b", "a", "Value"]),
        (MetadataColumns(keys=[], with_rest=True), ["Code", "Metadata", "Value"]),
        (MetadataColumns(keys=[], with_rest=False), ["Code", "Value"]),
    ],
)
def test_metadata_has_a_column_for_each_key_and_one_for_the_rest(
    metadata: MetadataColumns, headings: list[str]
) -> None:
    assert first_line(["code", "metadata", "value"], metadata) == headings


@given(st.lists(st.text(min_size=1).filter(lambda key: "\r" not in key and "\x00" not in key), min_size=1, max_size=4))
def test_no_key_breaks_the_first_line(keys: list[str]) -> None:
    keys = [key.encode("utf-8", "replace").decode() for key in keys]
    assert first_line(["metadata"], MetadataColumns(keys=keys, with_rest=False)) == keys


def test_lines_of_json_have_no_first_one() -> None:
    file = make_file(OBJECTS[VOUCHER], "JSONL", ["code"], NOTHING)
    assert (file.head(), file.part(b"{}\n"), file.end()) == (b"", b"{}\n", b"")


def addressed(mark: str = "abc123") -> File:
    def urls(id: str) -> dict[str, Any]:
        return {"qr": {"url": f"https://x/q/{id}"}, "barcode": {"url": f"https://x/b/{id}"}}

    return WithAddresses(PlainFile(b"head\n"), mark, urls)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"A,abc123qv_1,abc123bv_1\nB,abc123qv_2,\n", b"A,https://x/q/v_1,https://x/b/v_1\nB,https://x/q/v_2,\n"),
        (b'{"qr_code":"abc123qv_1"}\n', b'{"qr_code":"https://x/q/v_1"}\n'),
        (b"abc123,abc123x\n", b"abc123,abc123x\n"),
        (b"", b""),
    ],
)
def test_marks_become_addresses_and_all_else_stays(lines: bytes, expected: bytes) -> None:
    file = addressed()
    assert (file.head(), file.part(lines), file.end()) == (b"head\n", expected, b"")
