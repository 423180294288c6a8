"""The benchmark of BENCHMARKS.md: `make bench`, or `make bench QUICK=1`."""

import argparse
import datetime as dt
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from bench.bulk import measure_bulk
from bench.load import Order, Result
from bench.system import System, running

CODES_COUNT: Final = 100_000
PUBLICATIONS_COUNT: Final = 1_000_000
CONNECTIONS: Final = (1, 8, 64)
REPORT: Final = Path(__file__).parent.parent / "BENCHMARKS.md"
MARK: Final = "<!-- measured by make bench: everything below is overwritten -->"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, no medians")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="largesse-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root PostgreSQL runs under another account
        rows = measure(folder / "data", seconds=4 if quick else 15, repeats=1 if quick else 3, quick=quick)
    lines = ["| what | measured |", "| --- | --- |", *(f"| {what} | {measured} |" for what, measured in rows)]
    kind = "quick run" if quick else "medians of three"
    head = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {_machine()}; load generator on the same machine; {kind}."
    text = "\n".join([head, "", *lines, ""])
    sys.stdout.write(text)
    before = REPORT.read_text().partition(MARK)[0] if REPORT.exists() else ""
    REPORT.write_text(f"{before}{MARK}\n\n{text}")


def measure(data: Path, *, seconds: float, repeats: int, quick: bool) -> list[tuple[str, str]]:
    port = _free_port()
    with running(data, port) as system:
        rows = [("start to ready, first time", f"{system.ready_after_s:.1f} s")]
    with running(data, port) as system:
        rows.append(("start to ready, second time", f"{system.ready_after_s:.1f} s"))
        time.sleep(2)
        rows.append(("memory at rest", _sums(system.memory_mb(), "MB")))
        campaign, generated_s = _campaign(system, CODES_COUNT)
        rows.append((f"{CODES_COUNT:,} codes, from the request to DONE", f"{generated_s:.1f} s"))
        rows += [_publish(system, campaign, connections, seconds, repeats) for connections in CONNECTIONS]
        rows.append(("memory afterwards", _sums(system.memory_mb(), "MB")))
        audit = subprocess.run(
            [sys.executable, "-m", "largesse", "audit", "--data", str(data)],
            capture_output=True,
            text=True,
            check=False,
        )
        rows.append(("audit afterwards", audit.stdout.strip().splitlines()[-1]))
        # After the audit: its publications are written straight into the table.
        rows += measure_bulk(
            system,
            publications=PUBLICATIONS_COUNT // (10 if quick else 1),
            codes=CODES_COUNT // (10 if quick else 1),
            repeats=repeats,
        )
    return rows


def _publish(system: System, campaign: str, connections: int, seconds: float, repeats: int) -> tuple[str, str]:
    results: list[Result] = []
    before = system.cpu_s()
    for repeat in range(repeats):
        order = Order(
            host="127.0.0.1",
            port=system.port,
            app_id=system.key["id"],
            token=system.key["token"],
            campaign=campaign,
            connections=connections,
            seconds=seconds,
            run=f"{connections}-{repeat}-{time.time_ns()}",
        )
        told = subprocess.run(
            [sys.executable, "-m", "bench.load"],
            input=msgspec.json.encode(order),
            capture_output=True,
            check=True,
            timeout=seconds + 30,
        )
        results.append(msgspec.json.decode(told.stdout, type=Result))
    after = system.cpu_s()
    published = sum(result.answers.get(200, 0) for result in results)
    other = {status: n for result in results for status, n in result.answers.items() if status != 200}
    latency = {name: median(result.latencies_ms[name] for result in results) for name in results[0].latencies_ms}
    cpu = {kind: 1000 * (after[kind] - before[kind]) / published for kind in ("api", "postgres")}
    told_other = f", other answers {other}" if other else ""
    return (
        f"publish over HTTP, {connections} connections",
        f"{median(result.rate for result in results):,.0f}/s; "
        + " · ".join(f"{name} {value:.1f}" for name, value in latency.items())
        + f" ms; CPU-s per 1000: API {cpu['api']:.2f} + PostgreSQL {cpu['postgres']:.2f}{told_other}",
    )


def _campaign(system: System, count: int) -> tuple[str, float]:
    """A campaign whose pool doesn't end during the runs: AUTO_UPDATE makes new codes when it does."""
    name = "bench"
    started = time.perf_counter()
    status, answer = system.call(
        "POST",
        "/v1/campaigns",
        {
            "name": name,
            "type": "AUTO_UPDATE",
            "vouchers_count": count,
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}},
        },
    )
    if status != 200:
        raise RuntimeError(f"the campaign was refused: {answer}")
    while system.call("GET", f"/v1/campaigns/{name}")[1]["vouchers_generation_status"] != "DONE":
        time.sleep(0.05)
    return name, time.perf_counter() - started


def _sums(by_kind: dict[str, float], unit: str) -> str:
    parts = " + ".join(f"{kind} {value:.0f}" for kind, value in by_kind.items())
    return f"{sum(by_kind.values()):.0f} {unit} ({parts})"


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
