"""A rule is assigned to what exists, whoever deletes it at the same moment (real connections)."""

import asyncio

import pytest

from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.actions.validation_rules import assign, create_rule
from largesse.actions.vouchers import delete_voucher
from largesse.domain.errors import NotFound
from largesse.wire.validation_rules import AssignmentInput, RuleInput
from tests.factories.campaigns import add_vouchers


async def test_no_assignment_outlives_a_voucher_that_goes_meanwhile(pool, project):
    await add_vouchers(pool, project, None, ["A"])
    ids = IdSource()
    async with pool.acquire() as one, pool.acquire() as two:
        rule = await create_rule(Scope(one, project, ids, "v-test", "test"), RuleInput(name="r"))
        deleting = one.transaction()
        await deleting.start()
        await delete_voucher(Scope(one, project, ids, "v-test", "test"), "A", force=True)

        async def assigning() -> None:
            async with two.transaction():
                await assign(
                    Scope(two, project, ids, "v-test", "test"), rule.id, AssignmentInput(related_object_id="A")
                )

        late = asyncio.create_task(assigning())
        await asyncio.sleep(0.2)  # it has come as far as it can
        await deleting.commit()
        with pytest.raises(NotFound):
            await late
    assert await pool.fetchval("SELECT count(*) FROM validation_rules_assignments") == 0
