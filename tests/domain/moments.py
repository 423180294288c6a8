"""A moment to count from."""

from datetime import UTC, datetime, timedelta
from typing import Final

NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)
"""The shortest time that there is: what happens a tick before or after a bound."""
