"""Customers find what is theirs through an index: with statistics at a hundred thousand, and with none at all."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from largesse.domain.activity import CATEGORIES
from largesse.domain.projects import Project
from largesse.store import activity, customers, redeemables, vouchers
from largesse.store.connection import set_codecs
from largesse.store.lists import Narrowing
from tests.databases import execute, with_database
from tests.plans.test_publications import Plans, rows_read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROJECT = Project(id=1, public_id="proj_Plans00000000", name="Plans")
CUSTOMERS = "INSERT INTO customers (project_id, id, source_id) SELECT 1, 'cust_' || md5(n::text), CASE WHEN n % 10 > 0 THEN 's' || n END FROM generate_series(1, 50000) n"
# Two hundred thousand events, of which each customer has one of its own and three of publications.
EVENTS = "INSERT INTO events (project_id, id, type, entity_id, data) SELECT 1, 'ev_' || n || k, CASE k WHEN 0 THEN 'customer.created' ELSE 'publication.succeeded' END, CASE k WHEN 0 THEN 'cust_' ELSE 'pub_' || k END || md5(n::text), '{}' FROM generate_series(1, 50000) n, generate_series(0, 3) k"
PUBLICATIONS = "INSERT INTO publications (project_id, id, result, customer_id, channel, vouchers_count, first_code) SELECT 1, 'pub_' || k || md5(n::text), 'SUCCESS', 'cust_' || md5(n::text), 'API', 1, 'C' || n || k FROM generate_series(1, 50000) n, generate_series(1, 3) k"
VOUCHERS = "INSERT INTO vouchers (project_id, id, code, code_key, pick_key, type, state, holder_id) SELECT 1, 'v_' || first_code, first_code, first_code, 1, CASE WHEN id LIKE 'pub\\_1%' THEN 'GIFT_VOUCHER' ELSE 'DISCOUNT_VOUCHER' END, 3, customer_id FROM publications"
LINKS = "INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id) SELECT 1, 'v_' || first_code, true, 'rh_' || id, id, 1, first_code, customer_id FROM publications"
TRANSACTIONS = "INSERT INTO voucher_transactions (project_id, id, voucher_id, type, amount, total, balance) SELECT 1, 'vtx_' || id, id, 'CREDITS_ADDITION', 1, 1, 1 FROM vouchers WHERE type = 'GIFT_VOUCHER'"
ONE = "cust_c4ca4238a0b923820dcc509a6f75849b"  # md5 of 1


@pytest.fixture(scope="module", params=[True, False], ids=["analysed", "without statistics"])
def plans(request: pytest.FixtureRequest, server_url: str, template: str) -> Iterator[Plans]:
    name = f"{template}_customers"

    async def build() -> Any:
        await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
        settings = {"plan_cache_mode": "force_custom_plan"}
        connection = await asyncpg.connect(with_database(server_url, name), server_settings=settings)
        await set_codecs(connection)
        for table in (
            "customers",
            "events",
            "publications",
            "vouchers",
            "publication_vouchers",
            "voucher_transactions",
        ):
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        for statement in (CUSTOMERS, EVENTS, PUBLICATIONS, VOUCHERS, LINKS, TRANSACTIONS):
            await connection.execute(statement)
        if request.param:
            await connection.execute("VACUUM ANALYZE")
        return connection

    with asyncio.Runner() as runner:
        connection = runner.run(build())
        yield Plans(runner, connection)
        runner.run(connection.close())
        runner.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


def assert_reads(plan: list[Any], rows_max: int) -> None:
    assert [
        node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan" and node["Actual Rows"] > rows_max
    ] == []
    assert rows_read(plan) <= rows_max, json.dumps(plan)[:2000]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("after", [None, "ev_10"])
def test_an_activity_reads_what_the_customer_did(plans: Plans, newest_first: bool, after: str | None):
    arguments = [1, ONE, list(CATEGORIES), None, None, None, None, after, 11]
    assert_reads(plans.explain(activity.STATEMENTS[newest_first], arguments), 20)


def test_names_lead_to_customers_one_by_one(plans: Plans):
    names = [f"s{n}" for n in range(1, 1000)] + [ONE]
    for statement in ("lock_customers", "find_ids"):
        assert_reads(plans.explain(customers.SQL[statement], [1, names]), 1000)


def test_many_customers_are_changed_by_their_keys(plans: Plans):
    ids = plans.runner.run(plans.connection.fetch("SELECT id FROM customers LIMIT 1000"))
    rows = [{"id": row["id"], "metadata": {"seen": True}} for row in ids]
    assert_reads(plans.explain(customers.SQL["update_customers"], [1, rows]), 2000)


@pytest.mark.parametrize("name", [ONE, "s77", "nobody"])
def test_one_customer_is_found_by_either_name(plans: Plans, name: str):
    assert_reads(plans.explain(customers.SQL["find_customer"], [1, name]), 2)


def test_balances_are_read_from_the_cards_alone(plans: Plans):
    assert_reads(plans.explain(customers.SQL["cards_of_customers"], [1, [ONE]]), 2)


def test_a_wallet_reads_its_own_links(plans: Plans):
    narrowing = Narrowing({"customer": ONE})
    assert_reads(plans.explain(*redeemables.LIST.page_statement(PROJECT, narrowing, "-id", 11, 0)), 10)


@pytest.mark.parametrize("order", ["source_id", "-source_id"])
def test_the_order_of_source_ids_walks_their_index(plans: Plans, order: str):
    plan = plans.explain(*customers.LIST.page_statement(PROJECT, Narrowing(), order, 10, 0))
    walked = [node for node in plan if node.get("Index Name") == "customers_source_id"]
    assert walked
    assert all(node["Actual Rows"] <= 20 for node in walked)


@pytest.mark.parametrize("plans", [True], indirect=True, ids=["analysed"])
@pytest.mark.parametrize("order", ["created_at", "-created_at", "source_id"])
def test_a_page_after_a_row_is_read_from_its_place(plans: Plans, order: str):
    """Not from the beginning of the list."""
    after = plans.runner.run(customers.LIST._place(plans.connection, PROJECT, order, ONE))
    page = customers.LIST.page_statement(PROJECT, Narrowing(), order, 11, 0, after=after)
    assert_reads(plans.explain(*page), 60)


@pytest.mark.parametrize("plans", [True], indirect=True, ids=["analysed"])
@pytest.mark.parametrize("order", ["created_at", "-created_at", "code", "-code"])
def test_a_page_of_codes_after_a_code_is_read_from_its_place(plans: Plans, order: str):
    id_ = plans.runner.run(plans.connection.fetchval("SELECT id FROM vouchers ORDER BY code_key OFFSET 70000 LIMIT 1"))
    after = plans.runner.run(vouchers.LIST._place(plans.connection, PROJECT, order, id_))
    page = vouchers.LIST.page_statement(PROJECT, Narrowing(), order, 11, 0, after=after)
    assert_reads(plans.explain(*page), 60)
