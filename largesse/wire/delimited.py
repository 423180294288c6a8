"""Delimited text as spreadsheets and CRMs write it: what it is encoded in, what stands between its cells, its records.

A record whose quotes don't fit is a fault of the line that it begins in; the next line begins a new one, so that one
stray quote doesn't take the rest of the file with it.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from largesse.domain.errors import InvalidPayload

CELL_LENGTH_MAX: Final = 131_072
RECORD_LINES_MAX: Final = 1_000
LOOKED_AT: Final = 20
"""Records that say what stands between cells."""
UNCLOSED: Final = "A quote is opened and never closed"
BEHIND: Final = "Text stands behind a closing quote"
ASTRAY: Final = "A quote is opened, and where it is closed the row doesn't fit the header"
_LINE: Final = re.compile(r"\r\n|\n|\r")
_CONTROL: Final = re.compile("[\\x00-\\x08\\x0e-\\x1f]")
_SEP: Final = re.compile(r"sep=(.)", re.IGNORECASE)
_QUOTE: Final = '"'


class Delimiter(StrEnum):
    """By name: in an address the characters themselves are easily lost."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"
    PIPE = "pipe"


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    WINDOWS_1252 = "windows-1252"
    ISO_8859_1 = "iso-8859-1"


CHARACTERS: Final = {Delimiter.COMMA: ",", Delimiter.SEMICOLON: ";", Delimiter.TAB: "\t", Delimiter.PIPE: "|"}


class Record(NamedTuple):
    """`line`: where it begins, from 1; `lines`: how many it takes. Of one with a fault `cells` are what can be told."""

    line: int
    cells: list[str]
    fault: str | None = None
    lines: int = 1


def decode(content: bytes, encoding: Encoding | None) -> str:
    """What isn't of the encoding becomes lone surrogates. Without an `encoding`: UTF-8 or UTF-16; or, where nothing but
    ASCII is UTF-8, what spreadsheets write on Windows.
    """
    if encoding is None:
        encoding = _guess_encoding(content)
    if encoding is Encoding.UTF_16:
        has_mark = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if has_mark else "utf-16-le", "replace")
    if encoding is Encoding.UTF_8:
        return content.decode("utf-8-sig", "surrogateescape")
    return content.decode("cp1252" if encoding is Encoding.WINDOWS_1252 else "latin-1", "surrogateescape")


def _guess_encoding(content: bytes) -> Encoding:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding.UTF_16
    text = content.decode("utf-8", "surrogateescape")
    if _CONTROL.search(text):  # no text at all
        return Encoding.UTF_8
    letters = {letter for letter in set(text) if letter > "\x7f"}
    broken = {letter for letter in letters if "\udc80" <= letter <= "\udcff"}
    return Encoding.WINDOWS_1252 if broken and broken == letters else Encoding.UTF_8


def split(text: str, delimiter: Delimiter | None) -> tuple[str, int, list[str]]:
    """The delimiter, the lines before the header, and all lines. A first line `sep=;` says it, as spreadsheets do.

    Raises InvalidPayload for one that can't be.
    """
    lines = _LINE.split(text)
    if lines and not lines[-1]:
        del lines[-1]
    said = _SEP.fullmatch(lines[0].strip('\ufeff "')) if lines else None
    if said is not None and said[1] not in CHARACTERS.values():
        raise InvalidPayload(f"Line 1 of the file says sep={said[1]}: cells must be parted by , ; a tab or |")
    if delimiter is not None:
        return CHARACTERS[delimiter], 0 if said is None else 1, lines
    if said is not None:
        return said[1], 1, lines
    return _guess_delimiter(lines), 0, lines


def _guess_delimiter(lines: list[str]) -> str:
    """The one that parts the header, and the records behind it the same way; of equals the comma."""

    def worth(character: str) -> tuple[bool, int, int]:
        widths = []
        for record in records(lines, character):
            if any(record.cells):
                widths.append(len(record.cells))
            if len(widths) > LOOKED_AT:
                break
        if not widths or widths[0] == 1:
            return False, 0, 0
        return True, Counter(widths)[widths[0]], widths[0]

    return max(CHARACTERS.values(), key=worth)


def records(lines: list[str], delimiter: str, start: int = 0) -> Iterator[Record]:
    """The first one is the header: a quote that takes several lines into a cell, and then gives the row another width,
    wasn't meant to.
    """
    at, width = start, 0
    while at < len(lines):
        line = lines[at]
        if _QUOTE not in line:
            cells = line.split(delimiter)
            width = width or len(cells)
            yield Record(at + 1, cells)
            at += 1
            continue
        cells, used, fault = _quoted(lines, at, delimiter)
        width = width or len(cells)
        if fault is None and used > 1 and len(cells) != width:
            fault = ASTRAY
        record = Record(at + 1, line.split(delimiter), fault) if fault else Record(at + 1, cells, lines=used)
        yield record
        at += record.lines


def _quoted(lines: list[str], at: int, delimiter: str) -> tuple[list[str], int, str | None]:
    """The cells, how many lines they take, and what is wrong."""
    cells: list[str] = []
    text, used, place = lines[at], 1, 0
    while True:
        if not text.startswith(_QUOTE, place):
            end = text.find(delimiter, place)
            if end < 0:
                cells.append(text[place:])
                return cells, used, None
            cells.append(text[place:end])
            place = end + 1
            continue
        parts: list[str] = []
        place += 1
        length = 0
        while True:
            end = text.find(_QUOTE, place)
            if end < 0:
                length += len(text) - place
                if at + used >= len(lines) or used >= RECORD_LINES_MAX or length > CELL_LENGTH_MAX:
                    return cells, used, UNCLOSED
                parts.append(text[place:] + "\n")
                text, used, place = lines[at + used], used + 1, 0
            elif text.startswith(_QUOTE, end + 1):
                parts.append(text[place : end + 1])
                place = end + 2
            else:
                parts.append(text[place:end])
                place = end + 1
                break
        cells.append("".join(parts))
        end = text.find(delimiter, place)
        if text[place : len(text) if end < 0 else end].strip():
            return cells, used, BEHIND
        if end < 0:
            return cells, used, None
        place = end + 1
