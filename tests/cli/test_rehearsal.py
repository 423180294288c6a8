"""Who waits how long in a rehearsal, whatever the server does: answers in pieces, goes away, says nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from largesse.cli import rehearsal
from largesse.cli.latency import percentiles_ms
from largesse.cli.rehearsal import Outcome, Plan, Rehearsal

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    met: set[asyncio.Task[Any]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        met.add(task)
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await answer(head + await reader.readexactly(length), writer)
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*met)  # they end when the client has hung up


def plan(url: str, **changes: Any) -> Plan:
    fields = {"rate": 200.0, "duration": 0.1, "connections": 4, "campaign": "c", "tag": "t", **changes}
    return Plan(url=urlsplit(url), headers={"X-App-Id": "id"}, **fields)


async def rehearsed(answer: Answer, **changes: Any) -> Outcome:
    async with serving(answer) as url:
        return await Rehearsal(plan(url, **changes)).run()


async def test_everybody_is_asked_for_once_under_the_path_of_the_address():
    asked: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(request)
        writer.write(PLAIN)

    async with serving(answer) as url:
        outcome = await Rehearsal(plan(url + "/behind/a/proxy/")).run()
    assert outcome.answers == {"200": 20}
    assert outcome.unsent == 0
    assert all(request.startswith(b"POST /behind/a/proxy/v1/publications HTTP/1.1\r\n") for request in asked)
    # Every second one is a new customer.
    assert sorted(request.rpartition(b'"source_id":')[2].partition(b",")[0] for request in asked) == sorted(
        b'"t-%d"' % (number // 2) for number in range(20)
    )


async def test_answers_in_chunks_and_connections_that_close_are_answers():
    async def chunked(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")

    async def closing(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(PLAIN.replace(b"Content", b"Connection: close\r\nContent"))
        writer.close()

    assert (await rehearsed(chunked)).answers == {"200": 20}
    assert (await rehearsed(closing)).answers == {"200": 20}


async def test_refusals_breaks_and_nonsense_are_told_apart():
    async def refusing(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(PLAIN.replace(b"200 OK", b"400 Bad Request"))

    async def hanging_up(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def babbling(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")

    assert (await rehearsed(refusing)).answers == {"400": 20}

    async def talking(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com\r\n\r\n")

    for answer in (hanging_up, babbling, talking):
        outcome = await rehearsed(answer)
        assert outcome.answers == {"connection broke": 20}
        assert outcome.reasons(50)[0] == "nothing was answered"


async def test_who_gets_no_answer_gives_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rehearsal, "ANSWER_S", 0.05)

    async def silent(_request: bytes, _writer: asyncio.StreamWriter) -> None:
        pass

    outcome = await rehearsed(silent, connections=20)
    assert outcome.answers == {"no answer in time": 20}


@pytest.mark.parametrize(("idle_max_s", "connections"), [(0.0, 5), (60.0, 1)])
async def test_a_connection_that_lay_idle_isnt_used_again(
    monkeypatch: pytest.MonkeyPatch, idle_max_s: float, connections: int
):
    monkeypatch.setattr(rehearsal, "IDLE_MAX_S", idle_max_s)
    seen = set()

    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.add(writer.get_extra_info("peername"))
        writer.write(PLAIN)

    outcome = await rehearsed(answer, rate=10, duration=0.5, connections=1)
    assert (outcome.answers, len(seen)) == ({"200": 5}, connections)


async def test_a_rehearsal_ends_although_the_server_doesnt_keep_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rehearsal, "OVERTIME_S", 0.2)

    async def silent(_request: bytes, _writer: asyncio.StreamWriter) -> None:
        pass

    outcome = await rehearsed(silent, connections=1)
    assert outcome.answers == {"no answer in time": 1}
    assert outcome.unsent == 19
    assert any("19 requests were never sent" in reason for reason in outcome.reasons(50))


async def test_a_wait_begins_when_the_request_was_due():
    """Twenty due within 0.1 s and served one by one, 0.02 s each: the last one waits for all the others."""

    async def slow(_request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(PLAIN)

    outcome = await rehearsed(slow, connections=1)
    assert outcome.answers == {"200": 20}
    assert outcome.latencies_ms["max"] >= 20 * 20 - 100  # by the server's own sleeps, however fast the machine


def test_percentiles_are_latencies_that_were():
    assert percentiles_ms([]) == {}
    assert percentiles_ms([0.5]) == {"p50": 500, "p99": 500, "p99.9": 500, "max": 500}
    thousand = percentiles_ms([n / 1000 for n in reversed(range(1, 1001))])
    assert thousand == {"p50": 500, "p99": 990, "p99.9": 999, "max": 1000}


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"latencies_ms": {"p99": 50.0}}, []),
        ({"latencies_ms": {"p99": 50.1}}, ["p99 is 50.1 ms, the objective 50 ms"]),
        ({"answers": {"200": 9, "503": 1}}, ["1 × 503"]),
        ({"latencies_ms": {"p99": 60.0}, "busy": 0.9}, ["p99 is 60.0 ms, the objective 50 ms", "this client was busy 90% of the time: it may be what is slow"]),
    ],
)  # fmt: skip
def test_the_verdict_names_its_reasons(changes: dict[str, Any], reasons: list[str]):
    good: dict[str, Any] = {"answers": {"200": 10}, "latencies_ms": {"p99": 10.0}, "seconds": 1, "unsent": 0, "busy": 0}
    assert Outcome(**{**good, **changes}).reasons(50) == reasons
