"""How long a pool will last, as JSON (ours)."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from largesse.domain.runways import BELOW_DAYS_MAX, Runway


class RunwayAlertInput(msgspec.Struct, frozen=True, kw_only=True):
    """Below how many days it is to be told; null: never."""

    alert_below_days: Annotated[int, msgspec.Meta(ge=1, le=BELOW_DAYS_MAX)] | None


def render_runway(campaign_id: str, runway: Runway) -> dict[str, Any]:
    """`days` is null when nothing says that the pool will ever be empty."""
    return {
        "campaign_id": campaign_id,
        "free": runway.free,
        "published_per_day": round(runway.per_day, 2),
        "days": None if runway.days is None else round(runway.days, 1),
        "alert_below_days": runway.below_days,
        "is_low": runway.is_low,
        "object": "campaign_runway",
    }


def frozen_runway(campaign_id: str, frozen: Mapping[str, Any]) -> dict[str, Any]:
    return render_runway(campaign_id, msgspec.convert(frozen, Runway))
