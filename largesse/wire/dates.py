"""Moments and days, to and from text (spec platform §8)."""

from datetime import datetime


def render(moment: datetime) -> str:
    """`2022-09-30T16:30:32.924Z`. The moment must be in UTC, as the driver gives it."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"
