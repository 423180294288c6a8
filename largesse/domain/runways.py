"""How long a campaign's codes will last (ours: the contract has no such thing)."""

from datetime import timedelta
from typing import Final

import msgspec

from largesse.domain.campaigns import AUTO_UPDATE, Campaign

RECENT: Final = timedelta(days=7)
"""What was published in this time says how fast the pool empties."""
COUNTED_MAX: Final = 10_000
"""Publications that are looked at, the newest: when there are more, they say it of a shorter time."""
BELOW_DAYS_MAX: Final = 3_650
_DAY: Final = timedelta(days=1)


class Burn(msgspec.Struct, frozen=True, kw_only=True):
    """`codes` were published over a time that is known: the last seven days, or less."""

    codes: int
    over: timedelta

    @property
    def per_day(self) -> float:
        return self.codes / (self.over / _DAY)


class Runway(msgspec.Struct, frozen=True, kw_only=True):
    """`free` codes, `per_day` published; `days` until the pool is empty, None when nothing says that it ever will be.

    `below_days`: somebody is told when it gets shorter than that; None: nobody. `is_low`: it is.
    """

    free: int
    per_day: float
    days: float | None
    below_days: int | None = None

    @property
    def is_low(self) -> bool:
        return self.below_days is not None and self.days is not None and self.days < self.below_days


def burn_of(codes: int, publications: int, oldest_age: timedelta | None, age: timedelta) -> Burn:
    """From the newest `publications`, the oldest of which is `oldest_age` old, of a campaign of that `age`.

    A campaign that is new isn't judged by its first minute: at least a day counts, unless that was too much to count.
    """
    if publications == COUNTED_MAX and oldest_age is not None:
        return Burn(codes=codes, over=max(oldest_age, timedelta(seconds=1)))
    return Burn(codes=codes, over=min(RECENT, max(age, _DAY)))


def runway_of(campaign: Campaign, free: int, burn: Burn, below_days: int | None) -> Runway:
    """An AUTO_UPDATE campaign makes codes as it needs them, so it has no end."""
    days = None if campaign.type == AUTO_UPDATE or not burn.codes else free / burn.per_day
    if free == 0 and campaign.type != AUTO_UPDATE:
        days = 0.0
    return Runway(free=free, per_day=burn.per_day, days=days, below_days=below_days)


def low_words(campaign: Campaign, runway: Runway) -> tuple[str, str]:
    """Subject and text of the mail that says that a pool is low."""
    days = 0.0 if runway.days is None else runway.days
    name = "".join(letter for letter in campaign.name if letter.isprintable())
    return f"{name}: codes for {days:.1f} days", (
        f"The campaign {name} ({campaign.id}) has {runway.free} codes left. {runway.per_day:.1f} a day are published,"
        f" so they will last {days:.1f} days. You wanted to know below {runway.below_days} days.\n"
    )
