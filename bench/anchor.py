"""The anchor: pgbench with a hand-written statement on the same tables of the same database (bench/anchor.sql)."""

import os
import re
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from bench.campaigns import Campaign
from bench.database import database_url, execute, project_id
from bench.runs import Run, per_1000
from bench.system import System
from largesse.runtime.binaries import binaries
from largesse.store.connection import PUBLISH_SETTINGS

CLIENTS: Final = 16
SCRIPT: Final = Path(__file__).with_name("anchor.sql")
RATE: Final = re.compile(r"^tps = ([\d.]+) ", re.MULTILINE)
DONE: Final = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
LATENCY: Final = re.compile(r"^latency average = ([\d.]+) ms", re.MULTILINE)
# What the runs without the counter left undone, so that the audit afterwards finds the promises kept.
RECOUNT: Final = """
UPDATE campaign_counters k
SET published = found.published - coalesce(pending.published, 0),
  publications = found.publications - coalesce(pending.publications, 0)
FROM (SELECT
  (SELECT count(*) FROM vouchers v WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.state = 3) AS published,
  (SELECT count(*) FROM publications p WHERE p.project_id = $1 AND p.campaign_id = $2) AS publications) AS found,
  (SELECT sum(c.published) AS published, sum(c.publications) AS publications
   FROM counter_changes c WHERE c.project_id = $1 AND c.campaign_id = $2) AS pending
WHERE k.project_id = $1 AND k.campaign_id = $2
"""


def run_anchor(system: System, campaign: Campaign, seconds: float, *, counted: bool) -> Run:
    """With the planner's settings that our own statement has. The client's CPU is pgbench's own, not counted."""
    command = [
        str(binaries() / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}",
        f"--jobs={min(2, len(os.sched_getaffinity(0)))}", f"--time={seconds:.0f}", f"--file={SCRIPT}",
        *(f"--define={name}={value}" for name, value in {
            "project": project_id(system),
            "campaign": campaign.id,
            "run": f"anchor-{time.time_ns()}-",
            "asked": 0,
            "counted": int(counted),
        }.items()),
    ]  # fmt: skip
    url = database_url(system.data)
    options = " ".join(f"-c {name}={value}" for name, value in PUBLISH_SETTINGS.items() if "timeout" not in name)
    before = system.cpu_s()
    # The address holds the password: by the environment, not for everybody to read in the list of processes.
    told = subprocess.run(
        command,
        env={"PGOPTIONS": options, "PATH": os.defpath, **_connection(url)},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 60,
    )
    after = system.cpu_s()
    if told.returncode != 0:
        raise RuntimeError(f"pgbench ended with {told.returncode}: {told.stderr[-1000:]}")
    return parsed(told.stdout, before, after)


def parsed(text: str, before: dict[str, float], after: dict[str, float]) -> Run:
    rate, done, latency = RATE.search(text), DONE.search(text), LATENCY.search(text)
    if rate is None or done is None or latency is None:
        raise RuntimeError(f"pgbench said something else: {text[-1000:]}")
    count = int(done[1])
    return Run(
        rate=float(rate[1]),
        latencies_ms={"average": float(latency[1])},
        answers={200: count},
        cpu=per_1000(before, after, count) | {"api": 0.0},
    )


def recount(system: System, campaign: Campaign) -> None:
    execute(system, RECOUNT, project_id(system), campaign.id)


def _connection(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    place = parse_qs(parts.query)
    return {
        "PGHOST": place["host"][0],
        "PGPORT": place["port"][0],
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
    }
