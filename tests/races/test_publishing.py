"""Never twice, never over: each promise (docs/semantics/promises.md) against 32 real connections.

Each test runs its race with the promise's guard in place. The tests in TestGuards run the same race with the guard
taken away and must then find the promise broken: otherwise the race would prove nothing.
"""

import asyncio
from types import MappingProxyType

import pytest

from largesse.store import publications as store
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.factories.publications import nameless, request
from tests.races.conftest import CONNECTIONS, Race, broken_promises

ROUNDS = 10


def happened(name: str, times: int, capsys) -> None:
    with capsys.disabled():
        print(f"\n    {name}: the race took place {times} times", end="")
    assert times > 0, "no two requests ever met: this run proves nothing"


async def race_for_a_source_id(race, pool, project) -> set[int]:
    """How many successes each of the contested source_ids has."""
    campaign_id = await make_campaign(pool, project, vouchers_count=ROUNDS * CONNECTIONS)
    for n in range(ROUNDS):
        verdicts = await race.run(
            [request(f"c{i}", campaign=campaign_id, source_id=f"s{n}") for i in range(CONNECTIONS)]
        )
        assert {v.outcome for v in verdicts} <= {"published", "duplicate_source_id"}
    rows = await pool.fetch("SELECT count(*) FROM publications WHERE result = 'SUCCESS' GROUP BY source_id")
    return {row[0] for row in rows}


async def race_to_join_once(race, pool, project) -> set[int]:
    """How many codes each contested customer has."""
    campaign_id = await make_campaign(pool, project, vouchers_count=ROUNDS * CONNECTIONS)
    before = await make_campaign(pool, project, vouchers_count=ROUNDS)
    for n in range(ROUNDS):
        await race.run([request(f"bob{n}", campaign=before)])
        await race.run([request(f"bob{n}", campaign=campaign_id, join_once=True) for _ in range(CONNECTIONS)])
    rows = await pool.fetch(
        "SELECT count(*) FROM publications WHERE campaign_id = $1 GROUP BY customer_id", campaign_id
    )
    return {row[0] for row in rows}


async def race_for_a_voucher(race, pool, project) -> set[int]:
    """How many customers each contested voucher was given to."""
    for n in range(ROUNDS):
        await add_vouchers(pool, project, None, [f"V{n}"])
        await race.run([request(f"c{i}", voucher=f"V{n}") for i in range(CONNECTIONS)])
    rows = await pool.fetch("SELECT count(*) FROM publications WHERE result = 'SUCCESS' GROUP BY first_code")
    return {row[0] for row in rows}


async def race_for_too_few_codes(race, pool, project, codes=300, callers=900) -> list[str]:
    """The codes that were given out, twice if given twice."""
    campaign_id = await make_campaign(pool, project, vouchers_count=codes)
    await race.run([request(nameless(), campaign=campaign_id) for _ in range(callers)])
    rows = await pool.fetch("SELECT first_code FROM publications WHERE result = 'SUCCESS'")
    return [row["first_code"] for row in rows]


