"""`largesse audit`: quiet on a sound database, and each broken promise is found and named."""

import pytest

from largesse.domain.projects import Project
from largesse.store import audit, publication_hours
from largesse.store import publications as store
from largesse.store.connection import Pool
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.factories.publications import request


@pytest.fixture
async def used(pool: Pool, project: Project) -> str:
    """A campaign with published, free, disabled codes, failures and replays."""
    campaign_id = await make_campaign(pool, project, vouchers_count=20)
    await add_vouchers(pool, project, campaign_id, ["off"], active=False)
    await add_vouchers(pool, project, None, ["alone"])
    asked = [request(f"c{n % 4}", campaign=campaign_id) for n in range(4)]
    asked += [
        request("d1", campaign=campaign_id, count=3),
        request("d2", voucher="alone"),
        request("d3", voucher="off"),
    ]
    asked += [request("d4", campaign=campaign_id, source_id="s")]
    async with pool.acquire() as connection:
        await store.publish(connection, project, asked, cursors={})
        await store.publish(connection, project, [request("c1", campaign=campaign_id)], cursors={})
    return campaign_id


async def broken(pool: Pool, project: Project) -> set[str]:
    async with pool.acquire() as connection:
        findings = [f async for f in audit.check_project(connection, project.id, project.public_id)]
        findings += await audit.check_guards(connection)
    assert {f.invariant for f in findings} >= {"I1", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10"}
    return {f.invariant for f in findings if f.rows}


async def test_sound_database_has_no_findings(pool, project, used):
    assert await pool.fetchval("SELECT count(*) FROM publications") == 9
    assert await broken(pool, project) == set()


@pytest.mark.own_database
@pytest.mark.parametrize(
    ("invariant", "damage"),
    [
        ("I1", "ALTER TABLE publication_vouchers DROP CONSTRAINT publication_vouchers_pkey;"
               " INSERT INTO publication_vouchers SELECT * FROM publication_vouchers LIMIT 1"),
        ("I1", "ALTER TABLE publication_vouchers DROP CONSTRAINT publication_vouchers_pkey"),
        ("I1", "UPDATE publications SET vouchers_count = 2 WHERE source_id = 's'"),
        ("I1", "DELETE FROM publication_vouchers WHERE code = 'alone'"),
        ("I3", "DROP INDEX publications_source_id; UPDATE publications SET source_id = 's' WHERE result = 'SUCCESS'"),
        ("I4", "UPDATE publications SET first_of_customer = false"),
        ("I4", "DROP INDEX publications_first_of_customer; UPDATE publications SET first_of_customer = true"),
        ("I5", "UPDATE campaign_counters SET published = published + 1"),
        ("I5", "UPDATE campaign_counters SET failures = failures + 1"),
        ("I5", "UPDATE vouchers SET active = true WHERE code = 'off'"),
        ("I5", "DELETE FROM publications WHERE result = 'FAILURE'"),
        ("I5", "UPDATE vouchers SET amount = 1, subtracted = 1 WHERE code = 'off'"),
        ("I6", "UPDATE publication_vouchers SET customer_id = 'cust_other' WHERE code = 'alone'"),
        ("I6", "UPDATE vouchers SET state = 0, holder_id = NULL WHERE code = 'alone'"),
        ("I6", "ALTER TABLE vouchers DROP CONSTRAINT vouchers_holder; UPDATE vouchers SET holder_id = NULL"),
        ("I7", "DELETE FROM customers WHERE source_id = 'd1'"),
        ("I8", "DELETE FROM events WHERE type = 'publication.failed'"),
        ("I9", "DROP INDEX distribution_messages_once"),
        ("I9", "DROP INDEX distribution_messages_once; INSERT INTO distribution_messages (project_id, id,"
               " distribution_id, customer_id, channel, state) SELECT 1, 'm' || n, 'd', 'c', 'email', 'failed'"
               " FROM generate_series(1, 2) n"),
        ("I9", "INSERT INTO distribution_messages (project_id, id, distribution_id, customer_id, channel, state,"
               " publication_id) VALUES (1, 'm', 'd', 'c', 'email', 'accepted', 'pub_gone')"),
        ("I5", "UPDATE vouchers SET held_by = 'distr_1' WHERE code = 'alone'"),
        ("I5", "UPDATE publications SET result = 'HELD' WHERE source_id = 's'"),
        ("I10", "DROP INDEX vouchers_code_key"),
    ],
)  # fmt: skip
async def test_broken_promise_is_found(pool, project, used, invariant, damage):
    await pool.execute(damage)
    assert invariant in await broken(pool, project)


HOURS, DAYS = "publication hours", "publication days"


@pytest.mark.parametrize(
    ("damage", "questions"),
    [
        ("UPDATE publication_hours SET succeeded = succeeded + 1 WHERE campaign_id <> ''", [HOURS, DAYS]),
        ("UPDATE publication_hours SET failed = failed + 1 WHERE campaign_id = ''", [HOURS, DAYS]),
        ("DELETE FROM publication_hours", [HOURS, DAYS]),
        ("UPDATE event_cursors SET xid = '0', seq = 0 WHERE reader = 'hours'", [HOURS]),
        ("UPDATE publication_days SET succeeded = succeeded + 1", [DAYS]),
        ("UPDATE publication_days SET failed = failed + 1 WHERE campaign_id = ''", [DAYS]),
        ("DELETE FROM publication_days", [DAYS]),
        ("UPDATE publication_days SET day = day - 1", [DAYS]),
    ],
)
async def test_counts_by_hour_and_day_that_are_not_those_of_the_publications(
    pool: Pool, project: Project, used: str, damage: str, questions: list[str]
) -> None:
    await pool.execute(
        "INSERT INTO event_cursors (project_id, reader, xid, seq) VALUES ($1, 'hours', '0', 0) ON CONFLICT DO NOTHING",
        project.id,
    )
    assert await broken(pool, project) == set()  # nothing of the log is counted yet
    async with pool.acquire() as connection:
        assert await publication_hours.fold(connection, project, 1_000)
    assert await pool.fetchval("SELECT sum(succeeded + failed) FROM publication_hours") == 9
    assert await broken(pool, project) == set()
    await pool.execute(damage)
    async with pool.acquire() as connection:
        findings = [f async for f in audit.check_project(connection, project.id, project.public_id) if f.rows]
    assert [(f.invariant, f.question) for f in findings] == [("I5", question) for question in questions]
