"""Rate limits: calls per key and minute, counted in this process (limit ÷ processes)."""

import time
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

WINDOW_S: Final = 60
CALLS_PER_MINUTE: Final = 1_000_000
BULK_CALLS_PER_MINUTE: Final = 10_000
_KEYS_MAX: Final = 10_000

API_CALLS: Final = "api_calls"
BULK_API_CALLS: Final = "bulk_api_calls"


class Allowance(Struct, frozen=True):
    """What a key may still do. `retry_at` is in Unix seconds: when the next call is allowed."""

    limit: int
    remaining: int
    retry_at: int
    kind: str = API_CALLS
    exceeded: bool = False


class RateLimits:
    """A fixed window of a minute per key and kind of call. Bulk calls have a bucket of their own."""

    def __init__(
        self,
        *,
        calls: int = CALLS_PER_MINUTE,
        bulk_calls: int = BULK_CALLS_PER_MINUTE,
        processes: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`calls` and `bulk_calls` are per minute and key, over all `processes`."""
        self._limits = {API_CALLS: max(1, calls // processes), BULK_API_CALLS: max(1, bulk_calls // processes)}
        self._described = {API_CALLS: calls, BULK_API_CALLS: bulk_calls}
        self._clock = clock
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}  # (app id, kind) to (window, calls in it)

    def described(self) -> dict[str, list[dict[str, Any]]]:
        """What a project's settings show of them: the calls of a key in a duration, over all processes."""
        return {kind: [{"value": calls, "duration": "PT1M"}] for kind, calls in self._described.items()}

    def take(self, app_id: str, kind: str = API_CALLS) -> Allowance:
        """Count one call."""
        now = int(self._clock())
        window = now // WINDOW_S
        limit = self._limits[kind]
        last_window, count = self._counts.get((app_id, kind), (window, 0))
        if last_window != window:
            count = 0
        if count >= limit:
            return Allowance(limit, 0, (window + 1) * WINDOW_S, kind, exceeded=True)
        if len(self._counts) >= _KEYS_MAX:  # more keys than anybody has: start over
            self._counts.clear()
        self._counts[app_id, kind] = (window, count + 1)
        remaining = limit - count - 1
        return Allowance(limit, remaining, now if remaining else (window + 1) * WINDOW_S, kind)

    def untouched(self) -> Allowance:
        """For an answer to nobody: the headers stand on every response."""
        limit = self._limits[API_CALLS]
        return Allowance(limit, limit, int(self._clock()))
