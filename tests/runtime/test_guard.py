"""Which connections of its process a guard cuts: real sockets, a clock of ours."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from starlette.types import Message, Scope

from largesse.runtime.guard import SILENT_S, Guard, Peer

CONNECTIONS_MAX = 16


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Port:
    """A listening socket, and both ends of what was connected to it."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.number: int = self._listener.getsockname()[1]

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        client = self._stack.enter_context(
            socket.create_connection(("127.0.0.1", self.number), source_address=(source, 0))
        )
        self._stack.enter_context(self._listener.accept()[0])
        client.setblocking(False)
        return client


def is_cut(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def peer(client: socket.socket) -> Peer:
    host, port = client.getsockname()
    return host, port


@pytest.fixture
def port() -> Iterator[Port]:
    with contextlib.ExitStack() as stack:
        yield Port(stack)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(port: Port, clock: Clock) -> Guard:
    return Guard(port.number, CONNECTIONS_MAX, clock=clock)


def test_a_new_connection_that_says_nothing_is_cut_and_one_that_was_answered_stays(
    port: Port, guard: Guard, clock: Clock
) -> None:
    silent, heard, busy = port.connect(), port.connect(), port.connect()
    guard.sweep()
    for one in (heard, busy):
        guard.answering(peer(one))
    guard.idle(peer(heard))
    clock.now += SILENT_S + 1
    guard.sweep()
    assert [is_cut(one) for one in (silent, heard, busy)] == [True, False, False]


def test_of_an_address_with_too_many_those_idle_for_longest_are_cut(port: Port, guard: Guard, clock: Clock) -> None:
    mine = []
    for _ in range(guard.of_address_max + 3):
        mine.append(port.connect())
        guard.sweep()
        clock.now += 0.1
    theirs = port.connect("127.0.0.2")
    guard.sweep()
    assert [is_cut(one) for one in mine] == [True] * 3 + [False] * guard.of_address_max
    assert not is_cut(theirs)


def test_of_many_addresses_together_the_longest_idle_make_room(port: Port, guard: Guard, clock: Clock) -> None:
    clients = []
    for number in range(CONNECTIONS_MAX):
        clients.append(port.connect(f"127.0.0.{number + 1}"))
        clock.now += 0.1
        if number < guard.idle_max:
            guard.sweep()
    assert guard.sweep()
    assert [is_cut(one) for one in clients] == [True] * (CONNECTIONS_MAX - guard.idle_max) + [False] * guard.idle_max


def test_what_is_being_answered_is_never_cut(port: Port, guard: Guard, clock: Clock) -> None:
    clients = [port.connect() for _ in range(CONNECTIONS_MAX)]
    for one in clients:
        guard.answering(peer(one))
    clock.now += 10 * SILENT_S
    guard.sweep()
    assert not any(is_cut(one) for one in clients)


async def test_while_its_body_is_on_its_way_a_request_can_be_cut_and_afterwards_not(
    port: Port, guard: Guard, clock: Clock
) -> None:
    bodies = {False: b"a", True: b"b"}
    states: list[bool] = []

    async def receive() -> Message:
        states.append(peer(client) in guard._answering)
        return {"type": "http.request", "body": bodies[len(states) > 1], "more_body": len(states) < 2}

    async def app(_scope: Scope, receive: object, _send: object) -> None:
        states.append(peer(client) in guard._answering)
        await receive()  # type: ignore[operator]
        states.append(peer(client) in guard._answering)

    async def send(_message: Message) -> None:
        pass

    client = port.connect()
    host, number = peer(client)
    scope = {"type": "http", "client": (host, str(number))}  # as granian has it
    await guard.around(app)(scope, receive, send)
    assert states == [True, False, True]
    assert peer(client) not in guard._answering


def test_nobody_is_remembered_who_has_gone(port: Port, guard: Guard, clock: Clock) -> None:
    with contextlib.ExitStack() as stack:
        other = Port(stack)
        guard = Guard(other.number, CONNECTIONS_MAX, clock=clock)
        client = other.connect()
        guard.answering(peer(client))
        guard.idle(peer(client))
        guard.sweep()
        assert peer(client) in guard._heard
    guard.sweep()
    assert guard._heard == {}
    assert not guard._answering


def test_other_sockets_of_the_process_are_left_alone(port: Port, guard: Guard, clock: Clock) -> None:
    other, across = socket.socketpair()
    with other, across, contextlib.ExitStack() as stack:
        elsewhere = Port(stack)
        client = elsewhere.connect()
        clock.now += 100 * SILENT_S
        guard.sweep()
        clock.now += 100 * SILENT_S
        guard.sweep()
        other.send(b"x")
        assert across.recv(1) == b"x"
        assert not is_cut(client)
