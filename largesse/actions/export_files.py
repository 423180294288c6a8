"""Writes the file of an export: one reading of the database, whose moment is the file's, into pieces in it.

The pieces are transactions of their own. They count only when the last of them is there and no other attempt has begun
meanwhile, so a worker that is killed, or was taken for dead, leaves nothing that anybody sees.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import asyncpg

from largesse.actions.exports import fail_export, narrowing_of
from largesse.actions.scope import Scope
from largesse.domain.exports import CSV, FILE, JSONL, METADATA, OBJECTS, Export, MetadataColumns
from largesse.store import exports as store
from largesse.store.exports import Rows, TookTooLong
from largesse.wire.export_files import File, PlainFile, WithAddresses, make_file

PIECE_BYTES: Final = 1_048_576
METADATA_COLUMNS_MAX: Final = 200
"""Metadata keys with a column each; what others hold stands in one column more, as JSON."""

PICTURES: Final = frozenset({"qr_code", "bar_code"})
MARK_BYTES: Final = 16

FAILURE_LENGTH_MAX: Final = 500
_HOPELESS: Final = (asyncpg.DataError, TookTooLong, ImportError)
"""Another try would end the same way."""


class Interrupted(Exception):
    """The file can't be finished here: the worker stops, or another one has begun it anew."""


class Units(Protocol):
    """Transactions of the job's project. `snapshot`: it only reads, and sees one moment."""

    def __call__(self, *, snapshot: bool = False) -> AbstractAsyncContextManager[Scope]: ...


class _Pieces:
    """Gathers a file's bytes and saves them piece by piece."""

    def __init__(self, units: Units, id: str, attempt: int, stopping: Callable[[], bool]) -> None:
        self._units = units
        self._id = id
        self._attempt = attempt
        self._stopping = stopping
        self._file: File = PlainFile(b"")
        self._lines = bytearray()
        self._head = b""
        self._saving: asyncio.Task[None] | None = None
        self.interrupted = False
        self.pieces = 0
        self.bytes_count = 0

    def begin(self, file: File) -> None:
        self._file = file
        self._head = file.head()

    async def take(self, lines: bytes) -> None:
        """Whole lines. Raises Interrupted."""
        self._lines += lines
        if len(self._lines) >= PIECE_BYTES:
            part = self._part()
            await self._saved()
            self._saving = asyncio.create_task(self._save(part))  # while the next one is read

    async def close(self) -> None:
        """The last piece. Raises Interrupted."""
        await self._saved()
        await self._save(self._part() + self._file.end())

    async def abandon(self) -> None:
        """Leave nothing behind that still works."""
        with contextlib.suppress(Exception):
            await self._saved()

    async def _saved(self) -> None:
        saving, self._saving = self._saving, None
        if saving is not None:
            await saving

    def _part(self) -> bytes:
        head, self._head = self._head, b""
        part = self._file.part(bytes(self._lines)) if self._lines else b""
        self._lines.clear()
        return head + part

    async def _save(self, content: bytes) -> None:
        async with self._units() as scope:
            self.interrupted = self._stopping() or not await store.save_piece(
                scope.connection, scope.project.id, self._id, self._attempt, self.pieces, content
            )
        if self.interrupted:
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
    written = _Pieces(units, id, attempt, stopping)
    try:
        rows = await _write(units, export, written)
    except Exception as error:
        await written.abandon()
        if written.interrupted:  # whatever came of the reading that was cut short
            raise Interrupted from None
        hopeless = _hopeless(error)
        if hopeless is None:
            raise
        async with units() as scope:
            await fail_export(scope, id, f"{type(hopeless).__name__}: {hopeless}"[:FAILURE_LENGTH_MAX])
        return
    async with units() as scope:
        counts = {"pieces": written.pieces, "bytes_count": written.bytes_count, "rows": rows}
        if not await store.finish_file(scope.connection, scope.project.id, id, attempt, **counts):
            raise Interrupted


def _hopeless(error: BaseException | None) -> BaseException | None:
    """What ended the reading for good. A COPY that was cut short can lose its connection too: then the transaction's
    end fails in its turn, as if the database had gone away, and what came first stands behind that.
    """
    while error is not None and not isinstance(error, _HOPELESS):
        error = error.__cause__ or error.__context__
    return error


async def _write(units: Units, export: Export, written: _Pieces) -> int:
    """Returns how many rows there are. Raises Interrupted."""
    exported = OBJECTS[export.exported_object]
    fields: list[str] = export.parameters["fields"]
    rows = Rows(
        export.exported_object,
        fields,
        narrowing_of(export),
        export.parameters["order"],
        export.id if export.publishes else None,
        secrets.token_hex(MARK_BYTES),
    )
    by_key = METADATA in fields and export.format == CSV
    async with units(snapshot=True) as reader:
        connection, project = reader.connection, reader.project
        keys = await store.metadata_keys(connection, project, rows, METADATA_COLUMNS_MAX + 1) if by_key else []
        columns = MetadataColumns(keys[:METADATA_COLUMNS_MAX], with_rest=len(keys) > METADATA_COLUMNS_MAX)
        file = make_file(exported, export.format, fields, columns)
        if PICTURES & set(fields):
            assert reader.assets is not None, "a worker without the installation's key can't write addresses"
            file = WithAddresses(file, rows.mark, reader.assets)
        written.begin(file)
        count = await store.copy_rows(
            connection,
            project,
            rows,
            written.take,
            metadata=columns if by_key else None,
            as_json=export.format == JSONL,
        )
    await written.close()
    return count
