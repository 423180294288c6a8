"""Clients that are broken or mean no good, in a process of its own, at rates that are named and bounded.

`python -m bench.hostile_load` reads one JSON order from standard input and writes what was answered. It must not be
what slows down the machine: whoever asks with 10 MB asks again when he has his answer, or is given up.
"""

import asyncio
import contextlib
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Final

import msgspec
import uvloop

SLOW_CONNECTIONS: Final = 300
SLOW_BYTE_S: Final = 1.0
INVALID_A_SECOND: Final = 20
UNKNOWN_A_SECOND: Final = 20
GONE_A_SECOND: Final = 20
LARGE_A_SECOND: Final = 1
LARGE_BYTES: Final = 10_000_000
"""Just below what the server takes."""
PATIENCE_S: Final = 30.0
ANSWER_MAX: Final = 65_536
KEYLESS: Final = b"POST /v1/publications HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
KEYED: Final = KEYLESS[:-2] + b"X-App-Id: %s\r\nX-App-Token: %s\r\n\r\n"
BROKEN: Final = (b"", b"{", b"nonsense", b"[]", b'{"customer":1,"campaign":[]}', b'{"customer":{}}', b'{"a":"\xff"}')
NO_ANSWER: Final = "none"


class HostileOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`slow`: connections that send a byte a second. `large_bytes`: of each large body. `first`: which kind of them
    comes first.
    """

    host: str
    port: int
    app_id: str
    token: str
    campaign: str
    seconds: float
    run: str
    slow: int = SLOW_CONNECTIONS
    large_bytes: int = LARGE_BYTES
    first: int = 0


class HostileResult(msgspec.Struct, frozen=True, kw_only=True):
    """`answers`: how often each status, by kind of request; `none` where the connection ended without one."""

    answers: dict[str, dict[str, int]]
    cpu_s: float


def large_bodies(campaign: str, customer: str, size: int, first: int = 0) -> Iterator[tuple[str, bytes]]:
    """Kind and body, in turn and for ever. Each is made when it is its turn: only one is held."""
    start = '{"campaign":{"name":"%s"},"customer":{"source_id":"%s-%d"},"more":'
    kinds = (
        ("10 MB, valid", "[", "1.5,", "2]}"),
        ("10 MB, all of it wrong", '0,"customer":1,"voucher":[', "[],", "[]]}"),
        ("10 MB, not JSON at its end", "[", "{},", "oops"),
        ("10 MB of brackets", "", "[", ""),
        ("10 MB, one string", '"', "x", '"}'),
        ("10 MB without keys", "[", "1.5,", "2]}"),
    )
    for number in itertools.count(first):
        kind, opening, piece, end = kinds[number % len(kinds)]
        opening = start % (campaign, customer, number) + opening
        yield kind, f"{opening}{piece * ((size - len(opening) - len(end)) // len(piece))}{end}".encode()


class Hostile:
    """All kinds at once, until the order's time is over."""

    def __init__(self, order: HostileOrder) -> None:
        self._order = order
        self._until = time.perf_counter() + order.seconds
        self._number = 0
        self._large = large_bodies(order.campaign, f"{order.run}-large", order.large_bytes, order.first)
        self.answers: dict[str, Counter[str]] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._order.slow):
                tasks.create_task(self._slow(number))
            tasks.create_task(self._paced(INVALID_A_SECOND, self._invalid))
            tasks.create_task(self._paced(UNKNOWN_A_SECOND, self._unknown))
            tasks.create_task(self._paced(GONE_A_SECOND, self._gone))
            tasks.create_task(self._paced(LARGE_A_SECOND, self._ask_large))

    async def _paced(self, a_second: int, ask: Callable[[], Coroutine[None, None, None]]) -> None:
        """One after the other: who isn't answered doesn't ask on."""
        while (now := time.perf_counter()) < self._until:
            await ask()
            await asyncio.sleep(max(0.0, now + 1 / a_second - time.perf_counter()))

    async def _invalid(self) -> None:
        self._number += 1
        await self._ask("invalid body", self._keyed(BROKEN[self._number % len(BROKEN)]))

    async def _unknown(self) -> None:
        await self._ask("unknown campaign", self._keyed(self._publication("nobody knows it")))

    async def _gone(self) -> None:
        await self._ask("gone before the answer", self._keyed(self._publication(self._order.campaign)), wait=False)

    async def _ask_large(self) -> None:
        kind, body = next(self._large)
        await self._ask(kind, KEYLESS % len(body) + body if "without keys" in kind else self._keyed(body))

    async def _slow(self, number: int) -> None:
        """Half of them dawdle in the head, half in the body. Who is cut off comes again."""
        await asyncio.sleep(number / max(1, self._order.slow))  # spread over the second
        whole = self._keyed(self._publication(self._order.campaign))
        sent_at_once = 0 if number % 2 else whole.index(b"\r\n\r\n") + 4
        while time.perf_counter() < self._until:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self._order.host, self._order.port)
                writer.write(whole[:sent_at_once])
                for place in range(sent_at_once, len(whole)):
                    if time.perf_counter() > self._until or writer.is_closing():
                        break
                    writer.write(whole[place : place + 1])
                    await asyncio.sleep(SLOW_BYTE_S)
                writer.transport.abort()
                self._count("slow, a byte a second", NO_ANSWER)
            await asyncio.sleep(SLOW_BYTE_S)

    async def _ask(self, kind: str, request: bytes, *, wait: bool = True) -> None:
        writer = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection(self._order.host, self._order.port, limit=ANSWER_MAX)
                writer.write(request)
                # Whoever is refused hears it before all is sent.
                head = await reader.readuntil(b"\r\n\r\n") if wait else b""
            self._count(kind, head[9:12].decode() or NO_ANSWER)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            self._count(kind, NO_ANSWER)
        finally:
            if writer is not None:
                if not wait:
                    await asyncio.sleep(0)  # the request leaves first
                writer.transport.abort()

    def _publication(self, campaign: str) -> bytes:
        self._number += 1
        customer = f"{self._order.run}-{self._number}"
        return msgspec.json.encode({"campaign": {"name": campaign}, "customer": {"source_id": customer}})

    def _keyed(self, body: bytes) -> bytes:
        return KEYED % (len(body), self._order.app_id.encode(), self._order.token.encode()) + body

    def _count(self, kind: str, answer: str) -> None:
        self.answers.setdefault(kind, Counter())[answer] += 1


async def run(order: HostileOrder) -> HostileResult:
    cpu = time.process_time()
    hostile = Hostile(order)
    await hostile.run()
    answers = {kind: dict(counted) for kind, counted in hostile.answers.items()}
    return HostileResult(answers=answers, cpu_s=time.process_time() - cpu)


if __name__ == "__main__":
    result = uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=HostileOrder)))
    sys.stdout.buffer.write(msgspec.json.encode(result))
