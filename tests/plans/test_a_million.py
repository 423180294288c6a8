"""At a million publications, most of them newer than what is asked for: no list reads or sorts more than it shows."""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from largesse.store import campaigns, customers, vouchers
from largesse.store.connection import API_SETTINGS, set_codecs
from largesse.store.lists import COVERED_MAX, GATHERED_MAX, ListSql, Narrowing
from largesse.store.publications import LIST
from tests.databases import execute, with_database
from tests.plans.test_publications import PROJECT, SMALL, Plans, nodes, one, rows_read

__all__ = ["nodes"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COUNT = 1_000_000
TABLES = ("publications", "vouchers", "customers")
# campaign 0, the rare channel and the only newsletter are all among the oldest twentieth.
PUBLICATIONS = f"""
INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, channel, metadata,
  vouchers_count, first_code, voucher_type, created_at)
SELECT 1, 'pub_' || lpad(n::text, 8, '0'), CASE WHEN n % 50 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END,
  CASE WHEN n < {COUNT} / 20 THEN 'camp_0' ELSE 'camp_' || 1 + n % 9 END,
  CASE WHEN n % 40 > 0 THEN 'cust_' || n % 10000 END, CASE WHEN n % 40 > 0 THEN 'tracked ' || n % 10000 END,
  CASE WHEN n < 2000 THEN 'rare' ELSE 'API' END,
  CASE WHEN n = 500 THEN '{{"source": "newsletter"}}'::jsonb ELSE '{{}}' END,
  CASE WHEN n % 50 = 0 THEN 0 ELSE 1 END, CASE WHEN n % 50 > 0 THEN 'CODE-' || n::bigint * 7919 % {COUNT} END,
  'DISCOUNT_VOUCHER', '2024-01-01'::timestamptz + n * interval '1 second'
FROM generate_series(1, {COUNT}) n
"""
ROWS = (
    "INSERT INTO campaigns (project_id, id, name, campaign_type, type, voucher) SELECT 1, 'camp_' || n, 'campaign ' || n,"
    " 'DISCOUNT_COUPONS', 'STATIC', '{}' FROM generate_series(0, 9) n",
    PUBLICATIONS,
    # Four in five were never changed.
    "INSERT INTO vouchers (project_id, id, code, code_key, pick_key, type, created_at, updated_at) SELECT 1,"
    " 'v_' || lpad(n::text, 6, '0'), 'CODE-' || n, 'CODE-' || n, n, 'DISCOUNT_VOUCHER', now(),"
    " CASE WHEN n % 5 = 0 THEN now() - n * interval '1 second' END FROM generate_series(1, 100000) n",
    "INSERT INTO customers (project_id, id, created_at, updated_at) SELECT 1, 'cust_' || lpad(n::text, 6, '0'), now(),"
    " CASE WHEN n % 5 = 0 THEN now() - n * interval '1 second' END FROM generate_series(1, 100000) n",
)  # fmt: skip


@pytest.fixture(scope="module")
def plans(server_url: str, template: str) -> Iterator[Plans]:
    name = f"{template}_million"

    async def build() -> Any:
        await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
        settings = {**API_SETTINGS, "plan_cache_mode": "force_custom_plan", "statement_timeout": "0"}
        connection = await asyncpg.connect(with_database(server_url, name), server_settings=settings)
        await set_codecs(connection)
        # Filled as they are and indexed afterwards: a third of the time.
        indexes = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY ($1) AND indexname NOT LIKE '%\\_pkey'",
            TABLES,
        )
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['indexname']}")
        for statement in (*ROWS, *(index["indexdef"] for index in indexes), "VACUUM ANALYZE"):
            await connection.execute(statement)
        return connection

    with asyncio.Runner() as runner:
        connection = runner.run(build())
        yield Plans(runner, connection)
        runner.run(connection.close())
        runner.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


