"""A pool stays cheap to its last code although nobody can clean up behind it."""

import contextlib
import json
from typing import Any

import asyncpg
import pytest

from largesse.domain.projects import Project
from largesse.store import publications as store
from largesse.store.connection import PUBLISH_SETTINGS, Connection, Pool, set_codecs
from tests.factories.campaigns import make_campaign
from tests.factories.publications import request

pytestmark = pytest.mark.own_database  # vacuum is turned off

CODES = 9_000
LEFT = 100


async def publishing(database_url: str) -> Connection:
    connection = await asyncpg.connect(database_url, server_settings=PUBLISH_SETTINGS)
    await set_codecs(connection)
    return connection


async def pool_of_dead_entries(pool: Pool, project: Project) -> str:
    """A campaign of which all but the last codes, in pick order, were disabled."""
    campaign = await make_campaign(pool, project, vouchers_count=CODES)
    await pool.execute("ALTER TABLE vouchers SET (autovacuum_enabled = off)")
    await pool.execute(
        "UPDATE vouchers SET active = false WHERE id IN (SELECT id FROM vouchers ORDER BY pick_key LIMIT $1)",
        CODES - LEFT,
    )
    await pool.execute("UPDATE campaign_counters SET disabled = $1", CODES - LEFT)
    return campaign


def scanned(plan: Any) -> int:
    """Pages that claims and searches of the pool touched."""
    own = plan.get("Shared Hit Blocks", 0) if plan.get("Index Name") == "vouchers_pool" else 0
    return int(own) + sum(scanned(child) for child in plan.get("Plans", []))


class _Undo(Exception):
    """Rolls the explained statement back."""


class Explaining:
    """A connection that says what a statement would have touched, and does nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.pages = 0

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async with self._connection.transaction():
            text = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}"
            self.pages = scanned(json.loads(await self._connection.fetchval(text, *arguments))[0]["Plan"])
            raise _Undo


async def test_the_last_codes_and_the_refusals_after_them_never_cross_what_lies_behind(
    pool: Pool, project: Project, database_url: str
) -> None:
    """The batch wants more than is left, and an old snapshot keeps all dead entries alive."""
    campaign = await pool_of_dead_entries(pool, project)
    connection = await publishing(database_url)
    async with pool.acquire() as snapshot, snapshot.transaction(isolation="repeatable_read"):
        await snapshot.fetchval("SELECT count(*) FROM vouchers")
        cursors: dict[str, int] = {}
        first = await store.publish(
            connection, project, [request(f"a{n}", campaign=campaign) for n in range(50)], cursors=cursors
        )
        assert {verdict.outcome for verdict in first} == {"published"}
        cursors = {campaign: max(verdict.cursor or 0 for verdict in first)}
        # Of 60 that ask for the last 50 codes, 50 get one and the others hear at once that there are no more.
        wanted = [request(f"b{n}", campaign=campaign) for n in range(60)]
        explained = Explaining(connection)
        with contextlib.suppress(_Undo):
            await store.publish(explained, project, wanted, cursors=cursors)  # type: ignore[arg-type]
        last = await store.publish(connection, project, wanted, cursors=cursors)
    outcomes = [verdict.outcome for verdict in last]
    assert (outcomes.count("published"), outcomes.count("exhausted")) == (50, 10)
    assert 0 < explained.pages < CODES // 30
    await connection.close()


async def test_a_process_that_is_new_to_a_campaign_starts_where_the_newest_code_was_taken(
    pool: Pool, project: Project, database_url: str
) -> None:
    """And a code behind it isn't forgotten: the claim wraps."""
    campaign = await make_campaign(pool, project, vouchers_count=60)
    keys = [row["pick_key"] for row in await pool.fetch("SELECT pick_key FROM vouchers ORDER BY pick_key")]
    switch = "UPDATE vouchers SET active = $2 WHERE pick_key = $1"
    await pool.execute(switch, keys[3], False)
    connection = await publishing(database_url)

    async def publish(*names: str) -> list[int | None]:
        wanted = [request(name, campaign=campaign) for name in names]
        verdicts = await store.publish(connection, project, wanted, cursors={})
        assert {verdict.outcome for verdict in verdicts} == {"published"}
        return [verdict.cursor for verdict in verdicts]

    assert (await publish(*(f"a{n}" for n in range(49))))[0] == keys[49]
    await pool.execute(switch, keys[3], True)
    assert await publish("b") == [keys[50]]
    assert (await publish(*(f"c{n}" for n in range(9))))[0] == keys[59]
    assert await publish("d") == [keys[3]]
    await connection.close()
