"""Lists over HTTP at five million publications, each page with its exact total."""

import asyncio
import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from bench import svg
from bench.campaigns import make_campaign
from bench.database import connected, project_id, without_indexes
from bench.report import Report, verdict
from bench.sizes import Sizes
from bench.system import System
from largesse.cli.latency import percentiles_ms

CAMPAIGNS: Final = 50
FEW: Final = 10_000
MANY: Final = 100_000
CUSTOMERS_SHARE: Final = 10
PAGE_1_MS: Final = 25.0
MANY_MS: Final = 100.0
DEEP_MS: Final = 50.0
SEARCH_MS: Final = 2_100.0
"""The two seconds of the server, and what stands around them."""
PROMISES: Final = {
    PAGE_1_MS: "page 1 unfiltered, by campaign, by filters that match up to 10,000",
    MANY_MS: "filters that match 100,000",
    DEEP_MS: "page 1000 of 100",
    SEARCH_MS: "$contains, $ends_with, negations, metadata end in an answer or a clear error",
}
ORDERS: Final = ("-id", "voucher_code", "tracking_id", "-tracking_id", "customer_id", "channel")
SLOW_CALLS: Final = 5
SLOW_S: Final = 2.0
"""What takes longer than a list should is asked a few times only."""

# $1 project, $2 how many, $3 ids of the campaigns, $4 how many are few and $5 many. Two in a hundred failed. Two
# channels are there to be found, `few` and `many`, and a hundred for the rest.
CUSTOMERS: Final = """
INSERT INTO customers (project_id, id, source_id, name)
SELECT $1, 'cust_l' || lpad(n::text, 23, '0'), 'listed-' || n, 'Listed' FROM generate_series(0, $2::int - 1) n
"""
PUBLICATIONS: Final = """
INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, source_id, channel,
  vouchers_count, first_code, voucher_type, first_of_customer, failure_code, failure_message, metadata, created_at)
SELECT $1, 'pub_l' || lpad(n::text, 31, '0'), CASE WHEN n % 50 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END,
  ($3::text[])[1 + n % cardinality($3::text[])], 'cust_l' || lpad((n / 10)::text, 23, '0'), 'listed-' || n / 10,
  CASE WHEN n % 3 = 0 THEN 'order-' || n END,
  CASE WHEN n % ($2 / $4) = 0 THEN 'few' WHEN n % ($2 / $5) = 1 THEN 'many'
    ELSE 'channel ' || n % 97 END,
  CASE WHEN n % 50 = 0 THEN 0 ELSE 1 END,
  CASE WHEN n % 50 > 0 THEN 'LISTED-' || lpad((n::bigint * 7919 % $2)::text, 10, '0') END,
  'DISCOUNT_VOUCHER', n % 50 > 0, CASE WHEN n % 50 = 0 THEN 'voucher_expired' END,
  CASE WHEN n % 50 = 0 THEN 'Voucher cannot be published' END, jsonb_build_object('n', n % 1000),
  now() - ($2::int - n) * interval '1 second'
FROM generate_series(0, $2::int - 1) n
"""
VOUCHERS: Final = """
INSERT INTO vouchers (project_id, id, code, code_key, pick_key, type, campaign_id, state, holder_id, publish_count,
  discount, created_at)
SELECT project_id, 'v_' || substr(id, 5), first_code, first_code, 1,
  voucher_type, campaign_id, 3, customer_id, 1, '{"type": "PERCENT", "percent_off": 10}', created_at
FROM publications WHERE project_id = $1 AND id LIKE 'pub\\_l%' AND first_code IS NOT NULL
"""
LINKS: Final = """
INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id,
  created_at)
SELECT project_id, 'v_' || substr(id, 5), true, 'rh_' || substr(id, 19), id, 1, first_code, customer_id, created_at
FROM publications WHERE project_id = $1 AND id LIKE 'pub\\_l%' AND first_code IS NOT NULL
"""
COUNTERS: Final = """
INSERT INTO campaign_counters AS k (project_id, campaign_id, vouchers, published, publications, failures)
SELECT $1, campaign_id, count(*) FILTER (WHERE result = 'SUCCESS'), count(*) FILTER (WHERE result = 'SUCCESS'),
  count(*) FILTER (WHERE result = 'SUCCESS'), count(*) FILTER (WHERE result = 'FAILURE')
FROM publications WHERE project_id = $1 AND id LIKE 'pub\\_l%' GROUP BY campaign_id
ON CONFLICT (project_id, campaign_id) DO UPDATE SET vouchers = excluded.vouchers, published = excluded.published,
  publications = excluded.publications, failures = excluded.failures
"""


class Asked(NamedTuple):
    """`p99_max_ms`: what was promised."""

    query: Mapping[str, Any]
    p99_max_ms: float


