"""A load generator of its own process: many keep-alive connections, each asks, waits, asks again.

`python -m bench.load` reads one JSON order from standard input and writes one JSON result. It speaks just enough
HTTP/1.1 for our own server, so that as little of the machine as possible is spent on asking.
"""

import asyncio
import sys
import time
from collections import Counter
from functools import partial
from typing import cast

import msgspec
import uvloop

from largesse.cli.latency import percentiles_ms


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Publish from `campaign` on `connections` connections, for `seconds` or until `requests` have been sent.

    Every second request is a new customer.
    """

    host: str
    port: int
    app_id: str
    token: str
    campaign: str
    connections: int
    seconds: float = 3600.0
    requests: int | None = None
    run: str  # part of the customers' source ids: no two runs share customers
    keep: bool = False  # the codes that were answered


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`latencies_ms`: p50, p99, p99.9, max. `cpu_s`: of the generator itself. `lost`: connections that broke.

    `kept`: id and code of each publication, where the order says so.
    """

    answers: dict[int, int]
    seconds: float
    latencies_ms: dict[str, float]
    cpu_s: float
    lost: int = 0
    kept: list[tuple[str, str]] = []

    @property
    def published(self) -> int:
        return self.answers.get(200, 0)

    @property
    def rate(self) -> float:
        """Codes handed out, a second."""
        return self.published / self.seconds


class _Voucher(msgspec.Struct):
    code: str


class _Published(msgspec.Struct):
    id: str
    voucher: _Voucher


class Tally:
    """What all connections together have sent and heard."""

    def __init__(self, order: Order) -> None:
        self.until = time.perf_counter() + order.seconds
        self.left = order.requests
        self.latencies: list[float] = []
        self.answers: Counter[int] = Counter()
        self.lost = 0
        self.bodies: list[bytes] | None = [] if order.keep else None

    def may_ask(self, now: float) -> bool:
        if self.left is None:
            return now < self.until
        self.left -= 1
        return self.left >= 0


class Connection(asyncio.Protocol):
    """One customer after the other."""

    def __init__(self, order: Order, number: int, tally: Tally) -> None:
        self._order = order
        self._number = number
        self._tally = tally
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
        self._next(time.perf_counter())

    def _next(self, now: float) -> None:
        if self._tally.may_ask(now):
            self._ask()
        else:
            self._close()

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
        status = int(head[9:12])
        self._tally.answers[status] += 1
        if self._tally.bodies is not None and status == 200:
            self._tally.bodies.append(body)
        self._tally.latencies.append(now - self._sent_at)
        self._next(now)

    def connection_lost(self, _error: Exception | None) -> None:
        self._tally.lost += not self.done.done()
        self._close()

    def _close(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()


_published = msgspec.json.Decoder(_Published)


async def run(order: Order) -> Result:
    loop = asyncio.get_running_loop()
    cpu = time.process_time()
    started = time.perf_counter()
    tally = Tally(order)
    connections = []
    for number in range(order.connections):
        factory = partial(Connection, order, number, tally)
        _, connection = await loop.create_connection(factory, order.host, order.port)
        connections.append(connection)
    await asyncio.gather(*(connection.done for connection in connections))
    return Result(
        answers=dict(tally.answers),
        seconds=time.perf_counter() - started,
        latencies_ms=percentiles_ms(tally.latencies),
        cpu_s=time.process_time() - cpu,
        lost=tally.lost,
        kept=[(found.id, found.voucher.code) for found in map(_published.decode, tally.bodies or ())],
    )


if __name__ == "__main__":
    result = uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
    sys.stdout.buffer.write(msgspec.json.encode(result))
