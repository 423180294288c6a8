"""How long a list may look for what a caller made up."""

import pytest

from largesse.store import lists
from largesse.store.connection import Pool

LEFT = "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)::float8 * 1000"


def test_the_limits_leave_time_to_answer() -> None:
    latest = lists.FILTERED_TIMEOUT_MS + lists.FILTERED_TIMEOUT_MS // lists.LATE_SHARE
    assert latest < lists.ANSWER_S * 1000


async def test_count_and_page_share_one_limit(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "FILTERED_TIMEOUT_MS", 40_000)
    async with pool.acquire() as connection, connection.transaction():
        [[first]] = await lists.fetch_limited(connection, LEFT, [])
        await connection.fetchval("SELECT pg_sleep(0.05)")
        [[second]] = await lists.fetch_limited(connection, LEFT, [])
    assert second <= first - 50
    assert first <= 40_000


async def test_what_comes_late_has_a_little_time_still(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "FILTERED_TIMEOUT_MS", 2_000)
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetchval("SELECT pg_sleep(2)")
        [[late]] = await lists.fetch_limited(connection, LEFT, [])
    assert late == 2_000 // lists.LATE_SHARE
