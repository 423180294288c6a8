"""A load generator of its own process: many keep-alive connections, each asks, waits, asks again.

`python -m bench.load` reads one JSON order from standard input and writes one JSON result. It speaks just enough
HTTP/1.1 for our own server, so that as little of the machine as possible is spent on asking.
"""

import asyncio
import sys
import time
from collections import Counter
from functools import partial
from typing import Final, cast

import msgspec
import uvloop

WARM_UP_S: Final = 0.5


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Publish from `campaign` on `connections` connections for `seconds`; every second request is a new customer."""

    host: str
    port: int
    app_id: str
    token: str
    campaign: str
    connections: int
    seconds: float
    run: str  # part of the customers' source ids: no two runs share customers


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`latencies_ms`: p50, p99, p99.9 and the maximum. `cpu_s`: of the generator itself."""

    answers: dict[int, int]
    seconds: float
    latencies_ms: dict[str, float]
    cpu_s: float

    @property
    def rate(self) -> float:
        return self.answers.get(200, 0) / self.seconds


class Connection(asyncio.Protocol):
    """One customer after the other."""

    def __init__(self, order: Order, number: int, until: float, latencies: list[float], answers: Counter[int]) -> None:
        self._order = order
        self._number = number
        self._until = until
        self._latencies = latencies
        self._answers = answers
        self._asked = 0
        self._sent_at = 0.0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = (
            f"POST /v1/publications HTTP/1.1\r\nHost: {order.host}\r\nX-App-Id: {order.app_id}\r\n"
            f"X-App-Token: {order.token}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's isn't a subclass
        self._ask()

    def _ask(self) -> None:
        assert self._transport is not None
        customer = f"{self._order.run}-{self._number}-{self._asked // 2}"
        body = b'{"campaign":{"name":"%s"},"customer":{"source_id":"%s","name":"Load"}}' % (
            self._order.campaign.encode(),
            customer.encode(),
        )
        self._asked += 1
        self._sent_at = time.perf_counter()
        self._transport.write(self._head + b"%d\r\n\r\n" % len(body) + body)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        _, _, after = head.lower().partition(b"content-length: ")
        if len(body) < int(after.partition(b"\r\n")[0]):
            return
        self._buffer = b""
        now = time.perf_counter()
        self._answers[int(head[9:12])] += 1
        self._latencies.append(now - self._sent_at)
        if now < self._until:
            self._ask()
        else:
            self._close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._close()

    def _close(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()


async def run(order: Order) -> Result:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    answers: Counter[int] = Counter()
    started = time.perf_counter()
    cpu = time.process_time()
    until = started + order.seconds
    connections = []
    for number in range(order.connections):
        factory = partial(Connection, order, number, until, latencies, answers)
        _, connection = await loop.create_connection(factory, order.host, order.port)
        connections.append(connection)
    await asyncio.gather(*(connection.done for connection in connections))
    seconds = time.perf_counter() - started
    latencies.sort()
    at = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    shown = {name: 1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))] for name, share in at.items()}
    return Result(answers=dict(answers), seconds=seconds, latencies_ms=shown, cpu_s=time.process_time() - cpu)


if __name__ == "__main__":
    result = uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
    sys.stdout.buffer.write(msgspec.json.encode(result))
