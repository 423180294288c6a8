"""Exports in the database: their rows, their files in pieces, what they read and the vouchers that they publish."""

import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import asyncpg

from largesse.domain.exports import (
    CUSTOMER,
    METADATA,
    OBJECTS,
    PUBLICATION,
    TRANSACTION,
    VOUCHER,
    Export,
    MetadataColumns,
)
from largesse.domain.filters import Kind
from largesse.domain.projects import Project
from largesse.store import customers, publications, vouchers
from largesse.store.connection import Connection
from largesse.store.export_columns import COLUMNS
from largesse.store.filters import FieldSql
from largesse.store.lists import ListSql, Narrowing, both_ways, fetch_limited
from largesse.store.projects import lock_project
from largesse.store.sql import load

SQL: Final = load("exports")
COPY_S_MAX: Final = 3_600.0
"""How long reading one export may take."""
HOLD_S_MAX: Final = 600.0
"""How long looking for the next vouchers to hold may take: they may be the last ones of a large table."""
LIST: Final = ListSql(
    table="exports",
    page=SQL["list_exports"],
    count=SQL["count_exports"],
    filters={},
    orders=both_ways({"created_at": "e.created_at", "status": "e.status"}, "e.id", set_always=("created_at", "status")),
    fields={},
)
# What can be filtered and sorted is what the lists can, and a little more.
_LISTS: Final[Mapping[str, ListSql]] = {
    PUBLICATION: publications.EXPORT_LIST,
    VOUCHER: vouchers.LIST,
    CUSTOMER: replace(
        customers.LIST,
        orders={
            **customers.LIST.orders,
            **both_ways({"id": "c.id", "name": "c.name", "email": "c.email"}, "c.id", set_always=("id",)),
        },
    ),
    TRANSACTION: ListSql(
        page="",
        count="",
        filters={"voucher_id": "t.voucher_id = {}", "campaign_id": "t.campaign_id = {}"},
        orders=both_ways({"created_at": "t.created_at"}, "t.id", set_always=("created_at",)),
        fields={
            "created_at": FieldSql("t.created_at", Kind.DATE_TIME),
            "voucher_id": FieldSql("t.voucher_id"),
            "campaign_id": FieldSql("t.campaign_id"),
        },
    ),
}
# JSON has neither of these characters as it is: every object is one plain line.
_JSON_LINES: Final = {"format": "csv", "delimiter": "\x01", "quote": "\x02"}


class TookTooLong(Exception):
    """Not Unavailable, which a job would try again for ever."""


class Rows(NamedTuple):
    """What an export reads. `order`: a name of its list, `-` for descending."""

    exported_object: str
    fields: Sequence[str]
    narrowing: Narrowing
    order: str
    held_by: str | None = None  # of an export that publishes: its id
    mark: str = ""  # what holds the place of an address, before the kind of picture and the voucher's id


class Moved(NamedTuple):
    """How many vouchers of a campaign a chunk has moved; `disabled`: how many of them are switched off."""

    campaign_id: str | None
    vouchers: int
    disabled: int = 0


async def create_export(
    connection: Connection,
    project_id: int,
    id: str,
    exported_object: str,
    parameters: dict[str, Any],
    narrowed: dict[str, Any],
    *,
    publishes: bool,
    phase: str,
    unfinished_max: int,
    channel: str,
    user_id: str | None,
    app_id: str | None,
    unfinished_of_key_max: int,
) -> bool:
    """False when `unfinished_max` exports of the project are under way, or `unfinished_of_key_max` of the key."""
    await lock_project(connection, project_id)
    values = (id, exported_object, parameters, narrowed, publishes, phase, unfinished_max, channel, user_id, app_id,
              unfinished_of_key_max)  # fmt: skip
    return await connection.fetchval(SQL["create_export"], project_id, *values) is not None


def _export(row: asyncpg.Record | None) -> Export | None:
    return None if row is None else Export(**dict(row) | {"available": bool(row["available"])})


