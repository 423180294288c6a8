"""How much is measured: the full run for BENCHMARKS.md, and the quick one of three minutes."""

from typing import Final

import msgspec


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    repeats: int
    seconds: float  # of one run of a load
    codes: int  # generated, and drained from a pool
    edge: float  # per cent of a pool whose beginning, middle and end are compared
    listed: int  # publications in the lists
    list_calls: int  # for each kind of list
    paged: int  # publications and vouchers below the dashboard's pages
    exported: int
    imported: int
    messages: int  # of a distribution


FULL: Final = Sizes(
    repeats=3,
    seconds=15,
    codes=1_000_000,
    edge=1,
    listed=5_000_000,
    list_calls=300,
    paged=1_000_000,
    exported=1_000_000,
    imported=100_000,
    messages=100_000,
)
QUICK: Final = Sizes(
    repeats=1,
    seconds=3,
    codes=20_000,
    edge=10,
    listed=100_000,
    list_calls=50,
    paged=50_000,
    exported=100_000,
    imported=10_000,
    messages=5_000,
)
