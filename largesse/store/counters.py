"""The counters of campaigns (docs/semantics/counter.md): rows of differences, and the row that they are added to."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("counters")
FOLD_AT: Final = 128
"""Changes of a campaign that are left before somebody adds them up: who reads the counters reads them, too. More often,
and a campaign's row would be what nobody can clean up under an old snapshot.
"""


class Pool(NamedTuple):
    """The counters of a campaign."""

    vouchers: int = 0
    published: int = 0
    held: int = 0
    withdrawn: int = 0
    disabled: int = 0
    publications: int = 0
    failures: int = 0

    @property
    def free(self) -> int:
        return self.vouchers - self.published - self.held - self.withdrawn - self.disabled


async def change_counters(
    connection: Connection,
    project_id: int,
    campaign_id: str | None,
    *,
    vouchers: int = 0,
    published: int = 0,
    held: int = 0,
    withdrawn: int = 0,
    disabled: int = 0,
    publications: int = 0,
    failures: int = 0,
) -> None:
    """Differences, not values. `campaign_id` None: vouchers without a campaign."""
    changes = (vouchers, published, held, withdrawn, disabled, publications, failures)
    if any(changes):
        before = await connection.fetchval(SQL["change_counters"], project_id, campaign_id or "", *changes)
        if before >= FOLD_AT:
            await fold_changes(connection, project_id, campaign_id)


async def fold_changes(connection: Connection, project_id: int, campaign_id: str | None) -> None:
    """Changes nothing that anybody can see, waits for nobody, and nobody but another fold waits for it."""
    horizon = await connection.fetchval(SQL["horizon"])
    await connection.execute(SQL["fold_changes"], project_id, campaign_id or "", horizon)


async def settle_counters(connection: Connection, project_id: int) -> None:
    await connection.execute(SQL["settle_counters"], project_id)


async def total_vouchers(connection: Connection, project_id: int) -> int:
    return int(await connection.fetchval(SQL["total_vouchers"], project_id))


async def free_vouchers(connection: Connection, project_id: int, campaign_id: str) -> int:
    return int(await connection.fetchval(SQL["free_vouchers"], project_id, campaign_id))


async def open_counters(connection: Connection, project_id: int, campaign_id: str, *, vouchers: int) -> None:
    await connection.execute(SQL["open_counters"], project_id, campaign_id, vouchers)


async def pools_of(connection: Connection, project_id: int, campaign_ids: Sequence[str]) -> dict[str, Pool]:
    """By campaign, also for those that have no counters."""
    rows = await connection.fetch(SQL["pools"], project_id, list(campaign_ids))
    return dict.fromkeys(campaign_ids, Pool()) | {row[0]: Pool(*row[1:]) for row in rows}
