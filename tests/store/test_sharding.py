"""What `migrate --citus` would run, from the catalogue. Without Citus nobody can run it here."""

import pytest

from largesse.store.cluster import control_tables, shard, sharding
from largesse.store.connection import Pool

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
FOREIGN_KEYS = (
    "SELECT conrelid::regclass::text AS a, confrelid::regclass::text AS b FROM pg_constraint WHERE contype = 'f'"
)


async def test_every_table_of_projects_is_sharded_beside_the_first_one(pool: Pool) -> None:
    async with pool.acquire() as connection:
        (projects, first, *others) = await sharding(connection)
    assert "create_reference_table" in projects[0]
    assert projects[1] == ("projects",)
    assert first[1][1] == "none"
    assert all(statement == first[0] and arguments[1] == first[1][0] for statement, arguments in others)
    assert "'project_id'" in first[0]
    sharded = {first[1][0], *(arguments[0] for _, arguments in others)}
    assert sharded == {row["relname"] for row in await pool.fetch(TABLES)} - set(control_tables())


async def test_a_table_comes_after_those_that_it_refers_to(pool: Pool) -> None:
    async with pool.acquire() as connection:
        order = [arguments[0] for _, arguments in await sharding(connection)]
    for key in await pool.fetch(FOREIGN_KEYS):
        if key["a"] in order and key["b"] in order:
            assert order.index(key["b"]) < order.index(key["a"])


async def test_what_is_sharded_already_stays(pool: Pool) -> None:
    async with pool.acquire() as connection:
        everything = [arguments[0] for _, arguments in await sharding(connection)]
        assert await sharding(connection, frozenset(everything)) == []
        rest = await sharding(connection, frozenset(everything) - {"vouchers"})
    assert [arguments for _, arguments in rest] == [("vouchers", "async_actions")]


@pytest.mark.own_database
async def test_each_table_is_asked_for_once(pool: Pool) -> None:
    """With functions in place of those of Citus, which write down what they are asked for."""
    await pool.execute(
        'CREATE TABLE asked (n serial, what text); CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char");'
        "CREATE FUNCTION create_reference_table(regclass) RETURNS void LANGUAGE sql AS"
        " 'INSERT INTO asked (what) VALUES ($1::text)';"
        "CREATE FUNCTION create_distributed_table(a regclass, b text, colocate_with text) RETURNS void LANGUAGE sql AS"
        " 'INSERT INTO asked (what) VALUES ($1::text)'"
    )
    async with pool.acquire() as connection:
        done = await shard(connection)
    assert [row["what"] for row in await pool.fetch("SELECT what FROM asked ORDER BY n")] == done
    assert done[0] == "projects"
    assert "vouchers" in done