def assert_goes_straight(plan: list[Any], rows_max: int, sorted_max: int = 200) -> None:
    assert {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"} <= SMALL
    sorts = [child for node in plan if node["Node Type"] == "Sort" for child in node["Plans"]]
    assert all(child["Actual Rows"] <= sorted_max for child in sorts)
    assert rows_read(plan) <= rows_max


@pytest.mark.parametrize("order", ["id", "voucher_code", "tracking_id", "customer_id", "created_at", "channel"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_no_order_sorts_more_than_a_page(plans: Plans, order: str, sign: str) -> None:
    for offset in (0, 99_900):
        assert_goes_straight(plans.of_page(Narrowing(), sign + order, limit=100, offset=offset), offset + 100)


@pytest.mark.parametrize("order", ["-voucher_code", "-tracking_id"])
def test_a_page_of_unset_values_comes_after_all_others(plans: Plans, order: str) -> None:
    text, arguments = LIST.page_statement(PROJECT, Narrowing(), order, 20, 979_990)
    found = plans.runner.run(plans.connection.fetch(text, *arguments))
    column = LIST.orders[order].partition(" ")[0]
    expected = plans.runner.run(
        plans.connection.fetch(
            f"SELECT id FROM publications p ORDER BY {column} DESC NULLS LAST, id DESC LIMIT 20 OFFSET 979990"
        )
    )
    assert [row["id"] for row in found] == [row["id"] for row in expected]


@pytest.mark.parametrize(
    "narrowing",
    [
        Narrowing({"campaign": "campaign 0"}),
        Narrowing({"campaign": "camp_0"}),
        Narrowing({"parent_object_id": "camp_0"}),
        one("campaign_name", "$is", "campaign 0"),
        one("parent_object_id", "$is", "camp_0"),
    ],
)
def test_an_old_campaign_is_not_looked_for_among_all_that_came_later(plans: Plans, narrowing: Narrowing) -> None:
    assert_goes_straight(plans.of_page(narrowing), 20)
    counted = plans.of_count(narrowing)
    assert all(node.get("Relation Name") != "publications" for node in counted)


@pytest.mark.parametrize(
    "narrowing",
    [one("channel", "$is", "rare"), one("channel", "$in", "rare", "other"), one("channel", "$starts_with", "ra")],
)
def test_few_matches_are_gathered_wherever_they_are(plans: Plans, narrowing: Narrowing) -> None:
    for order in ("-created_at", "-voucher_code", "customer_id"):
        text, arguments = LIST.page_statement(PROJECT, narrowing, order, 10, 0, gathered=True)
        assert_goes_straight(plans.explain(text, arguments), 2_000, sorted_max=2_000)


def test_a_list_gathers_what_its_total_says_is_little(plans: Plans) -> None:
    """Walking from the newest, the only match would be met after nearly a million rows."""

    async def ask(total: int) -> str:
        async with plans.connection.transaction():
            narrowing = one("channel", "$contains", "rar")
            rows = await LIST.rows(
                plans.connection, PROJECT, narrowing, order="-created_at", limit=1, offset=0, total=total
            )
        return str(rows[0]["id"])

    assert plans.runner.run(ask(1_999)) == "pub_00001999"
    assert GATHERED_MAX >= 1_999


@pytest.mark.parametrize("narrowing", [one("tracking_id", "$starts_with", "tracked 1"), one("channel", "$is", "rare")])
def test_many_matches_are_put_in_order_from_their_index_alone(plans: Plans, narrowing: Narrowing) -> None:
    """They may all be old: walking from the newest would pass everything else."""
    assert LIST.gathered_max(narrowing, "-created_at") == COVERED_MAX
    plan = plans.explain(*LIST.page_statement(PROJECT, narrowing, "-created_at", 10, 0, gathered=True))
    (found,) = [node for node in plan if "Scan" in node["Node Type"] and node["Node Type"] != "CTE Scan"]
    assert (found["Node Type"], found["Heap Fetches"]) == ("Index Only Scan", 0)


def test_what_no_index_has_is_gathered_only_while_it_is_little() -> None:
    for narrowing, order in (
        (one("source_id", "$is", "x"), "-created_at"),
        (one("channel", "$contains", "x"), "-created_at"),
        (one("channel", "$is", "x"), "voucher_code"),
        (Narrowing({"result": "SUCCESS"}, one("channel", "$is", "x").filter), "-created_at"),
    ):
        assert LIST.gathered_max(narrowing, order) == GATHERED_MAX
    assert LIST.gathered_max(one("campaign_name", "$is", "x"), "-created_at") == 0


@pytest.mark.parametrize("order", ["code", "-code"])
def test_a_deep_page_by_code_visits_the_vouchers_of_the_page_only(plans: Plans, order: str) -> None:
    plan = plans.explain(*vouchers.LIST.page_statement(PROJECT, Narrowing(), order, 100, 90_000))
    (walked,) = [node for node in plan if node["Node Type"] == "Index Only Scan" and node["Actual Rows"] > 100]
    assert (walked["Index Name"], walked["Heap Fetches"]) == ("vouchers_code_key", 0)
    rest = [node for node in plan if "Scan" in node["Node Type"] and node is not walked]
    assert all(node["Actual Rows"] * node["Actual Loops"] <= 100 for node in rest)


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("listed", "table"), [(vouchers.LIST, "vouchers"), (customers.LIST, "customers")])
def test_the_last_changes_are_walked_in_order(plans: Plans, listed: ListSql, table: str, sign: str) -> None:
    for offset in (0, 15_000):
        text, arguments = listed.page_statement(PROJECT, Narrowing(), f"{sign}updated_at", 10, offset)
        assert_goes_straight(plans.explain(text, arguments), offset + 10)
    # Behind the changed ones stand the others, by id.
    text, arguments = listed.page_statement(PROJECT, Narrowing(), f"{sign}updated_at", 2, 19_999)
    (changed, other) = plans.runner.run(plans.connection.fetch(text, *arguments))
    assert (changed["updated_at"] is None, other["updated_at"]) == (False, None)
    assert int(other["id"].partition("_")[2]) == (1 if sign == "" else 99_999), table


def test_campaigns_are_listed_by_their_last_change(plans: Plans) -> None:
    text, arguments = campaigns.LIST.page_statement(PROJECT, Narrowing(), "-updated_at", 20, 0)
    assert len(plans.runner.run(plans.connection.fetch(text, *arguments))) == 10


@pytest.mark.own_database
async def test_without_statistics_one_voucher_is_found_by_its_key(pool: Any) -> None:
    await pool.execute("ALTER TABLE vouchers SET (autovacuum_enabled = off)")
    await pool.execute(
        "INSERT INTO vouchers (project_id, id, code, code_key, pick_key, type) SELECT 1, 'v_' || n, 'C' || n, 'C' || n, n,"
        " 'DISCOUNT_VOUCHER' FROM generate_series(1, 20000) n"
    )
    for name, arguments in (
        ("get_voucher", [1, None, "v_77"]),
        ("get_voucher", [1, "C77", "C77"]),
        ("lock_voucher", [1, "C77", "C77", False]),
        ("set_voucher_active", [1, "v_77", False]),
    ):
        async with pool.acquire() as connection:
            explained = await connection.fetchval(
                f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {vouchers.SQL[name]}", *arguments
            )
        assert rows_read(list(nodes(_loaded(explained)))) <= 2, name


def _loaded(explained: str) -> Any:
    import json

    return json.loads(explained)[0]["Plan"]
