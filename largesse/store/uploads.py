"""Files that somebody is about to import."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("uploads")
UPLOADS_MAX: Final = 50
"""Of a project at the same time."""
KEPT: Final = timedelta(days=1)


class Upload(NamedTuple):
    """`kind`: vouchers or customers; `campaign_id`: where the vouchers belong, None: to no campaign.
    `delimiter`, `encoding`: None where they are to be found out.
    """

    id: str
    kind: str
    campaign_id: str | None
    content: bytes
    actor: str
    created_at: datetime
    delimiter: str | None
    encoding: str | None


async def create_upload(
    connection: Connection,
    project_id: int,
    id: str,
    *,
    kind: str,
    campaign_id: str | None,
    content: bytes,
    actor: str,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> bool:
    """False when too many wait already."""
    values = (id, kind, campaign_id, content, actor, UPLOADS_MAX, delimiter, encoding)
    return await connection.fetchval(SQL["create_upload"], project_id, *values) is not None


async def get_upload(connection: Connection, project_id: int, id: str) -> Upload | None:
    row = await connection.fetchrow(SQL["get_upload"], project_id, id)
    return None if row is None else Upload(*row)


async def delete_upload(connection: Connection, project_id: int, id: str) -> bool:
    """False when it is gone already."""
    return await connection.execute(SQL["delete_upload"], project_id, id) == "DELETE 1"


async def sweep_uploads(connection: Connection, project_id: int, limit: int) -> int:
    """Those whose day is over. Returns how many."""
    status = await connection.execute(SQL["sweep_uploads"], project_id, KEPT, limit)
    return int(status.rpartition(" ")[2])