class TestPromises:
    async def test_one_source_id_is_published_once(self, race: Race, pool, project, capsys):
        assert await race_for_a_source_id(race, pool, project) == {1}
        assert await broken_promises(pool, project) == set()
        happened("I3 source_id", race.lost.total(), capsys)

    async def test_every_caller_of_one_source_id_gets_the_same_code(self, race: Race, pool, project):
        campaign_id = await make_campaign(pool, project, vouchers_count=CONNECTIONS)
        verdicts = await race.run([request("bob", campaign=campaign_id, source_id="s") for _ in range(CONNECTIONS)])
        assert len({v.publication_id for v in verdicts}) == 1
        assert sorted(v.outcome for v in verdicts).count("published") == 1

    async def test_join_once_is_one_code_a_customer(self, race: Race, pool, project, capsys):
        assert await race_to_join_once(race, pool, project) == {1}
        assert await broken_promises(pool, project) == set()
        happened("I4 join_once", race.lost.total(), capsys)

    async def test_join_once_meets_plain_publications(self, race: Race, pool, project, capsys):
        """A plain publication committed a moment earlier is the one that join_once has to answer with."""
        campaign_id = await make_campaign(pool, project, vouchers_count=ROUNDS * CONNECTIONS)
        for n in range(ROUNDS):
            asked = [request(f"bob{n}", campaign=campaign_id, join_once=bool(i % 2)) for i in range(CONNECTIONS)]
            verdicts = await race.run(asked)
            joined = {v.publication_id for r, v in zip(asked, verdicts, strict=True) if r.join_once}
            assert len(joined) == 1
        assert await broken_promises(pool, project) == set()
        happened("I4 join_once and plain", race.lost.total(), capsys)

    async def test_campaign_flag_is_one_code_a_customer(self, race: Race, pool, project, capsys):
        campaign_id = await make_campaign(pool, project, vouchers_count=ROUNDS * CONNECTIONS, join_once=True)
        for n in range(ROUNDS):
            verdicts = await race.run([request(f"bob{n}", campaign=campaign_id) for _ in range(CONNECTIONS)])
            assert sorted(v.outcome for v in verdicts) == ["already_joined"] * (CONNECTIONS - 1) + ["published"]
        assert await broken_promises(pool, project) == set()
        happened("I4 campaign flag", race.lost.total(), capsys)

    async def test_one_voucher_goes_to_one_customer(self, race: Race, pool, project, capsys):
        assert await race_for_a_voucher(race, pool, project) == {1}
        assert await broken_promises(pool, project) == set()
        happened("I1 one voucher", race.lost.total(), capsys)

    async def test_more_callers_than_codes_get_every_code_once(self, race: Race, pool, project, capsys):
        given = await race_for_too_few_codes(race, pool, project)
        assert len(given) == len(set(given)) == 300
        failures = await pool.fetchval("SELECT count(*) FROM publications WHERE result = 'FAILURE'")
        assert failures == 600
        assert await broken_promises(pool, project) == set()
        happened("I1 too few codes", race.lost.total(), capsys)

    async def test_batches_of_many_connections_share_a_pool(self, race: Race, pool, project, capsys):
        campaign_id = await make_campaign(pool, project, vouchers_count=2_000)
        asked = [request(f"c{n % 700}", campaign=campaign_id, count=1 + n % 3) for n in range(1_200)]
        verdicts = await race.run(asked, batch=20)
        published = [r.count for r, v in zip(asked, verdicts, strict=True) if v.outcome == "published"]
        assert {v.outcome for v in verdicts} == {"published", "exhausted"}
        assert sum(published) <= 2_000
        # Whoever was refused asked for more than what was left.
        assert 2_000 - sum(published) < 3
        assert await broken_promises(pool, project) == set()
        happened("I1 batches", race.lost.total(), capsys)

    async def test_new_customers_of_many_batches_are_made_once(self, race: Race, pool, project, capsys):
        campaign_id = await make_campaign(pool, project, vouchers_count=3_000)
        asked = [request(f"c{(n * 7919) % 100}", campaign=campaign_id) for n in range(2_000)]
        await race.run(asked, batch=30)
        assert await pool.fetchval("SELECT count(*) FROM customers") == 100
        assert await broken_promises(pool, project) == set()
        happened("customers", race.lost.total(), capsys)


class TestForeignLocks:
    """Somebody else's long transaction holds rows: its neighbours publish on, its own requests come back."""

    @pytest.mark.parametrize("table", ["customers", "vouchers"])
    async def test_locked_rows_harm_nobody_else(self, pool, project, table, capsys):
        campaign_id = await make_campaign(pool, project, vouchers_count=0)
        await add_vouchers(pool, project, campaign_id, [f"V{n}" for n in range(40)])
        async with pool.acquire() as connection:
            await store.publish(connection, project, [request(f"c{n}", voucher=f"V{n}") for n in range(20)], cursors={})
        held = {"customers": "source_id IN ('c0', 'c1')", "vouchers": "code IN ('V20', 'V21')"}[table]
        asked = [request(f"c{n}", voucher=f"V{n + 20}") for n in range(10)]
        async with pool.acquire() as stranger, pool.acquire() as connection, stranger.transaction():
            await stranger.execute(f"SELECT FROM {table} WHERE {held} FOR UPDATE")
            started = asyncio.get_running_loop().time()
            verdicts = await store.publish(connection, project, asked, cursors={})
            waited = asyncio.get_running_loop().time() - started
        assert [v.outcome for v in verdicts] == ["retry_busy"] * 2 + ["published"] * 8
        assert waited < 1.5, "the batch must not wait for the stranger"
        happened(f"foreign lock on {table}", 2, capsys)

    async def test_locked_codes_are_not_called_exhausted(self, pool, project):
        campaign_id = await make_campaign(pool, project, vouchers_count=1)
        async with pool.acquire() as stranger, pool.acquire() as connection, stranger.transaction():
            await stranger.execute("SELECT FROM vouchers FOR UPDATE")
            (verdict,) = await store.publish(connection, project, [request("bob", campaign=campaign_id)], cursors={})
        assert verdict.outcome == "retry_busy"


