"""The counters of a campaign as everybody reads them: its row and the changes that weren't folded into it yet."""

from typing import Final

from largesse.store.connection import Pool
from largesse.store.sql import SHARED, load

NAMES: Final = ("vouchers", "published", "held", "withdrawn", "disabled", "publications", "failures")
SAVED: Final = (
    f"SELECT campaign_id, {', '.join(f'sum({name})::bigint AS {name}' for name in NAMES)}"
    f" FROM ({load(SHARED)[SHARED]}) k GROUP BY campaign_id ORDER BY campaign_id"
)


async def counters(pool: Pool, project_id: int, campaign_id: str = "") -> dict[str, int]:
    return (await all_counters(pool, project_id))[campaign_id]


async def all_counters(pool: Pool, project_id: int) -> dict[str, dict[str, int]]:
    """By campaign."""
    rows = await pool.fetch(SAVED, project_id)
    return {row["campaign_id"]: {name: row[name] for name in NAMES} for row in rows}


async def held(pool: Pool) -> int:
    """Codes that are held in all projects of a test's own database."""
    projects = await pool.fetch("SELECT id FROM projects")
    found = [await all_counters(pool, row["id"]) for row in projects]
    return sum(one["held"] for campaigns in found for one in campaigns.values())
