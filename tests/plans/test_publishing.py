"""The publish statement's kept plan, while the tables grow and nobody analyses them."""

import asyncio
from typing import Final

import pytest

from largesse.actions.publishing import Publisher
from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.factories.campaigns import make_campaign
from tests.factories.publications import request

CUSTOMERS: Final = 6_000
TOGETHER: Final = 64
# Of customers and links, for each code that is handed out. By the right indexes it is about three, but the first few
# hundred rows of a table are too few for the planner to tell them from the others.
READ_MAX: Final = 1_000


@pytest.mark.own_database
async def test_a_plan_made_on_empty_tables_is_not_kept_while_they_fill(
    pool: Pool, publisher: Publisher, project: Project
) -> None:
    campaign = await make_campaign(pool, project, vouchers_count=CUSTOMERS)
    for table in ("customers", "publications", "publication_vouchers", "vouchers"):
        await pool.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    await pool.execute("VACUUM ANALYZE")  # says that there is nothing in them
    customers = iter(range(CUSTOMERS))

    async def ask() -> None:
        for number in customers:
            await publisher.publish(project, request(f"customer-{number}", campaign=campaign))

    await asyncio.gather(*(ask() for _ in range(TOGETHER)))
    assert await _rows_read(pool) < READ_MAX * CUSTOMERS


async def _rows_read(pool: Pool) -> int:
    await asyncio.sleep(1.5)  # a connection tells the statistics once a second
    return int(
        await pool.fetchval(
            "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname IN ('customers', 'publication_vouchers')"
        )
    )
