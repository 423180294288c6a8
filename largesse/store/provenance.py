"""Where a voucher comes from, and who did what to it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from largesse.domain.vouchers import Voucher
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("provenance")
FACTS_MAX: Final = 50


class Fact(NamedTuple):
    """`type` is an event's, or `publication`; `actor` an app id, a user's id, `job`, or the name of a command."""

    type: str
    created_at: datetime
    actor: str | None
    request_id: str | None
    channel: str | None
    customer_id: str | None
    metadata: dict[str, Any] | None


async def list_provenance(connection: Connection, project_id: int, voucher: Voucher) -> list[Fact]:
    """The newest facts, newest first."""
    arguments = (voucher.id, voucher.campaign_id, FACTS_MAX)
    return [Fact(*row) for row in await connection.fetch(SQL["list_provenance"], project_id, *arguments)]


async def name_actors(connection: Connection, project_id: int, actors: Iterable[str | None]) -> dict[str, str]:
    """What people call those among them who are users or keys."""
    known = sorted({actor for actor in actors if actor is not None})
    return {row["id"]: row["name"] for row in await connection.fetch(SQL["name_actors"], project_id, known)}
