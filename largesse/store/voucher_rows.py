"""Many vouchers at once in the database: bulk updates and imports. The SQL stands with the other vouchers'."""

from typing import Any, Final, NamedTuple

from largesse.domain.vouchers import Voucher
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("vouchers")


class LockedRow(NamedTuple):
    """`binned`: it, or its campaign, is in the bin."""

    id: str
    code_key: str
    campaign_id: str | None
    state: int
    active: bool
    binned: bool
    metadata: dict[str, Any]


async def lock_vouchers(connection: Connection, project_id: int, code_keys: list[str]) -> dict[str, LockedRow]:
    """By code key, the bin included."""
    rows = await connection.fetch(SQL["lock_vouchers"], project_id, code_keys)
    return {row["code_key"]: LockedRow(*row) for row in rows}


async def taken_codes(
    connection: Connection, project_id: int, code_keys: list[str], campaign_id: str | None
) -> list[str]:
    """The keys that a voucher outside the campaign has."""
    return [row[0] for row in await connection.fetch(SQL["taken_codes"], project_id, code_keys, campaign_id)]


async def get_vouchers(connection: Connection, project_id: int, ids: list[str]) -> list[Voucher]:
    return [Voucher(**row) for row in await connection.fetch(SQL["get_vouchers"], project_id, ids)]


async def import_vouchers(
    connection: Connection, project_id: int, rows: list[dict[str, Any]], *, active: bool
) -> dict[str, bool]:
    """Insert those whose code is new: code key to whether it is active. `rows`: columns of `vouchers` by name."""
    found = await connection.fetch(SQL["import_vouchers"], project_id, rows, active)
    return {row["code_key"]: row["active"] for row in found}


async def change_vouchers(connection: Connection, project_id: int, rows: list[dict[str, Any]]) -> None:
    """`rows`: an id each, and the columns to change. The caller holds their locks."""
    await connection.execute(SQL["change_vouchers"], project_id, rows)


async def restore_vouchers(connection: Connection, project_id: int, ids: list[str]) -> list[tuple[str | None, bool]]:
    """(campaign id, active) of those that were withdrawn for their date and now are free again."""
    rows = await connection.fetch(SQL["restore_vouchers"], project_id, ids)
    return [(row["campaign_id"], row["active"]) for row in rows]
