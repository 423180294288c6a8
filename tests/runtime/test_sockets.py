"""The port: shared among our processes, never with another server; and how many connections fit."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from largesse.runtime import sockets
from largesse.runtime.refusal import StartRefused
from largesse.runtime.sockets import CONNECTIONS_MAX, FILES_KEPT, connection_limits, listen, raise_files_limit


@contextmanager
def files(soft: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("count", [1, 3])
async def test_a_port_of_ours_is_nobody_elses(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(sockets, "PORT_WAIT_S", 0.0)
    with ExitStack() as stack:
        ours = [stack.enter_context(one) for one in await listen("127.0.0.1", 0, count)]
        port = ours[0].getsockname()[1]
        assert {one.getsockname()[1] for one in ours} == {port}
        for others in (1, 2):
            with pytest.raises(StartRefused, match=str(port)):
                await listen("127.0.0.1", port, others)


async def test_another_servers_port_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "PORT_WAIT_S", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        for count in (1, 4):
            with pytest.raises(StartRefused):
                await listen("127.0.0.1", other.getsockname()[1], count)


@pytest.mark.parametrize("soft", [256, 1024, 4096])
def test_connections_stay_below_the_limit_of_open_files(soft: int) -> None:
    with files(soft):
        for siblings in (0, 3):
            limits = connection_limits(siblings)
            assert limits.in_all <= soft - FILES_KEPT
            assert limits.own >= (soft - FILES_KEPT) * 3 // 4
            assert (limits.standing_in > 0) == (siblings > 0)


def test_the_limit_of_open_files_is_raised_as_far_as_allowed() -> None:
    with files(256):
        raise_files_limit()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft == min(hard, sockets.FILES_WANTED) or hard == resource.RLIM_INFINITY
        assert connection_limits(0).own <= CONNECTIONS_MAX
