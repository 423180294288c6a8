"""Writes the file of an export: one reading of the database, whose moment is the file's, into pieces in it.

The pieces are transactions of their own. They count only when the last of them is there and no other attempt has begun
meanwhile, so a worker that is killed, or was taken for dead, leaves nothing that anybody sees.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import asyncpg

from largesse.actions.exports import fail_export, narrowing_of
from largesse.actions.scope import Scope
from largesse.domain.exports import CSV, FILE, JSONL, METADATA, OBJECTS, Export
from largesse.store import exports as store
from largesse.store.exports import Rows
from largesse.wire.export_files import File, make_file

PIECE_BYTES: Final = 1_048_576
METADATA_COLUMNS_MAX: Final = 200
"""Metadata keys with a column each; what others hold stands in one column more, as JSON."""


class Interrupted(Exception):
    """The file can't be finished here: the worker stops, or another one has begun it anew."""


class Units(Protocol):
    """Transactions of the job's project. `snapshot`: it only reads, and sees one moment."""

    def __call__(self, *, snapshot: bool = False) -> AbstractAsyncContextManager[Scope]: ...


class _Pieces:
    """Gathers a file's bytes and saves them piece by piece."""

    def __init__(self, units: Units, file: File, id: str, attempt: int, stopping: Callable[[], bool]) -> None:
        self._units = units
        self._file = file
        self._id = id
        self._attempt = attempt
        self._stopping = stopping
        self._lines = bytearray()
        self._begun = False
        self.pieces = 0
        self.bytes_count = 0

    async def take(self, lines: bytes) -> None:
        """Whole lines. Raises Interrupted."""
        self._lines += lines
        if len(self._lines) >= PIECE_BYTES:
            await self._save(self._part())

    async def close(self) -> None:
        await self._save(self._part() + self._file.end())

    def _part(self) -> bytes:
        head = b"" if self._begun else self._file.head()
        self._begun = True
        part = self._file.part(bytes(self._lines)) if self._lines else b""
        self._lines.clear()
        return head + part

    async def _save(self, content: bytes) -> None:
        if self._stopping():
            raise Interrupted
        async with self._units() as scope:
            if not await store.save_piece(
                scope.connection, scope.project.id, self._id, self._attempt, self.pieces, content
            ):
                raise Interrupted
        self.pieces += 1
        self.bytes_count += len(content)


async def write_file(units: Units, id: str, stopping: Callable[[], bool]) -> None:
    """The whole file, if it is the file's turn. Raises Interrupted."""
    async with units() as scope:
        export = await store.get_export(scope.connection, scope.project.id, id)
        if export is None or export.phase != FILE:
            return
        attempt = await store.begin_file(scope.connection, scope.project.id, id)
    if attempt is None:
        return
    try:
        written, rows = await _write(units, export, attempt, stopping)
    except (asyncpg.DataError, asyncpg.QueryCanceledError, ImportError) as error:
        # Another try would end the same way.
        async with units() as scope:
            await fail_export(scope, id, f"{type(error).__name__}: {error}"[:500])
        return
    async with units() as scope:
        counts = {"pieces": written.pieces, "bytes_count": written.bytes_count, "rows": rows}
        if not await store.finish_file(scope.connection, scope.project.id, id, attempt, **counts):
            raise Interrupted


async def _write(units: Units, export: Export, attempt: int, stopping: Callable[[], bool]) -> tuple[_Pieces, int]:
    exported = OBJECTS[export.exported_object]
    fields: list[str] = export.parameters["fields"]
    rows = Rows(
        export.exported_object,
        fields,
        narrowing_of(export),
        export.parameters["order"],
        export.id if export.publishes else None,
    )
    async with units(snapshot=True) as reader:
        keys: list[str] = []
        by_key = METADATA in fields and export.format == CSV
        if by_key:
            limit = METADATA_COLUMNS_MAX + 1
            keys = await store.metadata_keys(reader.connection, reader.project, rows, limit)
        with_rest = len(keys) > METADATA_COLUMNS_MAX
        keys = keys[:METADATA_COLUMNS_MAX]
        file = make_file(exported, export.format, fields, keys, with_rest=with_rest)
        written = _Pieces(units, file, export.id, attempt, stopping)
        count = await store.copy_rows(
            reader.connection,
            reader.project,
            rows,
            written.take,
            metadata_columns=keys if by_key else None,
            with_rest=with_rest,
            as_json=export.format == JSONL,
        )
    await written.close()
    return written, count