def measure_lists(system: System, report: Report, sizes: Sizes) -> None:
    """After the audit: what it fills in has no events."""
    names = [f"listed {number}" for number in range(CAMPAIGNS)]
    campaigns = [make_campaign(system, name).id for name in names]
    started = time.perf_counter()
    asyncio.run(_fill(system, project_id(system), sizes.listed, campaigns))
    filled_s = time.perf_counter() - started
    report.section(
        f"Lists at {sizes.listed:,} publications (filled by SQL in {filled_s:.0f} s)",
        "list | total | p50 ms | p99 ms | max ms | p99 wanted",
    )
    bars: dict[str, float] = {}
    asked = queries(names[0], *few_and_many(sizes.listed))
    for name, (query, p99_max_ms) in asked.items():
        latencies, answer = _asked(system, query, sizes.list_calls)
        found = percentiles_ms(latencies)
        wanted = f"{p99_max_ms:g}: {verdict(found['p99'] <= p99_max_ms)}"
        report.row(name, answer, *(f"{found[figure]:.1f}" for figure in ("p50", "p99", "max")), wanted)
        bars[name] = found["p99"]
    report.drawing("lists", "Lists", svg.bar_chart("Lists, p99", bars, unit="ms"))
    for limit, what in PROMISES.items():
        p99, worst = max((bars[name], name) for name, one in asked.items() if one.p99_max_ms == limit)
        told = f"p99 at most {p99:.1f} ms ({worst})"
        report.target(f"lists at {sizes.listed:,}, with total: {what}", f"p99 ≤ {limit:g} ms", told, met=p99 <= limit)


def few_and_many(count: int) -> tuple[int, int]:
    """How many publications of `count` the two channels have that are to be found."""
    return min(FEW, count // 20), min(MANY, count // 4)


def queries(campaign: str, few: int, many: int) -> dict[str, Asked]:
    """What is asked, by what it is called."""

    def where(field: str, operator: str, value: str, **more: Any) -> dict[str, Any]:
        return {f"filters[{field}][conditions][{operator}][0]": value, **more}

    deep = {"limit": 100, "page": 1000}
    asked: dict[float, dict[str, Mapping[str, Any]]] = {
        PAGE_1_MS: {
            "page 1": {},
            "page 1, 100 a page": {"limit": 100},
            "page 1 of a campaign": {"campaign": campaign},
            "page 1 of a customer": {"customer": "listed-77"},
            f"page 1, a channel with {few:,}": where("channel", "$is", "few"),
            "page 1, a campaign's name": where("campaign_name", "$is", campaign),
            "page 1, a code": where("voucher_code", "$is", "LISTED-0000007919"),
            "page 1, a source_id": where("source_id", "$is", "order-333"),
            "page 1, beginning of a tracking id": where("tracking_id", "$starts_with", "listed-777"),
        },
        MANY_MS: {
            "page 1, a failure code": where("failure_code", "$is", "voucher_expired"),
            f"page 1, a channel with {many:,}": where("channel", "$is", "many"),
            "page 1, beginning of many tracking ids": where("tracking_id", "$starts_with", "listed-7"),
        },
        DEEP_MS: {
            "page 1000, 100 a page": deep,
            **{f"page 1000, 100 a page, by {order}": {**deep, "order": order} for order in ORDERS},
        },
        SEARCH_MS: {
            "$contains": where("tracking_id", "$contains", "777"),
            "$contains, of codes": where("voucher_code", "$contains", "777"),
            "$ends_with": where("voucher_code", "$ends_with", "777"),
            "$is_not": where("channel", "$is_not", "many"),
            "metadata": where("metadata.n", "$is", "7"),
        },
    }
    return {name: Asked(query, limit) for limit, named in asked.items() for name, query in named.items()}


def _asked(system: System, query: Mapping[str, Any], calls: int) -> tuple[list[float], str]:
    """One after the other on one connection, after one that isn't counted. Latencies, and what was answered."""
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
    headers = {"X-App-Id": system.key["id"], "X-App-Token": system.key["token"]}
    latencies: list[float] = []
    try:
        while len(latencies) <= calls:
            started = time.perf_counter()
            connection.request("GET", f"/v1/publications?{urlencode(query)}", headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            latencies.append(time.perf_counter() - started)
            if len(latencies) > SLOW_CALLS and sum(latencies) > SLOW_S * SLOW_CALLS:
                break
    finally:
        connection.close()
    body = json.loads(text)
    if answer.status == 200:
        return latencies[1:], f"{body['total']:,}"
    return latencies[1:], f"{answer.status}: {body['message']}"


async def _fill(system: System, project: int, count: int, campaigns: list[str]) -> None:
    async with connected(system) as connection, without_indexes(connection):
        await connection.execute(CUSTOMERS, project, count // CUSTOMERS_SHARE + 1)
        await connection.execute(PUBLICATIONS, project, count, campaigns, *few_and_many(count))
        for statement in (VOUCHERS, LINKS, COUNTERS):
            await connection.execute(statement, project)
