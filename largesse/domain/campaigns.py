"""A campaign: a pool of codes with one definition (spec vouchers-and-campaigns §5)."""

from datetime import datetime
from typing import Any

import msgspec


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `campaigns`, with its counters and the name its category has now.

    `voucher` is the definition its vouchers are made from: `type`, one of `discount`/`gift`/`loyalty_card`,
    `redemption.quantity`, `code_config`.
    """

    id: str
    name: str
    description: str | None = None
    campaign_type: str
    type: str
    voucher: dict[str, Any]
    referral_program: dict[str, Any] | None = None
    join_once: bool = False
    auto_join: bool = False
    use_voucher_metadata_schema: bool = False
    active: bool = True
    category_id: str | None = None
    category_name: str | None = None
    category_hierarchy: int | None = None
    category_created_at: datetime | None = None
    category_updated_at: datetime | None = None
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    validity_timeframe: dict[str, str] | None = None
    validity_day_of_week: list[int] | None = None
    validity_hours: dict[str, Any] | None = None
    activity_duration_after_publishing: str | None = None
    metadata: dict[str, Any] = {}
    generation_status: str = "DONE"
    vouchers_count: int = 0
    created_at: datetime
    updated_at: datetime | None = None