def without(monkeypatch, *parts: tuple[str, str]) -> None:
    """The publish statement with some of its own guards taken out."""
    statement = store._SQL["publish"]
    for part, instead in parts:
        assert part in statement
        statement = statement.replace(part, instead)
    monkeypatch.setattr(store, "_SQL", MappingProxyType({**store._SQL, "publish": statement}))


NO_VOUCHER_LOCK = ("    LIMIT 1 FOR UPDATE SKIP LOCKED) v\n", "    LIMIT 1) v\n")
NO_CUSTOMER_LOCK = ("    LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) c),", "    LIMIT 1) c),")


@pytest.mark.own_database
class TestGuards:
    """The same races with the guard taken away: the promise breaks, so the race did test the guard."""

    async def test_without_its_index_a_source_id_is_published_twice(self, race, pool, project):
        await pool.execute("DROP INDEX publications_source_id")
        assert max(await race_for_a_source_id(race, pool, project)) > 1
        assert "I3" in await broken_promises(pool, project)

    async def test_without_index_and_lock_join_once_gives_two_codes(self, race, pool, project, monkeypatch):
        await pool.execute("DROP INDEX publications_first_of_customer")
        without(monkeypatch, NO_CUSTOMER_LOCK)
        assert max(await race_to_join_once(race, pool, project)) > 1
        assert "I4" in await broken_promises(pool, project)

    async def test_the_index_alone_keeps_join_once(self, race, pool, project, monkeypatch):
        without(monkeypatch, NO_CUSTOMER_LOCK)
        assert await race_to_join_once(race, pool, project) == {1}
        assert race.lost["retry_lost_race"] > 0

    async def test_without_key_and_recheck_a_voucher_goes_to_two_customers(self, race, pool, project, monkeypatch):
        """Two guards stand behind I1. Without the row lock the statement still rechecks; without the recheck too the
        primary key of the links still refuses; only without all three the voucher goes out twice."""
        await pool.execute("ALTER TABLE publication_vouchers DROP CONSTRAINT publication_vouchers_pkey")
        without(
            monkeypatch,
            NO_VOUCHER_LOCK,
            ("AND v.id = a.id AND v.state IN (0, 2, 4) AND v.active", "AND v.id = a.id"),
        )
        assert max(await race_for_a_voucher(race, pool, project)) > 1
        assert "I1" in await broken_promises(pool, project)

    async def test_the_key_alone_keeps_a_voucher_from_two_customers(self, race, pool, project, monkeypatch):
        without(
            monkeypatch,
            NO_VOUCHER_LOCK,
            ("AND v.id = a.id AND v.state IN (0, 2, 4) AND v.active", "AND v.id = a.id"),
        )
        assert await race_for_a_voucher(race, pool, project) == {1}
        assert race.lost["UniqueViolationError"] > 0

    async def test_without_key_and_locks_pool_codes_go_out_twice(self, race, pool, project, monkeypatch):
        await pool.execute("ALTER TABLE publication_vouchers DROP CONSTRAINT publication_vouchers_pkey")
        without(
            monkeypatch,
            (" LIMIT need.need FOR UPDATE SKIP LOCKED) v)", " LIMIT need.need) v)"),
            (" LIMIT rest.rest FOR UPDATE SKIP LOCKED) v)", " LIMIT rest.rest) v)"),
            ("AND v.id = a.id AND v.state IN (0, 2, 4) AND v.active", "AND v.id = a.id"),
        )
        given = await race_for_too_few_codes(race, pool, project, codes=200, callers=400)
        assert len(given) > len(set(given))
        assert "I1" in await broken_promises(pool, project)

    async def test_counters_of_what_was_decided_would_drift(self, race, pool, project, monkeypatch):
        """I5: what was decided isn't what was written, when somebody else was faster."""
        decided = "(SELECT fin.*, 'SUCCESS' AS result FROM fin WHERE fin.outcome = 'published') d"
        without(
            monkeypatch, ("FROM done d GROUP BY coalesce(d.camp, '')", f"FROM {decided} GROUP BY coalesce(d.camp, '')")
        )
        await race_for_a_source_id(race, pool, project)
        assert race.lost["retry_lost_race"] > 0
        assert "I5" in await broken_promises(pool, project)
