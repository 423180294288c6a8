"""A drop rehearsed: requests that arrive at a rate whether the server keeps up or not, and what each of them waited.

A request's wait begins when it was due, not when a connection came free for it: a server that stands still for a second
is seen by everybody who would have come in that second.
"""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult

import msgspec

from largesse.cli.latency import percentiles_ms

ANSWER_S: Final = 10.0
"""Who waits longer has gone away."""
OVERTIME_S: Final = 15.0
"""After the last request was due."""
IDLE_MAX_S: Final = 1.0
"""A connection that nobody used for longer isn't used again: the server may be about to close it."""
BODY_BYTES_MAX: Final = 1_000_000
BUSY_MAX: Final = 0.85
"""Of one core: a client that is busier measures itself."""
OK: Final = "200"
NO_ANSWER: Final = "no answer in time"
BROKEN: Final = "connection broke"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` a second for `duration` seconds; `tag` begins the source_id of every customer."""

    url: SplitResult
    headers: Mapping[str, str]
    campaign: str
    tag: str
    rate: float
    duration: float
    connections: int

    @property
    def requests(self) -> int:
        return max(1, round(self.rate * self.duration))


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`answers`: by status, or by what happened instead. `busy`: the client's own share of one core."""

    answers: dict[str, int]
    latencies_ms: dict[str, float]
    seconds: float
    unsent: int
    busy: float

    @property
    def rate(self) -> float:
        return self.answers.get(OK, 0) / self.seconds

    def reasons(self, objective_ms: float) -> list[str]:
        """Why the objective was missed; empty when it was met."""
        found = []
        p99 = self.latencies_ms.get("p99")
        if p99 is None:
            found.append("nothing was answered")
        elif p99 > objective_ms:
            found.append(f"p99 is {p99:.1f} ms, the objective {objective_ms:g} ms")
        found += [f"{count} × {what}" for what, count in sorted(self.answers.items()) if what != OK]
        if self.unsent:
            found.append(f"{self.unsent} requests were never sent: all connections were busy")
        if found and self.busy > BUSY_MAX:
            found.append(f"this client was busy {self.busy:.0%} of the time: it may be what is slow")
        return found


class Rehearsal:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._next = 0
        self._answers: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._started = 0.0
        fields = "".join(f"{name}: {value}\r\n" for name, value in plan.headers.items())
        self._head = (
            f"POST {plan.url.path.rstrip('/')}/v1/publications HTTP/1.1\r\nHost: {plan.url.netloc}\r\n{fields}"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    async def run(self) -> Outcome:
        cpu = time.process_time()
        self._started = time.perf_counter()
        limit = self._plan.duration + OVERTIME_S
        guests = [asyncio.create_task(self._guest()) for _ in range(min(self._plan.connections, self._plan.requests))]
        _, late = await asyncio.wait(guests, timeout=limit)
        for guest in late:
            guest.cancel()
        await asyncio.gather(*guests, return_exceptions=True)
        self._answers[NO_ANSWER] += len(late)  # what they were waiting for
        seconds = time.perf_counter() - self._started
        return Outcome(
            answers={what: count for what, count in self._answers.items() if count},
            latencies_ms=percentiles_ms(self._latencies),
            seconds=seconds,
            unsent=self._plan.requests - self._next,
            busy=(time.process_time() - cpu) / seconds,
        )

    async def _guest(self) -> None:
        """One connection: takes whoever is due next, waits until then, asks."""
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while self._next < self._plan.requests:
                number = self._next
                self._next += 1
                due = self._started + number / self._plan.rate
                idle = due - time.perf_counter()
                if idle > IDLE_MAX_S and connection is not None:
                    connection[1].close()
                    connection = None
                await asyncio.sleep(max(0.0, idle))
                try:
                    async with asyncio.timeout(ANSWER_S):
                        connection = connection or await self._connect()
                        status, lasting = await self._ask(*connection, number)
                except (TimeoutError, OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
                    status, lasting = NO_ANSWER if isinstance(error, TimeoutError) else BROKEN, False
                else:
                    self._latencies.append(time.perf_counter() - due)
                self._answers[status] += 1
                if not lasting and connection is not None:
                    connection[1].close()
                    connection = None
        finally:
            if connection is not None:
                connection[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        url = self._plan.url
        secure = url.scheme == "https"
        context = ssl.create_default_context() if secure else None
        return await asyncio.open_connection(url.hostname, url.port or (443 if secure else 80), ssl=context)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> tuple[str, bool]:
        """The status, and whether the connection can be used again. Raises what a broken one raises."""
        customer = {"source_id": f"{self._plan.tag}-{number // 2}", "name": "Rehearsal"}
        body = msgspec.json.encode({"campaign": {"name": self._plan.campaign}, "customer": customer})
        writer.write(self._head + b"%d\r\n\r\n" % len(body) + body)
        status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        protocol, _, status = status_line.partition(" ")
        if not protocol.startswith("HTTP/1.") or not status[:3].isdecimal():
            raise ValueError("an answer that isn't HTTP")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if fields.get("transfer-encoding", "").lower() == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(_bounded(size) + 2)
            await reader.readuntil(b"\r\n")
        else:
            await reader.readexactly(_bounded(int(fields["content-length"])) if "content-length" in fields else 0)
        return status[:3], fields.get("connection", "").lower() != "close"


def _bounded(size: int) -> int:
    if not 0 <= size <= BODY_BYTES_MAX:
        raise ValueError(f"an answer of {size} bytes")
    return size
