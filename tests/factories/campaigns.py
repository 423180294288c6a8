"""Campaigns with codes, written straight into the tables: the tests of publishing don't lean on creation."""

import secrets
from typing import Any

from largesse.actions.ids import IdSource
from largesse.domain import codes
from largesse.domain.projects import Project
from largesse.store.connection import Pool

IDS = IdSource()


async def make_campaign(
    pool: Pool,
    project: Project,
    *,
    name: str | None = None,
    vouchers_count: int = 3,
    type: str = "STATIC",
    campaign_type: str = "DISCOUNT_COUPONS",
    pattern: str = "########",
    charset: str = codes.ALPHANUMERIC,
    **columns: Any,
) -> str:
    """A campaign of percent discounts with `vouchers_count` free codes. Returns its id."""
    config = codes.code_config(pattern=pattern, charset=charset)
    campaign_id = IDS.new("camp_")
    row = {
        "project_id": project.id,
        "id": campaign_id,
        "name": name or f"campaign {campaign_id}",
        "campaign_type": campaign_type,
        "type": type,
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": 10.0},
            "code_config": config.as_sent(),
        },
    } | columns
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await pool.execute(f"INSERT INTO campaigns ({', '.join(row)}) VALUES ({places})", *row.values())
    await pool.execute(
        "INSERT INTO campaign_counters (project_id, campaign_id) VALUES ($1, $2)", project.id, campaign_id
    )
    if vouchers_count:
        await add_vouchers(pool, project, campaign_id, codes.new_codes(config, vouchers_count, secrets.token_bytes))
    return campaign_id


async def add_vouchers(
    pool: Pool, project: Project, campaign_id: str | None, new: list[str], **columns: Any
) -> list[str]:
    """Free percent vouchers with these codes; `columns` override. Returns their ids."""
    ids = [IDS.new("v_") for _ in new]
    extra = "".join(f", {name}" for name in columns)
    places = "".join(f", ${n}" for n in range(7, 7 + len(columns)))
    await pool.execute(
        "INSERT INTO vouchers (project_id, campaign_id, id, code, code_key, pick_key, type, discount, metadata"
        f"{extra}) SELECT $1, $2, i, c, k, p, 'DISCOUNT_VOUCHER', '{{\"type\": \"PERCENT\", \"percent_off\": 10.0}}', '{{}}'"
        f"{places} FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) AS n (i, c, k, p)",
        project.id,
        campaign_id,
        ids,
        new,
        [project.code_key(code) for code in new],
        codes.pick_keys(len(new), secrets.token_bytes),
        *columns.values(),
    )
    await pool.execute(
        "INSERT INTO campaign_counters AS k (project_id, campaign_id, vouchers, disabled) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (project_id, campaign_id) DO UPDATE"
        " SET vouchers = k.vouchers + excluded.vouchers, disabled = k.disabled + excluded.disabled",
        project.id,
        campaign_id or "",
        len(new),
        0 if columns.get("active", True) else len(new),
    )
    return ids
