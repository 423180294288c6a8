"""Exports, imports and filters, measured in this process against the system's own database."""

import asyncio
import http.client
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final

import asyncpg

from bench.generation import MEMORY_MAX_MB, SHARE_MIN
from bench.report import Report
from bench.sizes import Sizes
from bench.system import System, pss_mb
from largesse.domain.publications import FILTERS
from largesse.runtime.database import running_url
from largesse.runtime.directory import DataDirectory
from largesse.wire.filters import read_filter
from largesse.wire.lists import Query

# What an export's default fields stand for in the table, in the export's order.
BARE: Final = """
SELECT first_code, customer_id, created_at, channel FROM publications
WHERE project_id = $1 AND result <> 'HELD' ORDER BY created_at DESC, id DESC
"""
FILL: Final = """
INSERT INTO publications (project_id, id, result, customer_id, channel, vouchers_count, first_code, created_at)
SELECT $1, 'pub_bench' || lpad(n::text, 23, '0'), 'SUCCESS', 'cust_bench' || lpad((n % 100000)::text, 14, '0'), 'API',
  1, 'BENCH' || n, now() + n * interval '1 millisecond'
FROM generate_series(1, $2::int) AS n
"""
QUERY: Final = (
    "limit=100&page=1&filters[campaign_name][conditions][$is]=Spring&filters[created_at][conditions][$after]=2026-01-01"
)
PARSES: Final = 5_000
POLL_S: Final = 0.02


def measure_bulk(system: System, report: Report, sizes: Sizes) -> None:
    asyncio.run(_exports(system, report, sizes.exported, sizes.repeats))
    _imports(system, report, sizes.imported)
    report.row("parsing the query of a filtered list", f"{_parse_us():.0f} µs")


async def _exports(system: System, report: Report, count: int, repeats: int) -> None:
    url = await running_url(DataDirectory(system.data))
    connection = await asyncpg.connect(url)
    try:
        project_id = await connection.fetchval("SELECT project_id FROM api_keys WHERE app_id = $1", system.key["id"])
        await connection.execute(FILL, project_id, count, timeout=600)
        await connection.execute("VACUUM ANALYZE publications", timeout=600)
        bare, ours, peaks = [], [], []
        for _ in range(repeats):
            started = time.perf_counter()
            await connection.copy_from_query(BARE, project_id, output=_away, format="csv", timeout=600)
            bare.append(time.perf_counter() - started)
            seconds, peak = await asyncio.to_thread(_export, system)
            ours.append(seconds)
            peaks.append(peak)
    finally:
        await connection.close()
    share, peak = median(bare) / median(ours), max(peaks)
    report.row(f"bare COPY TO STDOUT of {count:,} publications", f"{median(bare):.2f} s")
    report.row(
        f"export of {count:,} publications, from the request to DONE",
        f"{median(ours):.2f} s: {share:.2f} of the bare rate; job process ≤ {peak:.0f} MB",
    )
    what = f"{count:,} publications exported"
    report.target(what, f"≥ {SHARE_MIN:g} × a bare COPY TO STDOUT", f"{share:.2f} ×", met=share >= SHARE_MIN)
    report.target("the same", f"job process ≤ {MEMORY_MAX_MB:g} MB", f"{peak:.0f} MB", met=peak <= MEMORY_MAX_MB)


async def _away(_data: bytes) -> None:
    pass


def _export(system: System) -> tuple[float, float]:
    """Seconds, and the largest memory of the job process meanwhile, in MB."""
    jobs = system.processes()["jobs"]
    started = time.perf_counter()
    id_ = _called(system, "POST", "/v1/exports", {"exported_object": "publication"})["id"]
    peak = 0.0
    while _called(system, "GET", f"/v1/exports/{id_}")["status"] != "DONE":
        peak = max(peak, sum(pss_mb(pid) for pid in jobs))
        time.sleep(POLL_S)
    return time.perf_counter() - started, peak


def _imports(system: System, report: Report, count: int) -> None:
    voucher = {"discount": {"type": "PERCENT", "percent_off": 10}}
    _called(system, "POST", "/v1/campaigns", {"name": "imported", "voucher": voucher})
    rows = [{"code": f"JSON-{n}"} for n in range(count)]
    in_json = _imported(system, lambda: _called(system, "POST", "/v1/campaigns/imported/import", rows))
    lines = "".join(f"CSV-{n}\r\n" for n in range(count))
    in_csv = _imported(system, lambda: _upload(system, "/v1/campaigns/imported/importCSV", "Code\r\n" + lines))
    report.row(f"import of {count:,} codes in JSON, from the request to DONE", f"{in_json:.1f} s")
    report.row(f"import of {count:,} codes in CSV, from the request to DONE", f"{in_csv:.1f} s")


def _imported(system: System, send: Callable[[], dict[str, Any]]) -> float:
    started = time.perf_counter()
    id_ = send()["async_action_id"]
    while (action := _called(system, "GET", f"/v1/async-actions/{id_}"))["status"] != "DONE":
        time.sleep(POLL_S)
    if action["result"]["failed_count"]:
        raise RuntimeError(f"the import went wrong: {action['result']['message']}")
    return time.perf_counter() - started


def _called(system: System, method: str, path: str, body: Any = None) -> dict[str, Any]:
    status, answer = system.call(method, path, body)
    if status not in {200, 202}:
        raise RuntimeError(f"{method} {path} was refused: {answer}")
    found: dict[str, Any] = answer
    return found


def _upload(system: System, path: str, text: str) -> dict[str, Any]:
    head = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
    headers = {"X-App-Id": system.key["id"], "X-App-Token": system.key["token"]}
    headers["Content-Type"] = "multipart/form-data; boundary=b"
    connection.request("POST", path, f"{head}{text}\r\n--b--\r\n".encode(), headers)
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _parse_us() -> float:
    started = time.perf_counter()
    for _ in range(PARSES):
        query = Query.parse(QUERY.encode())
        read_filter(query, FILTERS)
        query.check()
    return (time.perf_counter() - started) / PARSES * 1_000_000
