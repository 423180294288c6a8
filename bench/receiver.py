"""A receiver of webhooks in a process of its own: answers 200 to everything and counts what it got.

`python -m bench.receiver` prints its port, and what it got when its standard input ends. It speaks just enough HTTP/1.1
for our own client.
"""

import asyncio
import sys
from typing import Final, cast

import msgspec
import uvloop

ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Got(msgspec.Struct):
    """How many requests, and how many different ids of messages."""

    requests: int
    messages: int


class Connection(asyncio.Protocol):
    def __init__(self, ids: set[bytes], count: list[int]) -> None:
        self._ids = ids
        self._count = count
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's isn't a subclass

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        while True:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            fields = head.lower()
            length = int(fields.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < length:
                return
            self._ids.add(fields.partition(b"webhook-id: ")[2].partition(b"\r\n")[0])
            self._count[0] += 1
            self._buffer = rest[length:]
            self._transport.write(ANSWER)


async def receive() -> Got:
    loop = asyncio.get_running_loop()
    ids: set[bytes] = set()
    count = [0]
    server = await loop.create_server(lambda: Connection(ids, count), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    return Got(count[0], len(ids))


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(uvloop.run(receive())).decode())
