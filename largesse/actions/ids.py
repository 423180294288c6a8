"""Where new ids come from: one source per process, strictly increasing."""

import secrets
import time
from collections.abc import Callable
from typing import Final

from largesse.domain import ids

ENTROPY_BYTES: Final = 4_096
"""Read from the system at once: for each id by itself, the thread that publishes would stand back for others."""


class IdSource:
    """Makes ids whose order is the order of making. Not thread-safe: one event loop each.

    Inside one millisecond three digits count up from a random start, so ids of one process never repeat and never
    go back, even when the system's clock does; the rest is random.
    """

    def __init__(self, millis: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._clock = millis
        self._millis = 0
        self._head = ""  # the milliseconds' digits
        self._entropy = b""
        self._used = 0  # of it
        self._run = 0
        self._counter = secrets.randbelow(ids.HEX_COUNTER_MAX)

    def _tick(self) -> int:
        now = max(self._clock(), self._millis)
        if now != self._millis:
            self._start(now)
        return now

    def _start(self, millis: int) -> None:
        self._millis = millis
        self._head = ids.base62(millis, ids.MILLIS_DIGITS)
        self._run = int.from_bytes(self._random(4)) % (ids.RUN_MAX // 2)

    def _random(self, count: int) -> bytes:
        start, self._used = self._used, self._used + count
        if self._used > len(self._entropy):
            self._entropy, start, self._used = secrets.token_bytes(ENTROPY_BYTES), 0, count
        return self._entropy[start : self._used]

    def new(self, prefix: str) -> str:
        """An id of `prefix`, for example `pub_`. Raises KeyError for a prefix that the catalogue doesn't have."""
        if prefix in ids.HEX_PREFIXES:
            return self.hex_run(prefix, 1)[0]
        length = ids.ALPHANUMERIC_LENGTHS[prefix]
        self._tick()
        self._run += 1
        if self._run == ids.RUN_MAX:
            self._start(self._millis + 1)
        return ids.counted_id(prefix, self._head, self._run, self._random(length - ids.COUNTED_DIGITS))

    def run(self, prefix: str, count: int) -> list[str]:
        """`count` consecutive alphanumeric ids for a batch: one random start, counting up; many times as fast as `new`.

        The batch has a millisecond of its own, so that it stands between what came before and what comes after.
        """
        self._tick()
        self._millis += 1
        low_digits = 4
        high = secrets.randbelow(62 ** (ids.ALPHANUMERIC_LENGTHS[prefix] - ids.MILLIS_DIGITS - low_digits))
        head = ids.alphanumeric_id(prefix, self._millis, high * 62**low_digits)[:-low_digits]
        # Starts low enough that counting up never carries into the head.
        start = secrets.randbelow(62**low_digits - count)
        made = [head + ids.PAIRS[n // ids.PAIR] + ids.PAIRS[n % ids.PAIR] for n in range(start, start + count)]
        self._start(self._millis + 1)
        return made

    def hex_run(self, prefix: str, count: int) -> list[str]:
        """`count` consecutive hex ids."""
        millis, start = self.reserve_hex(count)
        return [ids.hex_id(prefix, millis, start + i) for i in range(count)]

    def reserve_hex(self, count: int) -> tuple[int, int]:
        """Milliseconds and the first of `count` counters, for hex ids that are put together elsewhere."""
        now = self._tick()
        start = self._counter
        self._counter += count
        if self._counter >= ids.HEX_COUNTER_MAX:  # the counter wraps: the next millisecond keeps the order
            now += 1
            self._start(now)
            start, self._counter = 0, count
        return now, start
