"""The audit as a job: a question a chunk, each answered once, whoever is killed in between."""

import json

import pytest

from largesse.actions import audits
from largesse.domain.async_actions import PROJECT_AUDIT
from largesse.jobs.handlers import HANDLERS
from largesse.store.audit import QUESTIONS
from largesse.store.connection import Pool
from tests.actions.conftest import Scopes, scopes
from tests.factories.campaigns import make_campaign

__all__ = ["scopes"]


class KilledError(Exception):
    """The process ends before its transaction does."""


@pytest.mark.parametrize("damage", [None, "UPDATE campaign_counters SET vouchers = 7"], ids=["kept", "broken"])
async def test_it_goes_on_where_a_killed_one_stopped(scopes: Scopes, pool: Pool, damage: str | None) -> None:
    async with scopes() as scope:
        await make_campaign(pool, scope.project, vouchers_count=2)
    async with scopes() as scope:
        action_id = await audits.start_audit(scope)
    if damage is not None:
        await pool.execute(damage)
    last, chunks = False, 0
    while not last:
        with pytest.raises(KilledError):
            async with scopes() as scope:
                await HANDLERS[PROJECT_AUDIT].chunk(scope, action_id)
                raise KilledError
        async with scopes() as scope:
            last = await HANDLERS[PROJECT_AUDIT].chunk(scope, action_id)
        chunks += 1
    row = await pool.fetchrow("SELECT status, progress, result FROM async_actions WHERE id = $1", action_id)
    assert row is not None
    result = row["result"] if isinstance(row["result"], dict) else json.loads(row["result"])
    assert (row["status"], row["progress"], chunks) == ("DONE", 100, len(QUESTIONS))
    asked = [(one["invariant"], one["question"]) for one in result["checks"]]
    assert len(asked) == len(set(asked)) >= len(QUESTIONS)
    assert result["kept"] == (damage is None)
    broken = {one["invariant"] for one in result["checks"] if one["rows"]}
    assert broken == (set() if damage is None else {"I5"})
    async with scopes() as scope:
        assert await HANDLERS[PROJECT_AUDIT].chunk(scope, action_id), "asked once more it says that it is done"
