"""Files for people: what a spreadsheet would take for a formula is made a text. The API's files stay as they are."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final

_QUOTE: Final = b'"'
# A cell: quoted, with whatever is in the quotes, or bare. Line ends and commas stand between cells.
_CELL: Final = re.compile(rb'"(?:[^"]|"")*"|[^,"\r\n]+')
_SUSPECT: Final = re.compile(rb'(?:^|[,\r\n])"?[=+\-@\t]')
_NUMBER: Final = re.compile(rb"[+-]?\d+(?:\.\d+)?")


async def without_formulas(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same CSV with a `'` before every cell that begins like a formula. Numbers are numbers, also below zero."""
    rest = b""
    async for piece in pieces:
        whole, rest = _cut(rest + piece)
        if whole:
            yield await asyncio.to_thread(neutralise, whole)
    if rest:
        yield neutralise(rest)


def neutralise(rows: bytes) -> bytes:
    """Of whole rows."""
    return _CELL.sub(_defuse, rows) if _SUSPECT.search(rows) else rows


def _defuse(match: re.Match[bytes]) -> bytes:
    cell = match[0]
    text = cell[1:] if cell.startswith(_QUOTE) else cell
    if text[:1] not in (b"=", b"+", b"-", b"@", b"\t") or _NUMBER.fullmatch(text.removesuffix(_QUOTE)):
        return cell
    return _QUOTE + b"'" + text if cell.startswith(_QUOTE) else b"'" + cell


def _cut(content: bytes) -> tuple[bytes, bytes]:
    """Whole rows, and the beginning of the next: a line end within quotes ends no row. Each byte is looked at twice: a
    cell may hold a hundred thousand line ends.
    """
    inside = content.count(_QUOTE) % 2 == 1
    end = len(content)
    while (line_end := content.rfind(b"\n", 0, end)) >= 0:
        inside ^= content.count(_QUOTE, line_end, end) % 2 == 1
        if not inside:
            return content[: line_end + 1], content[line_end + 1 :]
        end = line_end
    return b"", content
