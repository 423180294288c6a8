"""Scopes to act in, each a committed transaction, and the truth to compare the counters with."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest

from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.domain.projects import Project
from largesse.jobs.worker import Worker
from largesse.store.connection import Pool
from largesse.wire.assets import project_assets
from largesse.wire.campaigns import CampaignInput
from largesse.wire.parse import parse_value
from tests.factories.counters import all_counters
from tests.factories.courier import FakeCourier

Scopes: TypeAlias = Callable[[], AbstractAsyncContextManager[Scope]]
_IDS = IdSource()


@pytest.fixture
def scopes(pool: Pool, project: Project) -> Scopes:
    """Each call opens one unit of work."""

    @asynccontextmanager
    async def scope() -> AsyncIterator[Scope]:
        async with pool.acquire() as connection, connection.transaction():
            yield Scope(connection=connection, project=project, ids=_IDS, request_id="v-test", actor="test")

    return scope


def campaign_input(**fields: Any) -> CampaignInput:
    """A campaign of ten per cent, with what a test says about it."""
    voucher = {"discount": {"type": "PERCENT", "percent_off": 10}} | fields.pop("voucher", {})
    return parse_value({"name": "Spring", "voucher": voucher} | fields, CampaignInput)


ASSETS = project_assets("test", "http://127.0.0.1:8000")
"""As the API in this process has them."""


async def work_off(pool: Pool) -> None:
    """Do every job that is due, in this process."""
    import asyncio

    worker = Worker(pool, asyncio.Event(), slice_s=60, assets=ASSETS, courier=FakeCourier())
    while await worker.step():
        pass


COUNTED = """
SELECT coalesce(campaign_id, '') AS campaign_id, count(*) AS vouchers,
  count(*) FILTER (WHERE state IN (2, 3)) AS published, count(*) FILTER (WHERE state = 1) AS held,
  count(*) FILTER (WHERE state = 4) AS withdrawn, count(*) FILTER (WHERE state = 0 AND NOT active) AS disabled
FROM vouchers WHERE project_id = $1 AND deleted_at IS NULL GROUP BY 1 ORDER BY 1
"""


async def assert_counters_are_exact(pool: Pool, project: Project) -> None:
    """I5 of docs/semantics/promises.md."""
    counted = [tuple(row) for row in await pool.fetch(COUNTED, project.id)]
    saved = await all_counters(pool, project.id)
    of_vouchers = ("vouchers", "published", "held", "withdrawn", "disabled")
    kept = [(campaign_id, *(row[name] for name in of_vouchers)) for campaign_id, row in saved.items()]
    assert [row for row in kept if any(row[1:])] == counted
