"""CSV files that people upload: a header line, then rows."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from largesse.domain.errors import InvalidPayload
from largesse.wire import delimited
from largesse.wire.delimited import Delimiter, Encoding, Record

COLUMNS_MAX: Final = 200
NAME_LENGTH_MAX: Final = 100
NOT_UTF8: Final = "The row is not UTF-8"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_AMOUNT: Final = re.compile(r"\d{1,13}(?:\.\d{1,2})?", re.ASCII)
_INTEGER: Final = re.compile(r"\d{1,15}", re.ASCII)
_CONTROL: Final = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f]")
_ROUNDED: Final = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}", re.IGNORECASE | re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,13}(?:\.\d{1,6})?", re.ASCII)


class Table(NamedTuple):
    """`rows`: {"row", "line", "cells"} each, or {"row", "line", "said", "fault"} for one that can't be read.

    `row` counts from 1, the header apart, empty lines not counted; these are `empty`. `line` is the file's.
    """

    columns: list[str]
    rows: list[dict[str, Any]]
    empty: int = 0
    delimiter: str = ","


def read_table(
    content: bytes,
    required: str | None = None,
    *,
    delimiter: Delimiter | None = None,
    encoding: Encoding | None = None,
) -> Table:
    """Reads what spreadsheets write; `delimiter` and `encoding` are guessed unless they are given. A file that is
    partly something else loses only the rows that are.

    Raises InvalidPayload when there is no header, a column twice, or not the `required` one.
    """
    character, start, lines = delimited.split(delimited.decode(content, encoding), delimiter)
    found = delimited.records(lines, character, start)
    first = next(found, None)
    if first is not None and first.fault is not None:
        raise InvalidPayload(f"The header in line {first.line} of the file cannot be read: {first.fault}")
    header = [name.strip() for name in (first.cells if first else [])]
    columns = _checked(header, required)
    rows: list[dict[str, Any]] = []
    empty = 0
    for record in found:
        if record.fault is None and not any(map(str.strip, record.cells)):
            empty += record.lines
            continue
        rows.append(_row(len(rows) + 1, record, len(columns)))
    return Table(columns, rows, empty, character)


def _checked(header: list[str], required: str | None) -> list[str]:
    if not any(header):
        raise InvalidPayload("The file must have a header line")
    if len(header) > COLUMNS_MAX:
        raise InvalidPayload(f"The file must not have more than {COLUMNS_MAX} columns")
    if any(_fault(name) or _CONTROL.search(name) for name in header):
        raise InvalidPayload("The names of the columns must be text, in UTF-8 unless the encoding is named")
    names = [canonical(name) for name in header if name]
    if len(set(names)) != len(names):
        raise InvalidPayload("The file must not have two columns of one name")
    if required is not None and required not in names:
        raise InvalidPayload(f"The file must have a column '{required.title()}'")
    return header


def _row(number: int, record: Record, width: int) -> dict[str, Any]:
    fault = f"Line {record.line}: {record.fault}" if record.fault else _fault("".join(record.cells))
    if fault is None and len(record.cells) != width:
        fault = f"The row has {len(record.cells)} cells, the header {width}"
    row: dict[str, Any] = {"row": number, "line": record.line}
    if fault is None:
        return row | {"cells": record.cells}
    return row | {"said": [_shown(cell) for cell in record.cells[:COLUMNS_MAX]], "fault": fault}


def _shown(cell: str) -> str:
    """As much of a cell as names the row, whatever it holds."""
    return cell[:NAME_LENGTH_MAX].encode("utf-8", "replace").decode().replace("\x00", "?").strip().strip('"').strip()


def name_of(columns: Sequence[str], row: dict[str, Any], *names: str) -> str | None:
    """What a row says in the first of the columns `names` in which it says something; also one that can't be read."""
    cells = row.get("cells", row.get("said", ()))
    said = {canonical(column): cell.strip() for column, cell in zip(columns, cells, strict=False)}
    return next((said[name][:NAME_LENGTH_MAX] for name in names if said.get(name)), None)


def spoiled(columns: Sequence[str], rows: Sequence[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Warnings of codes and numbers that a spreadsheet has rounded: what they were can't be said any more."""
    places = [place for place, column in enumerate(columns) if canonical(column) in names]
    return [
        {"row": row["row"], "line": row["line"], "column": columns[place], "value": cell}
        for row in rows
        if "cells" in row
        for place in places
        if _ROUNDED.fullmatch(cell := row["cells"][place].strip())
    ]


def _fault(text: str) -> str | None:
    if _SURROGATE.search(text):
        return NOT_UTF8
    return "The row has NUL characters" if "\x00" in text else None


def canonical(name: str) -> str:
    """A column's name as it is compared: `Voucher Type`, `voucher_type` and `VOUCHER TYPE` are one."""
    return " ".join(name.replace("_", " ").lower().split())


def cells_by_column(
    columns: Sequence[str], known: frozenset[str], cells: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The cells of `known` columns by canonical name, and all others by name as sent: metadata.

    Empty cells say nothing.
    """
    mapped: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=True):
        text = cell.strip()
        if not text or not column:
            continue
        if (name := canonical(column)) in known:
            mapped[name] = text
        else:
            metadata[column] = text
    return mapped, metadata


def boolean(cell: str | None, column: str) -> bool | None:
    """TRUE or FALSE in any letter case. Raises InvalidPayload."""
    if cell is None:
        return None
    if cell.lower() not in {"true", "false"}:
        raise InvalidPayload(f"{column} must be TRUE or FALSE")
    return cell.lower() == "true"


def hundredths(cell: str | None, column: str) -> int | None:
    """An amount of money in major units, `10` or `10.50`, as hundredths. Raises InvalidPayload."""
    if cell is None:
        return None
    if not _AMOUNT.fullmatch(cell):
        raise InvalidPayload(f"{column} must be an amount with at most two decimals, like 10.50")
    return int(Decimal(cell) * 100)


def whole(cell: str | None, column: str) -> int | None:
    if cell is None:
        return None
    if not _INTEGER.fullmatch(cell):
        raise InvalidPayload(f"{column} must be a whole number")
    return int(cell)


def number(cell: str | None, column: str) -> int | float | None:
    if cell is None:
        return None
    if not _NUMBER.fullmatch(cell):
        raise InvalidPayload(f"{column} must be a number")
    return float(cell) if "." in cell else int(cell)
