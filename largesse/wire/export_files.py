"""Files of exports: CSV as RFC 4180 has it, JSON lines, Parquet (docs/semantics/export.md).

Cells are left as they are, also those that a spreadsheet would take for a formula: this is data for programs.
"""

import csv
import importlib.util
import io
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from largesse.domain.exports import BARCODE, CSV, METADATA, PARQUET, QR, Exported, MetadataColumns, heading
from largesse.wire.assets import AssetUrls

PARQUET_MODULE: Final = "pyarrow"


class File(Protocol):
    """Turns what the database sends, whole lines at a time, into a file."""

    def head(self) -> bytes: ...
    def part(self, lines: bytes) -> bytes: ...
    def end(self) -> bytes: ...


class PlainFile:
    """The lines as they come, behind a first one."""

    def __init__(self, first_line: bytes) -> None:
        self._first_line = first_line

    def head(self) -> bytes:
        return self._first_line

    def part(self, lines: bytes) -> bytes:
        return lines

    def end(self) -> bytes:
        return b""


class WithAddresses:
    """A file in whose lines addresses of pictures take the place of marks: one of letters and digits that no cell has,
    which of the pictures, and a voucher's id. Nothing in an address has to be quoted, in CSV or in JSON.
    """

    def __init__(self, file: File, mark: str, assets: AssetUrls) -> None:
        self._file = file
        self._marked = re.compile(rf"{mark}([{QR}{BARCODE}])(\w+)".encode())
        self._assets = assets

    def head(self) -> bytes:
        return self._file.head()

    def part(self, lines: bytes) -> bytes:
        return self._file.part(self._marked.sub(self._address, lines))

    def end(self) -> bytes:
        return self._file.end()

    def _address(self, match: re.Match[bytes]) -> bytes:
        url: str = self._assets(match[2].decode())["qr" if match[1].decode() == QR else "barcode"]["url"]
        return url.encode()


class _Outlet(io.RawIOBase):
    """A file that can only be appended to, and gives away what it was given: Parquet needs to know where it is."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._position += len(self._parts[-1])
        return len(self._parts[-1])

    def taken(self) -> bytes:
        made, self._parts = b"".join(self._parts), []
        return made


class ParquetFile:
    """A row group for each part."""

    def __init__(self, exported: Exported, fields: Sequence[str]) -> None:
        import pyarrow as pa  # noqa: PLC0415  # an extra
        from pyarrow import csv as reader  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        types = {"text": pa.string(), "number": pa.decimal128(20, 4), "integer": pa.int64(), "boolean": pa.bool_()}
        schema = pa.schema([(field, types[exported.fields[field]]) for field in fields])
        self._reader: Any = reader
        self._options = {
            "read_options": reader.ReadOptions(column_names=list(fields)),
            "parse_options": reader.ParseOptions(newlines_in_values=True),
            "convert_options": reader.ConvertOptions(
                column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
            ),
        }
        self._out = _Outlet()
        self._writer: Any = parquet.ParquetWriter(self._out, schema)

    def head(self) -> bytes:
        return b""

    def part(self, lines: bytes) -> bytes:
        self._writer.write_table(self._reader.read_csv(io.BytesIO(lines), **self._options))
        return self._out.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._out.taken()


def has_parquet() -> bool:
    """Whether `pip install largesse[parquet]` was done."""
    return importlib.util.find_spec(PARQUET_MODULE) is not None


def make_file(exported: Exported, format_: str, fields: Sequence[str], metadata: MetadataColumns) -> File:
    """`metadata`: the columns of a CSV. Raises ImportError for Parquet without its extra."""
    if format_ == PARQUET:
        return ParquetFile(exported, fields)
    if format_ != CSV:
        return PlainFile(b"")
    headings: list[str] = []
    for field in fields:
        if field == METADATA:
            headings += [*metadata.keys, *([heading(METADATA)] if metadata.with_rest else [])]
        else:
            headings.append(heading(field))
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(headings)
    return PlainFile(line.getvalue().encode())
