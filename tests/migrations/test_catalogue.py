"""The rules of the schema, read from PostgreSQL's own catalogue after all migrations."""

import re
from importlib.resources import files

import pytest

from largesse.store.connection import Pool

KEYS_AND_INDEXES = """
SELECT t.relname AS "table", i.relname AS name, a.attname AS first_column
FROM pg_index x
JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
WHERE t.relnamespace = 'public'::regnamespace
"""
FOREIGN_KEYS = """
SELECT t.relname AS "table", c.conname AS name, a.attname AS first_column, f.relname AS refers_to
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_class f ON f.oid = c.confrelid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace
"""
TABLES = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
WITH_PRIMARY_KEY = "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'p'"
TEXT_COLUMNS = """
SELECT table_name || '.' || column_name AS name, collation_name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')
"""
TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
ROUTINES = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


def control_tables() -> set[str]:
    text = (files("largesse.store") / "control_tables.txt").read_text()
    return {line for line in text.splitlines() if line and not line.startswith("#")}


def is_control(table: str) -> bool:
    return table in control_tables()


async def test_the_list_of_control_tables_names_tables_that_exist(pool: Pool) -> None:
    tables = {row["relname"] for row in await pool.fetch(TABLES)}
    assert {name for name in control_tables() if not name.startswith("pgqueuer")} <= tables
    assert tables - control_tables()


async def test_every_key_and_index_of_a_projects_table_starts_with_its_project(pool: Pool) -> None:
    found = [row for row in await pool.fetch(KEYS_AND_INDEXES) if not is_control(row["table"])]
    assert found
    assert [(row["table"], row["name"]) for row in found if row["first_column"] != "project_id"] == []


async def test_every_table_has_a_primary_key(pool: Pool) -> None:
    tables = {row["relname"] for row in await pool.fetch(TABLES) if not is_control(row["relname"])}
    assert tables - {row["conrelid"] for row in await pool.fetch(WITH_PRIMARY_KEY)} == set()


async def test_every_foreign_key_of_a_projects_table_stays_in_the_project(pool: Pool) -> None:
    for row in await pool.fetch(FOREIGN_KEYS):
        if not is_control(row["table"]):
            assert row["first_column"] == "project_id", row["name"]
            assert not is_control(row["refers_to"]), row["name"]


async def test_text_is_ordered_by_code_point_everywhere(pool: Pool) -> None:
    others = [
        row["name"]
        for row in await pool.fetch(TEXT_COLUMNS)
        if row["collation_name"] != "C" and not is_control(row["name"].partition(".")[0])
    ]
    assert others == []


async def test_there_are_no_triggers_and_no_functions_on_a_projects_tables(pool: Pool) -> None:
    """Citus refuses triggers on distributed tables; and a rule that isn't in a statement is one that nobody reads."""
    named = await pool.fetch(TRIGGERS) + await pool.fetch(ROUTINES)
    assert [row[0] for row in named if "pgqueuer" not in row[0]] == []


@pytest.mark.own_database
@pytest.mark.parametrize(
    "breakage",
    [
        "CREATE INDEX stray ON vouchers (code)",
        'CREATE TABLE stray (id text COLLATE "C" PRIMARY KEY, project_id int)',
        "CREATE UNIQUE INDEX stray ON publications (source_id, project_id)",
        "CREATE INDEX stray ON customers (lower(email), project_id)",
    ],
)
async def test_the_check_sees_an_index_that_doesnt_start_with_the_project(pool: Pool, breakage: str) -> None:
    await pool.execute(breakage)
    with pytest.raises(AssertionError):
        await test_every_key_and_index_of_a_projects_table_starts_with_its_project(pool)


def test_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(
        entry.name for entry in (files("largesse.store") / "migrations").iterdir() if entry.name.endswith(".sql")
    )
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)
