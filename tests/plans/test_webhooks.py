"""The log is read on, and deliveries are sent, by index: with statistics at three hundred thousand, and with none."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from largesse.store import deliveries, events
from largesse.store.connection import set_codecs
from tests.databases import execute, with_database
from tests.plans.test_customers import assert_reads
from tests.plans.test_publications import Plans, rows_read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOW = datetime.now(UTC)
EVENTS = "INSERT INTO events (project_id, xid, id, type, entity_id, data) SELECT 1, (n / 1000 + 3)::text::xid8, 'ev_' || n, 'customer.created', 'cust_' || n, '{}' FROM generate_series(1, 300000) n"
DELIVERIES = "INSERT INTO webhook_deliveries (project_id, id, webhook_id, event_id, type, entity_id, xid, seq, part, body, due_at, created_at, status, ended_at) SELECT 1, 'whs_' || n, 'wh_1', 'ev_' || n, 'a', 'cust_' || n % 100000, n::text::xid8, n, 0, '{}', now(), now(), CASE WHEN n % 3 = 0 THEN 'PENDING' ELSE 'DELIVERED' END, CASE WHEN n % 3 > 0 THEN now() END FROM generate_series(1, 300000) n"
REST = """
INSERT INTO projects (id, public_id, name) VALUES (1, 'proj_Plans00000000', 'Plans');
INSERT INTO event_cursors (project_id, reader, xid, seq) VALUES (1, 'webhooks', '200', 5);
INSERT INTO webhook_turns (project_id, webhook_id, due_at) VALUES (1, 'wh_1', now())
"""


@pytest.fixture(scope="module", params=[True, False], ids=["analysed", "without statistics"])
def plans(request: pytest.FixtureRequest, server_url: str, template: str) -> Iterator[Plans]:
    name = f"{template}_webhooks"

    async def build() -> Any:
        await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
        settings = {"plan_cache_mode": "force_custom_plan"}
        connection = await asyncpg.connect(with_database(server_url, name), server_settings=settings)
        await set_codecs(connection)
        for table in ("events", "webhook_deliveries"):
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        for statement in (EVENTS, DELIVERIES, REST):
            await connection.execute(statement)
        if request.param:
            await connection.execute("VACUUM ANALYZE")
        return connection

    with asyncio.Runner() as runner:
        connection = runner.run(build())
        yield Plans(runner, connection)
        runner.run(connection.close())
        runner.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


def test_the_log_is_read_on_from_a_cursor(plans: Plans):
    plans.runner.run(plans.connection.execute(events.SQL["walk"].replace("LOCAL", "")))
    for text, arguments in (("read_events", [50, None]), ("scan_events", [101, ["voucher.created"]])):
        plan = plans.explain(events.SQL[text], [1, "200", 5, *arguments])
        assert rows_read(plan) == arguments[0]
        assert_reads(plan, arguments[0])
    plans.runner.run(plans.connection.execute("RESET enable_bitmapscan"))


def test_who_has_something_to_read_costs_one_look(plans: Plans):
    assert_reads(plans.explain(events.SQL["waiting_projects"], ["webhooks"]), 5)
    assert_reads(plans.explain(events.SQL["is_ahead"], [1, None]), 5)


def test_the_next_deliveries_are_found_by_what_is_due(plans: Plans):
    assert_reads(plans.explain(deliveries.SQL["due_deliveries"], [1, "wh_1", NOW, 64, []]), 200)


def test_what_was_sent_is_written_down_by_key(plans: Plans):
    ids = [f"whs_{n}" for n in range(1, 9)]
    values: list[list[Any]] = [
        ["DELIVERED"] * 8, [None] * 8, [None] * 8, ["accepted"] * 8, [200] * 8, [None] * 8, [""] * 8, [1] * 8, [NOW] * 8,
    ]  # fmt: skip
    assert_reads(plans.explain(deliveries.SQL["record_attempts"], [1, ids, *values, NOW]), 50)


def test_what_waits_behind_is_found_by_its_entity(plans: Plans):
    entities = [f"cust_{n}" for n in range(8)]
    assert_reads(plans.explain(deliveries.SQL["wait_behind"], [1, "wh_1", entities, [NOW] * 8]), 50)
    assert_reads(plans.explain(deliveries.SQL["following"], [1, "wh_1", NOW, entities]), 50)
