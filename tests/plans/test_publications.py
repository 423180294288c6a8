"""At a hundred thousand publications: each order and each filter by equality finds its rows through an index."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import asyncpg
import pytest

from largesse.domain.filters import Condition, Filter, Value
from largesse.domain.projects import Project
from largesse.store.connection import set_codecs
from largesse.store.lists import Narrowing
from largesse.store.publications import LIST
from largesse.store.vouchers import LIST as VOUCHERS_LIST
from tests.databases import execute, with_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COUNT = 100_000
PROJECT = Project(id=1, public_id="proj_Plans00000000", name="Plans")
SMALL = {"campaigns", "campaign_counters", "categories"}  # a page or two: no index is faster
CAMPAIGNS = "INSERT INTO campaigns (project_id, id, name, campaign_type, type, voucher) SELECT 1, 'camp_' || n, 'campaign ' || n, 'DISCOUNT_COUPONS', 'STATIC', '{}' FROM generate_series(0, 49) n"
# Two in a hundred are failures, one in a thousand is about a loyalty card; some have no customer, source or code.
PUBLICATIONS = f"""
INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, source_id, channel,
  vouchers_count, first_code, voucher_type, is_referral_code, failure_code, created_at)
SELECT 1, 'pub_' || lpad(n::text, 8, '0'), CASE WHEN n % 50 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END,
  CASE WHEN n % 5 > 0 THEN 'camp_' || n % 50 END, CASE WHEN n % 40 > 0 THEN 'cust_' || n % 10000 END,
  CASE WHEN n % 30 > 0 THEN 'tracked ' || n % 10000 END, CASE WHEN n % 3 = 0 THEN 'source ' || n END, 'channel ' || n % 1000,
  CASE WHEN n % 50 = 0 THEN 0 ELSE 1 END, CASE WHEN n % 50 > 0 THEN 'CODE-' || n * 7919 % {COUNT} END,
  CASE WHEN n % 1000 = 0 THEN 'LOYALTY_CARD' ELSE 'DISCOUNT_VOUCHER' END, n % 2000 = 0,
  CASE WHEN n % 50 = 0 THEN 'failure_' || n % 20 END, '2024-01-01'::timestamptz + n * interval '1 minute'
