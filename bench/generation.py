"""Codes in bulk, beside a bare COPY of the same rows into the same table with all its indexes."""

import asyncio
import io
import os
import time
from statistics import median

from bench.campaigns import Campaign, fill, make_campaign
from bench.database import connected, project_id
from bench.report import Report
from bench.sizes import Sizes
from bench.system import System
from largesse.actions.ids import IdSource
from largesse.domain.codes import CodeConfig, new_codes, pick_keys

SHARE_MIN = 0.5
MEMORY_MAX_MB = 300.0
COLUMNS = ("project_id", "id", "code", "code_key", "pick_key", "type", "campaign_id", "discount", "redemption_quantity")
DISCOUNT = '{"type": "PERCENT", "percent_off": 10}'
COUNT_COPIED = "UPDATE campaign_counters SET vouchers = vouchers + $3 WHERE project_id = $1 AND campaign_id = $2"


def measure_generation(system: System, report: Report, sizes: Sizes, pools: int) -> list[Campaign]:
    """So many full pools, some of which were measured while they were filled."""
    report.section("Generation")
    made = []
    generated_s: list[float] = []
    copied_s: list[float] = []
    peaks: list[float] = []
    for number in range(sizes.repeats):
        copied = make_campaign(system, f"copied-{number}")
        copied_s.append(asyncio.run(_copy(system, copied, sizes.codes)))
        made.append(make_campaign(system, f"generated-{number}"))
        seen: list[float] = []
        generated_s.append(fill(system, made[-1], sizes.codes, lambda: seen.append(system.memory_mb()["jobs"])))  # noqa: B023 - called at once
        peaks.append(max(seen))
    bare, ours = median(copied_s), median(generated_s)
    name = f"bare COPY of {sizes.codes:,} rows, sorted by code, all indexes"
    report.row(name, f"{bare:.2f} s, {sizes.codes / bare:,.0f}/s")
    report.row(
        f"{sizes.codes:,} codes, from the request to DONE",
        f"{ours:.2f} s, {sizes.codes / ours:,.0f}/s: {bare / ours:.2f} of the bare rate; "
        f"job process ≤ {max(peaks):.0f} MB",
    )
    report.target(
        f"{sizes.codes:,} codes generated",
        f"≥ {SHARE_MIN:g} × a bare COPY",
        f"{bare / ours:.2f} ×",
        met=bare / ours >= SHARE_MIN,
    )
    report.target(
        "the same", f"job process ≤ {MEMORY_MAX_MB:g} MB", f"{max(peaks):.0f} MB", met=max(peaks) <= MEMORY_MAX_MB
    )
    for number in range(len(made), pools):
        made.append(make_campaign(system, f"generated-{number}"))
        fill(system, made[-1], sizes.codes)
    return made


async def _copy(system: System, campaign: Campaign, count: int) -> float:
    """Seconds of the COPY alone: the rows are made, sorted and written out as text before."""
    number = await asyncio.to_thread(project_id, system)
    ids = IdSource()
    codes = sorted(new_codes(CodeConfig(), count, os.urandom))
    picks = pick_keys(count, os.urandom)
    rows = (
        f"{number}\t{ids.new('v_')}\t{code}\t{code}\t{pick}\tDISCOUNT_VOUCHER\t{campaign.id}\t{DISCOUNT}\t1\n"
        for code, pick in zip(codes, picks, strict=True)
    )
    text = io.BytesIO("".join(rows).encode())
    async with connected(system) as connection:
        started = time.perf_counter()
        await connection.copy_to_table("vouchers", source=text, columns=COLUMNS)
        seconds = time.perf_counter() - started
        await connection.execute(COUNT_COPIED, number, campaign.id, count)
    return seconds
