"""The dashboard's pages over HTTP at a million vouchers and publications, as somebody who is signed in gets them."""

import asyncio
import http.client
import json
import os
import time
from typing import Any, Final
from urllib.parse import urlencode

from bench import svg
from bench.campaigns import make_campaign
from bench.database import connected, project_id, without_indexes
from bench.lists import COUNTERS
from bench.report import Report, verdict
from bench.sizes import Sizes
from bench.system import System
from largesse.cli.latency import percentiles_ms

CAMPAIGNS: Final = 10
DAYS: Final = 90
PAGE_MS: Final = 100.0
# Each customer got two codes on average, evenly over ninety days, through four channels; two in a hundred failed.
CUSTOMERS: Final = """
INSERT INTO customers (project_id, id, source_id, name, email, created_at)
SELECT $1, 'cust_p' || lpad(n::text, 23, '0'), 'paged-' || n,
  'Name' || n::bigint * 7919 % 100003 || ' Family' || n::bigint * 104729 % 1000003, 'person' || n || '@example.com',
  now() - ($2::int - n) * interval '90 days' / $2::int
FROM generate_series(0, $2::int - 1) n
"""
PUBLICATIONS: Final = """
INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, source_id, channel,
  vouchers_count, first_code, voucher_type, first_of_customer, failure_code, failure_message, metadata, created_at)
SELECT $1, 'pub_l' || lpad(n::text, 31, '0'), CASE WHEN n % 50 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END,
  ($3::text[])[1 + n % cardinality($3::text[])], 'cust_p' || lpad((n / 2)::text, 23, '0'), 'paged-' || n / 2,
  CASE WHEN n % 3 = 0 THEN 'order-' || n END, ('{API,Dashboard,Export,voucherify-web-ui}'::text[])[1 + n % 7 % 4],
  CASE WHEN n % 50 = 0 THEN 0 ELSE 1 END,
  CASE WHEN n % 50 > 0 THEN 'PAGED-' || upper(substr(md5(n::text), 1, 16)) END,
  'DISCOUNT_VOUCHER', n % 50 > 0 AND n % 2 = 1, CASE WHEN n % 50 = 0 THEN 'voucher_expired' END,
  CASE WHEN n % 50 = 0 THEN 'Voucher cannot be published' END, jsonb_build_object('n', n % 1000),
  now() - ($2::int - n) * interval '90 days' / $2::int
FROM generate_series(0, $2::int - 1) n
"""
VOUCHERS: Final = """
INSERT INTO vouchers (project_id, id, code, code_key, pick_key, type, campaign_id, state, holder_id, publish_count,
  discount, created_at)
SELECT project_id, 'v_' || substr(id, 5), first_code, first_code, 1, voucher_type, campaign_id, 3, customer_id, 1,
  '{"type": "PERCENT", "percent_off": 10}', created_at
FROM publications WHERE project_id = $1 AND first_code IS NOT NULL
"""
LINKS: Final = """
INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id,
  created_at)
SELECT p.project_id, v.id, true, 'rh_' || substr(p.id, 19), p.id, 1, p.first_code, p.customer_id, p.created_at
FROM publications p JOIN vouchers v ON v.project_id = $1 AND v.id = 'v_' || substr(p.id, 5)
WHERE p.project_id = $1
"""
# What the reader of the log would have counted.
HOURS: Final = """
INSERT INTO publication_hours (project_id, hour, campaign_id, channel, succeeded, failed)
SELECT $1, date_trunc('hour', created_at AT TIME ZONE 'UTC'), campaign_id, channel,
  count(*) FILTER (WHERE result = 'SUCCESS'), count(*) FILTER (WHERE result = 'FAILURE')
FROM publications WHERE project_id = $1 GROUP BY 2, 3, 4
"""
DAYS_OF_HOURS: Final = """
INSERT INTO publication_days (project_id, day, campaign_id, channel, succeeded, failed)
SELECT $1, hour::date, campaign_id, channel, sum(succeeded), sum(failed)
FROM publication_hours WHERE project_id = $1 GROUP BY 2, 3, 4
"""
SOMEBODY: Final = """
SELECT holder_id, id, code FROM vouchers WHERE project_id = $1 AND holder_id IS NOT NULL
ORDER BY created_at DESC LIMIT 1
"""