FROM generate_series(1, {COUNT}) n
"""
CUSTOMERS = "INSERT INTO customers (project_id, id, source_id) SELECT 1, 'cust_' || n, 'tracked ' || n FROM generate_series(0, 9999) n"
VOUCHERS = "INSERT INTO vouchers (project_id, id, code, code_key, pick_key, type, state, holder_id, created_at) SELECT 1, 'v_' || id, first_code, first_code, 1, voucher_type, 3, coalesce(customer_id, 'nobody'), created_at FROM publications WHERE first_code IS NOT NULL"
LINKS = "INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id) SELECT 1, 'v_' || id, true, 'rh_' || id, id, 1, first_code, customer_id FROM publications WHERE first_code IS NOT NULL"


class Plans(NamedTuple):
    runner: asyncio.Runner
    connection: Any

    def of_page(self, narrowing: Narrowing, order: str = "-created_at", limit: int = 10, offset: int = 0) -> list[Any]:
        return self.explain(*LIST.page_statement(PROJECT, narrowing, order, limit, offset))

    def of_count(self, narrowing: Narrowing) -> list[Any]:
        return self.explain(*LIST.count_statement(PROJECT, narrowing))

    def explain(self, text: str, arguments: list[Any]) -> list[Any]:
        """Every node of the plan that really ran."""
        explained = self.runner.run(
            self.connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}", *arguments)
        )
        return list(nodes(json.loads(explained)[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if plan.get("Actual Loops", 1):
        yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def rows_read(plan: list[Any]) -> int:
    """How many rows or index entries the largest scan had in its hands."""
    return max(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in plan
        if "Scan" in node["Node Type"]
    )


def assert_index_only_ways(plan: list[Any], rows_max: int) -> None:
    """No table is read from end to end, nothing large is sorted, and about as much is read as there is to find."""
    assert {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"} <= SMALL
    sorts = [node for node in plan if node["Node Type"] == "Sort"]
    assert all(child["Actual Rows"] <= rows_max for node in sorts for child in node["Plans"])
    assert rows_read(plan) <= rows_max


@pytest.fixture(scope="module")
def plans(server_url: str, template: str) -> Iterator[Plans]:
    name = f"{template}_plans"

    async def build() -> Any:
        await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
        connection = await asyncpg.connect(
            with_database(server_url, name), server_settings={"plan_cache_mode": "force_custom_plan"}
        )
        await set_codecs(connection)
        for statement in (CAMPAIGNS, CUSTOMERS, PUBLICATIONS, VOUCHERS, LINKS):
            await connection.execute(statement)
        await connection.execute("VACUUM ANALYZE")
        return connection

    with asyncio.Runner() as runner:
        connection = runner.run(build())
        yield Plans(runner, connection)
        runner.run(connection.close())
        runner.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


def one(field: str, operator: str, *values: Value) -> Narrowing:
    return Narrowing({}, Filter((Condition(field, operator, values),)))


@pytest.mark.parametrize("order", ["id", "voucher_code", "tracking_id", "customer_id", "created_at", "channel"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_each_order_walks_an_index(plans: Plans, order: str, sign: str):
    assert_index_only_ways(plans.of_page(Narrowing(), sign + order), 20)
    assert_index_only_ways(plans.of_page(Narrowing(), sign + order, limit=100, offset=9900), 20_000)


# Field, value, and how many rows it matches.
EQUAL: list[tuple[str, Value, int]] = [
    ("failure_code", "failure_0", 1_000),
    ("result", "FAILURE", 2_000),
    ("customer_id", "cust_77", 10),
    ("campaign_name", "campaign 7", 2_000),
    ("voucher_type", "LOYALTY_CARD", 100),
    ("is_referral_code", True, 50),
    ("parent_object_id", "camp_7", 2_000),
    ("related_object_id", "v_pub_00000077", 1),
    ("source_id", "source 33", 1),
    ("id", "pub_00000077", 1),
    ("voucher_code", "CODE-7919", 1),
    ("tracking_id", "tracked 77", 10),
    ("channel", "channel 77", 100),
]


@pytest.mark.parametrize(("field", "value", "matches"), EQUAL)
def test_each_filter_by_equality_reads_what_it_finds(plans: Plans, field: str, value: Value, matches: int):
    asked = [one(field, "$is", value)]
    if field not in {"result", "is_referral_code"}:  # what a partial index is about has to be asked for alone
        asked.append(one(field, "$in", value, "nothing"))
    for narrowing in asked:
        assert_index_only_ways(plans.of_page(narrowing), matches + 10)
        counted = plans.of_count(narrowing)
        assert_index_only_ways(counted, matches + 10)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_id", "source 333"),
        ("customer_id", "cust_777"),
        ("tracking_id", "tracked 777"),
        ("channel", "channel 77"),
        ("id", "pub_0000007"),
    ],
)
def test_each_prefix_reads_what_it_finds(plans: Plans, field: str, value: Value):
    assert_index_only_ways(plans.of_count(one(field, "$starts_with", value)), 1_500)


@pytest.mark.parametrize("value", ["SUCCESS", "DISCOUNT_VOUCHER", False])
def test_what_nearly_all_have_is_walked_in_order(plans: Plans, value: Value):
    field = {"SUCCESS": "result", "DISCOUNT_VOUCHER": "voucher_type", False: "is_referral_code"}[value]
    assert_index_only_ways(plans.of_page(one(field, "$is", value)), 30)


def test_any_of_several_fields_reads_what_it_finds(plans: Plans):
    """Each arm has its index."""
    arms = (Condition("customer_id", "$is", ("cust_77",)), Condition("source_id", "$is", ("source 33",)))
    assert_index_only_ways(plans.of_page(Narrowing({}, Filter(arms, any_of=True))), 30)


@pytest.mark.parametrize(
    "given",
    [
        {"source_id": "source 33"}, {"voucher": "CODE-7919"}, {"voucher_id": "v_pub_00000077"}, {"customer": "cust_77"},
        {"voucher_type": "LOYALTY_CARD"}, {"is_referral_code": True}, {"result": "FAILURE"}, {"campaign": "campaign 7"},
    ],
)  # fmt: skip
def test_plain_parameters_read_what_they_find(plans: Plans, given: dict[str, Any]):
    for plan in (plans.of_page(Narrowing(given)), plans.of_count(Narrowing(given))):
        assert_index_only_ways(plan, 2_010)


@pytest.mark.parametrize("order", ["created_at", "-created_at", "code", "-code"])
def test_vouchers_are_walked_in_order_too(plans: Plans, order: str):
    text, arguments = VOUCHERS_LIST.page_statement(PROJECT, Narrowing(), order, 10, 0)
    assert_index_only_ways(plans.explain(text, arguments), 20)


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "v_pub_00000077"), ("code", "CODE-7919"), ("holder_id", "cust_77"), ("campaign_ids", "c")],
)
def test_vouchers_are_found_by_their_ids_and_codes(plans: Plans, field: str, value: Value):
    narrowing = one(field, "$is", value)
    for text, arguments in (
        VOUCHERS_LIST.page_statement(PROJECT, narrowing, "-created_at", 10, 0),
        VOUCHERS_LIST.count_statement(PROJECT, narrowing),
    ):
        assert_index_only_ways(plans.explain(text, arguments), 20)
