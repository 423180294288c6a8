"""Uploads: a file, the columns that its owner chooses for it, and the import that this becomes."""

from collections.abc import Mapping
from typing import Final

from largesse.actions import customer_rows, imports
from largesse.actions.scope import Scope
from largesse.domain.errors import InvalidPayload, NotFound
from largesse.store import uploads as store
from largesse.store.uploads import UPLOADS_MAX, Upload
from largesse.wire.tables import Table

VOUCHERS: Final = "vouchers"
CUSTOMERS: Final = "customers"
IGNORE: Final = "-"
"""Chosen for a column that isn't wanted; "" makes it metadata under its own name."""
SWEEP_CHUNK: Final = 10


async def keep_upload(
    scope: Scope,
    *,
    kind: str,
    campaign_id: str | None,
    content: bytes,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> str:
    """The upload's id. Raises InvalidPayload when too many wait."""
    id_ = scope.ids.new("upl_")
    if not await store.create_upload(
        scope.connection,
        scope.project.id,
        id_,
        kind=kind,
        campaign_id=campaign_id,
        content=content,
        actor=scope.actor,
        delimiter=delimiter,
        encoding=encoding,
    ):
        raise InvalidPayload(f"Only up to {UPLOADS_MAX} files can wait at the same time; they are swept after a day")
    return id_


async def get_upload(scope: Scope, id: str) -> Upload:
    """Raises NotFound."""
    upload = await store.get_upload(scope.connection, scope.project.id, id)
    if upload is None:
        raise NotFound.of("upload", id)
    return upload


def with_columns(table: Table, chosen: Mapping[int, str]) -> Table:
    """The table with the columns that were chosen for those of the file, by their place; the ignored ones left out.

    Raises InvalidPayload when two columns become the same.
    """
    kept = [place for place in range(len(table.columns)) if chosen.get(place) != IGNORE]
    columns = [chosen.get(place) or table.columns[place] for place in kept]
    named = [name for name in columns if name]
    if len(set(named)) != len(named):
        twice = next(name for name in named if named.count(name) > 1)
        raise InvalidPayload(f"Two columns can't both be {twice}")
    rows = [
        {**row, name: [row[name][place] for place in kept if place < len(row[name])]}
        for row in table.rows
        for name in (("cells" if "cells" in row else "said"),)
    ]
    return table._replace(columns=columns, rows=rows)


async def import_upload(scope: Scope, upload: Upload, table: Table, *, dry_run: bool) -> str | None:
    """Begins the import, or only its report; the async action's id. Raises InvalidPayload, NotFound.

    A file is imported once: whoever deletes its row does it; None: somebody else has. A report leaves it where it is.
    """
    if not dry_run and not await store.delete_upload(scope.connection, scope.project.id, upload.id):
        return None
    if upload.kind == CUSTOMERS:
        return await customer_rows.start_csv_import(scope, table, dry_run=dry_run)
    if "Code" not in table.columns:
        raise InvalidPayload("One of the columns must be the code")
    return await imports.start_csv_import(scope, table, upload.campaign_id, dry_run=dry_run)


async def sweep_uploads(scope: Scope) -> bool:
    """Forget what nobody imported within a day. Whether there may be more."""
    return await store.sweep_uploads(scope.connection, scope.project.id, SWEEP_CHUNK) == SWEEP_CHUNK
