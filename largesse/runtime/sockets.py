"""The port, and how many connections may be open on it.

On Linux each API process has a listening socket of its own on the same port, and the kernel deals connections out
evenly among them: from one shared socket the process that is awake takes nearly all. The parent holds all the sockets,
so that no connection is lost with a process.
"""

import contextlib
import os
import resource
import socket
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from largesse.runtime import processes
from largesse.runtime.refusal import StartRefused

BACKLOG: Final = 1024
CONNECTIONS_MAX: Final = 8192
"""Of one process."""
FILES_WANTED: Final = 65_536
FILES_KEPT: Final = 64
"""For what isn't a connection of a client: the database, pipes to children, files that are served."""
CONNECTIONS_MIN: Final = 16
# A parent that was killed leaves the port taken until its API processes are gone, too.
PORT_WAIT_S: Final = 2.0


class ConnectionLimits(msgspec.Struct, frozen=True):
    """Of one API process. `standing_in`: of those, the ones it takes for a process that is being replaced."""

    own: int
    standing_in: int

    @property
    def in_all(self) -> int:
        return self.own + self.standing_in


def connection_limits(siblings: int) -> ConnectionLimits:
    """As many as the limit of open files allows, and what else needs files leaves."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        files = FILES_WANTED
    room = max(CONNECTIONS_MIN, min(files - FILES_KEPT, CONNECTIONS_MAX))
    standing_in = room // 4 if siblings else 0
    return ConnectionLimits(room - standing_in, standing_in)


def raise_files_limit() -> None:
    """As far as we may: the soft limit is often 1,024 for the sake of programs that can't count further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def listen(host: str, port: int, processes_count: int) -> list[socket.socket]:
    """Listening sockets, one for each process where the kernel deals connections out, else one for all of them.

    From now on the port is ours, and connections that come early wait. Raises StartRefused.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise StartRefused(f"The host {host} is unknown: {error.strerror}.") from error
    found: list[socket.socket] = []
    reasons: list[str] = []
    count = processes_count if sys.platform == "linux" else 1

    def bound() -> bool:
        try:
            found.extend(_bind(family, (str(address[0]), int(address[1])), count))
        except OSError as error:
            reasons.append(os.strerror(error.errno or 0))
        return bool(found)

    if not await processes.wait_until(bound, timeout_s=PORT_WAIT_S):
        raise StartRefused(f"Port {port} on {host} can't be used: {reasons[-1]}. Choose another with --port.")
    return found


def _bind(family: int, address: tuple[str, int], count: int) -> Sequence[socket.socket]:
    # First without sharing: another server's port must not become ours as well.
    first = _create(family, address, shared=False)
    if count == 1:
        return [first]
    address = (address[0], first.getsockname()[1])
    first.close()
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(_create(family, address, shared=True)) for _ in range(count)]
        stack.pop_all()
    return found


def _create(family: int, address: tuple[str, int], *, shared: bool) -> socket.socket:
    dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    return socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=dual, reuse_port=shared)
