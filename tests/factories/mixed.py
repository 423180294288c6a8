"""Two hundred publications of every sort, in the tables, and what each of them looks like to a filter."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from largesse.domain.projects import Project

WORDS = (
    "plain", "Plain", "100%", "1_0", "under_score", "it's", 'say "hi"', "back\\slash", "\\%", "żółć", "日本", "😀 smile",
    "a b", "a+b&c=d", "[x]", "#", "~", "zz", "0", "", "None", "null",
)  # fmt: skip
COUNT = 200
START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Mixed:
    """`values` are what a field holds: none, one, or several (a multi-voucher publication)."""

    id: str
    created_at: datetime
    values: dict[str, list[str]]
    metadata: dict[str, Any] = field(default_factory=dict)


def _metadata(rng: random.Random) -> dict[str, Any]:
    choices: list[Any] = [rng.choice(WORDS), rng.randrange(12), 2.5, True, None, [rng.choice(WORDS), 3], [], {"a": 1}]
    return {key: rng.choice(choices) for key in ("colour", "it's") if rng.random() < 0.8}


def _campaigns() -> list[dict[str, Any]]:
    return [
        {"id": f"camp_{n}", "name": name, "deleted": n == 5}
        for n, name in enumerate(["Spring", "spring", "100% off", "a_b", "żółć 'x'", "binned", "back\\slash"])
    ]


def _row(rng: random.Random, n: int, campaigns: list[dict[str, Any]]) -> dict[str, Any]:
    result = rng.choice(["SUCCESS", "SUCCESS", "SUCCESS", "FAILURE"])
    campaign = rng.choice([None, *campaigns])
    count = 0 if result == "FAILURE" else rng.choice([1, 1, 1, 2, 4])
    return {
        "id": f"pub_{n:04}{rng.choice('aZ%_')}",
        "result": result,
        "campaign": campaign,
        "customer_id": rng.choice([None, *(f"cust_{c}" for c in "abcXYZ%_")]),
        "tracking_id": rng.choice([None, *WORDS]),
        "source_id": rng.choice([None, f"{rng.choice(WORDS)}{n}"]),
        "channel": rng.choice(WORDS) or "API",
        "metadata": _metadata(rng),
        "voucher_type": rng.choice(["DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD"]),
        "is_referral_code": rng.random() < 0.2,
        "failure_code": rng.choice(["voucher_expired", "no_voucher"]) if result == "FAILURE" else None,
        "created_at": START + timedelta(hours=rng.randrange(500), milliseconds=rng.randrange(1000)),
        "vouchers": [(f"v_{n}_{k}", f"{rng.choice(WORDS)}-{n}-{k}") for k in range(count)],
    }


def _seen(row: dict[str, Any]) -> Mixed:
    campaign = row["campaign"]
    values = {
        "failure_code": row["failure_code"],
        "result": row["result"],
        "customer_id": row["customer_id"],
        "campaign_name": campaign["name"] if campaign and not campaign["deleted"] else None,
        "voucher_type": row["voucher_type"],
        "is_referral_code": "true" if row["is_referral_code"] else "false",
        "parent_object_id": campaign["id"] if campaign else None,
        "source_id": row["source_id"],
        "id": row["id"],
        "tracking_id": row["tracking_id"],
        "channel": row["channel"],
        "created_at": row["created_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    several = {name: [] if value is None else [value] for name, value in values.items()}
    several["related_object_id"] = [id for id, _ in row["vouchers"]]
    several["voucher_code"] = [code for _, code in row["vouchers"]]
    return Mixed(row["id"], row["created_at"], several, row["metadata"])


_RNG = random.Random(20240101)
_CAMPAIGNS = _campaigns()
_ROWS = [_row(_RNG, n, _CAMPAIGNS) for n in range(COUNT)]
MIXED = [_seen(row) for row in _ROWS]


async def insert_mixed_publications(connection: "asyncpg.Connection[asyncpg.Record]", project: Project) -> None:
    rows = _ROWS
    await connection.executemany(
        "INSERT INTO campaigns (project_id, id, name, campaign_type, type, voucher, deleted_at)"
        " VALUES ($1, $2, $3, 'DISCOUNT_COUPONS', 'STATIC', '{}', CASE WHEN $4 THEN now() END)",
        [(project.id, c["id"], c["name"], c["deleted"]) for c in _CAMPAIGNS],
    )
    await connection.executemany(
        "INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, source_id, channel,"
        " metadata, vouchers_count, first_code, voucher_type, is_referral_code, failure_code, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        [
            (
                project.id, r["id"], r["result"], r["campaign"] and r["campaign"]["id"], r["customer_id"],
                r["tracking_id"], r["source_id"], r["channel"], r["metadata"], len(r["vouchers"]),
                r["vouchers"][0][1] if r["vouchers"] else None, r["voucher_type"], r["is_referral_code"],
                r["failure_code"], r["created_at"],
            )
            for r in rows
        ],
    )  # fmt: skip
    links = [(project.id, id, r["id"], k, code) for r in rows for k, (id, code) in enumerate(r["vouchers"], 1)]
    await connection.executemany(
        "INSERT INTO vouchers (project_id, id, code, code_key, pick_key, type, state, holder_id)"
        " VALUES ($1, $2, $3, $3, 1, 'DISCOUNT_VOUCHER', 3, 'cust_a')",
        [(project_id, id, code) for project_id, id, _, _, code in links],
    )
    await connection.executemany(
        "INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code)"
        " VALUES ($1, $2, true, 'rh_' || $2, $3, $4, $5)",
        links,
    )
    # What no list shows, and another project's.
    await connection.execute(
        "INSERT INTO publications (project_id, id, result, channel, vouchers_count)"
        " VALUES ($1, 'pub_held', 'HELD', 'API', 1), ($1 + 1, 'pub_other', 'SUCCESS', 'API', 1)",
        project.id,
    )