def measure_pages(system: System, report: Report, sizes: Sizes) -> None:
    """In a project of its own: what it fills in has no events."""
    campaigns = [make_campaign(system, f"paged {number}").id for number in range(CAMPAIGNS)]
    started = time.perf_counter()
    project, holder, voucher, code = asyncio.run(_fill(system, project_id(system), sizes.paged, campaigns))
    filled_s = time.perf_counter() - started
    cookie = _sign_in(system)
    load = os.getloadavg()[0]
    report.section(
        f"The dashboard at {sizes.paged:,} publications (filled by SQL in {filled_s:.0f} s; load {load:.1f} then)",
        f"page | p50 ms | p99 ms | max ms | p99 ≤ {PAGE_MS:g}",
    )
    bars: dict[str, float] = {}
    for name, path in pages(campaigns[0], holder, voucher, code).items():
        found = percentiles_ms(_asked(system, f"/app/{project}{path}", cookie, sizes.page_calls))
        bars[name] = found["p99"]
        shown = (f"{found[figure]:.1f}" for figure in ("p50", "p99", "max"))
        report.row(name, *shown, verdict(found["p99"] <= PAGE_MS))
    report.drawing("pages", "Pages of the dashboard", svg.bar_chart("Pages, p99", bars, unit="ms"))
    p99, worst = max((p99, name) for name, p99 in bars.items())
    told = f"p99 at most {p99:.1f} ms ({worst})"
    report.target(f"every page of the dashboard at {sizes.paged:,}", f"p99 ≤ {PAGE_MS:g} ms", told, met=p99 <= PAGE_MS)


def pages(campaign: str, holder: str, voucher: str, code: str) -> dict[str, str]:
    """What is opened, by what it is called."""
    filters = {
        "a campaign": {"campaign": campaign},
        "a code": {"code": code},
        "failures": {"result": "FAILURE"},
        "a channel": {"channel": "Dashboard"},
        "a customer": {"customer": holder},
        "a source id": {"source_id": "order-333"},
        "a reason": {"failure_code": "voucher_expired"},
        "a type": {"voucher_type": "discount"},
        "a day on": {"from": time.strftime("%Y-%m-%d", time.gmtime(time.time() - 7 * 86_400))},
    }
    return {
        **{f"home, {span}": f"?span={span}" for span in ("today", "7", "30", "90")},
        "campaigns": "/campaigns",
        "campaigns, part of a name": "/campaigns?q=aged+7",
        "campaign's history": f"/campaigns/{campaign}",
        "campaign's history, page 100": f"/campaigns/{campaign}?page=100",
        "campaign's vouchers": f"/campaigns/{campaign}/vouchers",
        "campaign's settings": f"/campaigns/{campaign}/settings",
        "publications": "/publications",
        "publications, page 100": "/publications?page=100",
        **{f"publications, {name}": f"/publications?{urlencode(query)}" for name, query in filters.items()},
        "publish": "/publish",
        "vouchers": "/vouchers",
        "vouchers, part of a code": f"/vouchers?q={code[6:11]}",
        "voucher": f"/vouchers/{voucher}",
        "customers": "/customers",
        "customers, part of a name": "/customers?q=family12345",
        "customer": f"/customers/{holder}",
        "distributions": "/distributions",
        "a new distribution": "/distributions/new",
        "exports": "/exports",
        "a new export": "/exports/new?object=publication",
        "imports": "/imports",
        "keys": "/developers",
        "webhooks": "/developers/webhooks",
        "events": "/developers/events",
        "audit": "/developers/audit",
        "API explorer": "/developers/api",
    }


def _sign_in(system: System) -> str:
    """The cookie of the first admin's session."""
    known = json.loads((system.data / "credentials.json").read_text())["dashboard"]
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/app/sign-in", urlencode(known), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return (answer.headers["set-cookie"] or "").partition(";")[0]


def _asked(system: System, path: str, cookie: str, calls: int) -> list[float]:
    """One after the other on one connection, after one that isn't counted."""
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
    latencies: list[float] = []
    try:
        while len(latencies) <= calls:
            started = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            answer.read()
            latencies.append(time.perf_counter() - started)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
    finally:
        connection.close()
    return latencies[1:]


async def _fill(system: System, project: int, count: int, campaigns: list[str]) -> tuple[Any, ...]:
    """Public id of the project, and somebody's voucher."""
    async with connected(system) as connection:
        async with without_indexes(connection):
            await connection.execute(CUSTOMERS, project, count // 2)
            await connection.execute(PUBLICATIONS, project, count, campaigns)
            await connection.execute(VOUCHERS, project)
            await connection.execute("ANALYZE publications, vouchers")  # or one is read whole for each row of the other
            for statement in (LINKS, COUNTERS, HOURS, DAYS_OF_HOURS):
                await connection.execute(statement, project)
        public_id = await connection.fetchval("SELECT public_id FROM projects WHERE id = $1", project)
        return (public_id, *(await connection.fetchrow(SOMEBODY, project) or ()))
