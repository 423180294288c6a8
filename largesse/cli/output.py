"""What a command prints: one JSON object for machines, sentences and tables for people."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


def print_json(found: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned, one line a row, nothing cut off: ids are there to be copied, and lines to be piped."""
    lines = [list(columns), *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        shown = "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        sys.stdout.write(shown.rstrip() + "\n")


def print_fields(fields: Mapping[str, object]) -> None:
    """Name and value, aligned; plain enough to copy a value with the mouse."""
    width = max(map(len, fields))
    for name, value in fields.items():
        sys.stdout.write(f"{name:<{width}}  {value}\n")
