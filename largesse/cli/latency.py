"""What a pile of latencies is told as."""

import math
from collections.abc import Sequence
from typing import Final

SHARES: Final = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def percentiles_ms(latencies_s: Sequence[float]) -> dict[str, float]:
    """Nearest rank: each figure is a latency that really was. Empty when there are none."""
    ordered = sorted(latencies_s)
    return {name: 1000 * ordered[rank(share, len(ordered))] for name, share in SHARES.items()} if ordered else {}


def rank(share: float, count: int) -> int:
    """The place, from 0, of the smallest of `count` values that `share` of them don't exceed."""
    # A product like 0.999 × 1000 comes out a hair above the whole number that it is.
    return max(0, math.ceil(round(share * count, 6)) - 1)
