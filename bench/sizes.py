"""How much is measured: the full run for BENCHMARKS.md, and the quick one of three minutes."""

from typing import Final

import msgspec


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    repeats: int
    seconds: float  # of one run of a load
    rounds: int  # of bad input beside others, and without
    codes: int  # generated, and drained from a pool
    edge: float  # per cent of a pool whose beginning, middle and end are compared
    turns: int  # in which they are
    listed: int  # publications in the lists
    list_calls: int  # for each kind of list
    paged: int  # publications and vouchers below the dashboard's pages
    page_calls: int  # of each page
    exported: int
    imported: int
    messages: int  # of a distribution


FULL: Final = Sizes(
    repeats=3,
    seconds=15,
    rounds=3,
    codes=1_000_000,
    edge=1,
    turns=5,
    listed=5_000_000,
    list_calls=300,
    paged=1_000_000,
    page_calls=100,
    exported=1_000_000,
    imported=100_000,
    messages=100_000,
)
QUICK: Final = Sizes(
    repeats=1,
    seconds=1,
    rounds=2,
    codes=2_000,
    edge=10,
    turns=1,
    listed=100_000,
    list_calls=5,
    paged=20_000,
    page_calls=10,
    exported=50_000,
    imported=5_000,
    messages=500,
)
