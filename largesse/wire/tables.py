"""CSV files that people upload: a header line, then rows (spec customers §5, vouchers-and-campaigns §5.7)."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from largesse.domain.errors import InvalidPayload

COLUMNS_MAX: Final = 200
CELL_LENGTH_MAX: Final = 131_072
NOT_UTF8: Final = "The row is not UTF-8"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_AMOUNT: Final = re.compile(r"\d{1,13}(?:\.\d{1,2})?", re.ASCII)
_INTEGER: Final = re.compile(r"\d{1,15}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,13}(?:\.\d{1,6})?", re.ASCII)


class Table(NamedTuple):
    """`rows`: {"row", "cells"} each, or {"row", "fault"} for one that can't be read. `row` counts from 1, the header
    apart, empty lines not counted.
    """

    columns: list[str]
    rows: list[dict[str, Any]]


def read_table(content: bytes, required: str | None = None) -> Table:
    """Reads UTF-8, with or without a byte order mark, and UTF-16 with one. A file that is partly something else loses
    only the rows that are.

    Raises InvalidPayload when there is no header, a column twice, or not the `required` one.
    """
    # newline="": a line break within quotes is part of the cell.
    reader = csv.reader(io.StringIO(_decode(content), newline=""))
    try:
        header = [name.strip() for name in next(reader, [])]
        columns = _checked(header, required)
        rows = [_row(number, cells, len(columns)) for number, cells in enumerate(filter(any, reader), start=1)]
    except csv.Error as error:
        raise InvalidPayload(f"The file cannot be read as CSV: {error}") from error
    return Table(columns, rows)


def _decode(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "surrogateescape")


def _checked(header: list[str], required: str | None) -> list[str]:
    if not any(header):
        raise InvalidPayload("The file must have a header line")
    if len(header) > COLUMNS_MAX:
        raise InvalidPayload(f"The file must not have more than {COLUMNS_MAX} columns")
    if any(_fault(name) for name in header):
        raise InvalidPayload("The names of the columns must be UTF-8")
    names = [canonical(name) for name in header if name]
    if len(set(names)) != len(names):
        raise InvalidPayload("The file must not have two columns of one name")
    if required is not None and required not in names:
        raise InvalidPayload(f"The file must have a column '{required.title()}'")
    return header


def _row(number: int, cells: list[str], width: int) -> dict[str, Any]:
    fault = _fault("".join(cells))
    if fault is None and len(cells) != width:
        fault = f"The row has {len(cells)} cells, the header {width}"
    return {"row": number, "cells": cells} if fault is None else {"row": number, "fault": fault}


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
