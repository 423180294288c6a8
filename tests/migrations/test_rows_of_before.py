"""Migrations that change rows: what they make of those that an older version has written."""

from importlib.resources import files

from largesse.domain.projects import Project
from largesse.store.connection import Pool


def migration(name: str) -> str:
    [found] = [one for one in (files("largesse.store") / "migrations").iterdir() if one.name.endswith(f"_{name}.sql")]
    return found.read_text()


async def test_customers_of_one_import_get_moments_of_their_own(pool: Pool, project: Project) -> None:
    await pool.execute(
        "INSERT INTO customers (project_id, id, source_id, created_at)"
        " SELECT $1, 'cust_' || n, 's' || n, CASE WHEN n <= 5 THEN '2024-01-01'::timestamptz ELSE '2025-01-01' END"
        " FROM generate_series(1, 6) n",
        project.id,
    )
    await pool.execute(migration("customer_moments"))
    rows = await pool.fetch("SELECT id, created_at FROM customers ORDER BY created_at")
    assert [row["id"] for row in rows] == [f"cust_{n}" for n in range(1, 7)]
    assert len({row["created_at"] for row in rows}) == 6
    assert f"{rows[4]['created_at']:%Y-%m-%d %H:%M:%S.%f}" == "2024-01-01 00:00:00.000000"


async def test_suppressed_addresses_are_put_right_once(pool: Pool, project: Project) -> None:
    before = [
        ("email", " ann@example.com "), ("email", "ann@example.com"), ("email", "mailto:bob@example.com?subject=x"),
        ("email", "cy <cy@example.com>"), ("email", "nonsense"), ("email", "cust_1 "), ("sms", "+49 (0)151-1234567"),
        ("sms", "0049151 9876543"), ("sms", "0151/55555"), ("sms", "+1"), ("webhook", "cust_1"),
    ]  # fmt: skip
    for channel, target in before:
        await pool.execute(
            "INSERT INTO suppressions (project_id, channel, target, reason) VALUES ($1, $2, $3, 'by_hand')",
            project.id,
            channel,
            target,
        )
    for _ in range(2):
        await pool.execute(migration("suppressed_contacts"))
    rows = await pool.fetch("SELECT channel, target FROM suppressions ORDER BY channel, target")
    assert [tuple(row) for row in rows] == [
        ("email", "ann@example.com"), ("email", "bob@example.com"), ("email", "cust_1 "), ("email", "cy@example.com"),
        ("email", "nonsense"), ("sms", "+1"), ("sms", "+491511234567"), ("sms", "+491519876543"), ("sms", "015155555"),
        ("webhook", "cust_1"),
    ]  # fmt: skip
