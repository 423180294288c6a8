"""A receiver that answers as told, byte by byte, and remembers what it got."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field


@dataclass
class Got:
    target: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[Got], bytes | None]
"""What to answer; None drops the line."""


def answer(status: int, *, body: bytes = b"ok", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Receiver:
    behave: Behaviour = field(default=lambda _: answer(200))
    delay_s: float = 0
    got: list[Got] = field(default_factory=list)
    port: int = 0
    at_once: int = 0
    at_once_max: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                got = Got(first.split(" ")[1], headers, body)
                self.got.append(got)
                self.at_once += 1
                self.at_once_max = max(self.at_once, self.at_once_max)
                try:
                    if self.delay_s:
                        await asyncio.sleep(self.delay_s)
                    reply = self.behave(got)
                finally:
                    self.at_once -= 1
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiving(behave: Behaviour | None = None, *, delay_s: float = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver(delay_s=delay_s)
    if behave is not None:
        receiver.behave = behave
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await receiver.serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