async def count_publishable(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    """Raises InvalidQueryParams when it takes too long."""
    text, arguments = vouchers.LIST.statement(SQL["count_publishable"], project, narrowing)
    (row,) = await fetch_limited(connection, text, arguments)
    return int(row["count"])


async def get_export(connection: Connection, project_id: int, id: str) -> Export | None:
    """None for a deleted one."""
    return _export(await connection.fetchrow(SQL["get_export"], project_id, id))


async def lock_export(connection: Connection, project_id: int, id: str) -> Export | None:
    """A deleted one too."""
    return _export(await connection.fetchrow(SQL["lock_export"], project_id, id))


async def list_exports(connection: Connection, project: Project, **page: Any) -> list[Export]:
    rows = await LIST.rows(connection, project, Narrowing(), **page)
    return [export for row in rows if (export := _export(row)) is not None]


async def count_exports(connection: Connection, project: Project) -> int:
    return await LIST.total(connection, project, Narrowing())


async def delete_export(connection: Connection, project_id: int, id: str) -> bool:
    return await connection.fetchval(SQL["delete_export"], project_id, id) is not None


async def move_export(
    connection: Connection,
    project_id: int,
    export: Export,
    *,
    status: str,
    phase: str | None,
    held_after: str = "",
    failure: str | None = None,
    kept_days: int = 0,
) -> None:
    """`phase` None: nothing is left to do. With DONE the file stays for `kept_days`."""
    values = (export.id, status, phase, held_after, failure, kept_days)
    await connection.execute(SQL["move_export"], project_id, *values)


async def begin_file(connection: Connection, project_id: int, id: str) -> int | None:
    """The number of this attempt; None when no file is wanted."""
    attempt: int | None = await connection.fetchval(SQL["begin_file"], project_id, id)
    return attempt


async def save_piece(
    connection: Connection, project_id: int, id: str, attempt: int, number: int, content: bytes
) -> bool:
    """False when the file isn't wanted any more. What a crash of PostgreSQL takes is written again by the next attempt:
    the file counts when it is finished, and that is flushed.
    """
    await connection.execute(SQL["flush_later"])
    values = (project_id, id, attempt, number, content)
    return await connection.fetchval(SQL["save_piece"], *values) is not None


async def finish_file(
    connection: Connection, project_id: int, id: str, attempt: int, *, pieces: int, bytes_count: int, rows: int
) -> bool:
    """False when the file isn't wanted any more."""
    values = (project_id, id, attempt, pieces, bytes_count, rows)
    return await connection.fetchval(SQL["finish_file"], *values) is not None


async def get_piece(connection: Connection, project_id: int, id: str, number: int) -> bytes | None:
    content: bytes | None = await connection.fetchval(SQL["get_piece"], project_id, id, number)
    return content


async def purge(connection: Connection, project_id: int, limit: int) -> int:
    """Remove up to `limit` pieces that nobody will read, and exports that are done with. Returns how many pieces."""
    gone = await connection.fetch(SQL["purge_pieces"], project_id, limit)
    await connection.execute(SQL["purge_exports"], project_id)
    return len(gone)


async def metadata_keys(connection: Connection, project: Project, rows: Rows, limit: int) -> list[str]:
    """The keys in use, the first `limit` of them, sorted."""
    await connection.execute(SQL["read_whole"])
    text, arguments = _LISTS[rows.exported_object].statement(
        SQL["keys_" + rows.exported_object], project, rows.narrowing, limit=limit
    )
    with _limited("Reading the metadata"):
        return [row["key"] for row in await connection.fetch(text, *arguments, timeout=COPY_S_MAX)]


async def copy_rows(
    connection: Connection,
    project: Project,
    rows: Rows,
    sink: Callable[[bytes], Coroutine[Any, Any, None]],
    *,
    metadata: MetadataColumns | None = None,
    as_json: bool = False,
) -> int:
    """Stream every row to `sink`, as lines of CSV or of JSON, whole lines at a time. Returns how many.

    `metadata`: what stands in place of the field of that name. Raises TookTooLong.
    """
    await connection.execute(SQL["read_whole"])
    template = SQL["copy_" + rows.exported_object] if rows.held_by is None else SQL["copy_held_voucher"]
    text, arguments = _LISTS[rows.exported_object].statement(
        template, project, rows.narrowing, order=rows.order, export=rows.held_by
    )
    columns = _columns(rows, metadata, arguments, as_json=as_json)
    text = text.replace("{columns}", ", ".join(columns))
    if as_json:
        text = SQL["as_json"].replace("{rows}", text)
    options: dict[str, Any] = _JSON_LINES if as_json else {"format": "csv"}
    with _limited("Reading"):
        status = await connection.copy_from_query(text, *arguments, output=sink, timeout=COPY_S_MAX, **options)
    return int(status.split()[1])


@contextlib.contextmanager
def _limited(what: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise TookTooLong(f"{what} took too long: use narrower filters") from error


def _columns(rows: Rows, metadata: MetadataColumns | None, arguments: list[Any], *, as_json: bool) -> list[str]:
    """Names of keys become arguments."""
    columns = []
    for field in rows.fields:
        column = COLUMNS[rows.exported_object][field]
        if "{mark}" in column:
            arguments.append(rows.mark)
            column = column.replace("{mark}", f"${len(arguments)}::text")
        if field == METADATA and metadata is not None:
            if not metadata.keys:
                continue  # no row has any, so the file has no column of it
            arguments.append(metadata.keys)
            columns += [f"{column} ->> (${len(arguments)}::text[])[{n}]" for n in range(1, len(metadata.keys) + 1)]
            if metadata.with_rest:
                columns.append(f"{column} - ${len(arguments)}::text[]")
        elif not as_json and OBJECTS[rows.exported_object].fields[field] == "boolean":
            columns.append(f"({column})::text")  # COPY would say t and f
        else:
            columns.append(f'{column} AS "{field}"')
    return columns


async def hold_vouchers(
    connection: Connection, project: Project, id: str, narrowing: Narrowing, after: str, limit: int
) -> tuple[list[Moved], str | None]:
    """Take up to `limit` free vouchers behind the id `after` out of the pool. And the last id; None: no more.

    Raises TookTooLong.
    """
    await connection.execute(SQL["read_whole"])
    values: dict[str, Any] = {"after": after, "limit": limit}
    text, arguments = vouchers.LIST.statement(SQL["free_vouchers"], project, narrowing, **values)
    with _limited("Looking for vouchers to publish"):
        free = [row["id"] for row in await connection.fetch(text, *arguments, timeout=HOLD_S_MAX)]
    if free:
        rows = await connection.fetch(SQL["hold_vouchers"], project.id, id, free)
        return [Moved(*row) for row in rows], free[-1]
    text, arguments = vouchers.LIST.statement(SQL["any_to_hold"], project, narrowing, **values)
    with _limited("Looking for vouchers to publish"):
        return [], after if await connection.fetchval(text, *arguments, timeout=HOLD_S_MAX) else None


async def lock_held(connection: Connection, project_id: int, id: str, limit: int) -> list[str]:
    """The ids of the next vouchers that the export holds."""
    return [row["id"] for row in await connection.fetch(SQL["held_vouchers"], project_id, id, limit)]


async def release_vouchers(connection: Connection, project_id: int, id: str, voucher_ids: list[str]) -> list[Moved]:
    """The caller has locked them."""
    return [Moved(*row) for row in await connection.fetch(SQL["release_vouchers"], project_id, id, voucher_ids)]


async def publish_vouchers(
    connection: Connection,
    project: Project,
    id: str,
    voucher_ids: list[str],
    *,
    publication_ids: list[str],
    holder_ids: list[str],
    metadata: dict[str, Any],
    request_id: str,
    actor: str,
) -> list[Moved]:
    """The caller has locked them. The counters are the caller's too."""
    publications_by = dict(zip(voucher_ids, publication_ids, strict=True))
    holders_by = dict(zip(voucher_ids, holder_ids, strict=True))
    values = (voucher_ids, publications_by, holders_by, metadata, project.time_zone, request_id, actor)
    return [Moved(*row) for row in await connection.fetch(SQL["publish_vouchers"], project.id, id, *values)]
