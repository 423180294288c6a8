"""How long a pool will last, as JSON (ours)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from largesse.domain.errors import InvalidPayload
from largesse.domain.runways import BELOW_DAYS_MAX, Runway
from largesse.wire.distributions import is_address
from largesse.wire.faults import Faults, Place

RECIPIENTS_MAX: Final = 10


class AlertMailInput(msgspec.Struct, frozen=True, kw_only=True):
    """Who is mailed, and from what address."""

    from_: Annotated[str, msgspec.Meta(max_length=255)] = msgspec.field(name="from")
    to: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=255)]], msgspec.Meta(min_length=1, max_length=RECIPIENTS_MAX)
    ]


class RunwayAlertInput(msgspec.Struct, frozen=True, kw_only=True):
    """Below how many days it is to be told; null: never. `alert_mail`: by mail too, once each time."""

    alert_below_days: Annotated[int, msgspec.Meta(ge=1, le=BELOW_DAYS_MAX)] | None
    alert_mail: AlertMailInput | None = None

    def check(self) -> None:
        """Raises InvalidPayload for addresses that are none."""
        faults = Faults()
        place: Place = (None, "alert_mail")
        if self.alert_mail is not None:
            if self.alert_below_days is None:
                faults.add(place, "must be absent: it is never told")
            for index, address in enumerate((self.alert_mail.from_, *self.alert_mail.to)):
                if not is_address(address):
                    at: Place = (place, "from") if index == 0 else ((place, "to"), index - 1)
                    faults.add(at, "must be an e-mail address")
        if faults:
            raise InvalidPayload(str(faults))


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
