"""`largesse serve`: the parent of PostgreSQL, the API processes and the job process (DESIGN §7).

It holds the data directory and the port, restarts what dies, and stops everything in order: first the API, so that
requests in flight are answered, then the jobs, then PostgreSQL.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Final, TypeAlias

import msgspec
import structlog

from largesse.runtime import child, processes
from largesse.runtime.api import BACKLOG
from largesse.runtime.bootstrap import bootstrap
from largesse.runtime.database import bring_up_to_date, resolved
from largesse.runtime.directory import DataDirectory
from largesse.runtime.postgres import running
from largesse.runtime.refusal import StartRefused
from largesse.runtime.settings import Settings

# What a request in flight, or a job's chunk, may still take after SIGTERM.
API_STOP_S: Final = 30.0
JOBS_STOP_S: Final = 30.0
# A parent that was killed leaves the port taken until its API processes are gone, too.
PORT_WAIT_S: Final = 2.0

Meanwhile: TypeAlias = Callable[[Settings], Coroutine[None, None, bool]]

log = structlog.get_logger(__name__)


async def serve(settings: Settings, meanwhile: Meanwhile | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartRefused, or DatabaseRefused, when it can't start.

    `meanwhile` runs once the processes are started; when it answers False, or raises, serving ends, too.
    """
    stop = child.stop_event()
    started = asyncio.Event()
    serving = asyncio.create_task(_serve(settings, stop, started, meanwhile))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    if not started.is_set():
        # A start may take minutes, when PostgreSQL recovers: nobody should have to wait for it only to stop it.
        serving.cancel()
    stopped.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    log.info("stopped")


async def _serve(settings: Settings, stop: asyncio.Event, started: asyncio.Event, meanwhile: Meanwhile | None) -> None:
    directory = DataDirectory(settings.data_path)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(directory.owned("serve"))
        listener = stack.enter_context(await _listen(settings.host, settings.port))
        settings = msgspec.structs.replace(settings, port=listener.getsockname()[1])
        settings = await stack.enter_async_context(_database(settings, directory))
        await bring_up_to_date(settings)
        await bootstrap(settings, directory)
        started.set()
        if settings.jobs:
            await stack.enter_async_context(_kept_running(_job_processes(settings), JOBS_STOP_S))
        await stack.enter_async_context(_kept_running(_api_processes(settings, listener), API_STOP_S))
        stack.callback(listener.close)  # from then on newcomers are refused, not left waiting
        log.info("serving", url=settings.base_url, processes=settings.processes, data=str(directory.path))
        if meanwhile is None or await _unless_stopped(meanwhile(settings), stop):
            await stop.wait()
        log.info("stopping")


async def _unless_stopped(work: Coroutine[None, None, bool], stop: asyncio.Event) -> bool:
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        return False
    stopped.cancel()
    return task.result()


async def _listen(host: str, port: int) -> socket.socket:
    """A listening socket: from now on the port is ours, and who comes early waits. Raises StartRefused."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise StartRefused(f"The host {host} is unknown: {error.strerror}.") from error
    found: list[socket.socket] = []
    reasons: list[str] = []

    def bound() -> bool:
        try:
            dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
            found.append(socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=dual))
        except OSError as error:
            reasons.append(os.strerror(error.errno or 0))
        return bool(found)

    if not await processes.wait_until(bound, timeout_s=PORT_WAIT_S):
        raise StartRefused(f"Port {port} on {host} can't be used: {reasons[-1]}. Choose another with --port.")
    return found[0]


@contextlib.asynccontextmanager
async def _database(settings: Settings, directory: DataDirectory) -> AsyncIterator[Settings]:
    if settings.database_url is not None:
        yield settings
        return
    async with running(directory) as postgres:
        yield resolved(settings, directory, postgres.url)


class Child:
    """One child process that is started again whenever it ends."""

    def __init__(self, name: str, module: str, orders: child.Orders) -> None:
        self._name = name
        self._module = module
        self._orders = orders
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def start(self) -> None:
        self._process = processes.spawn(
            child.command(self._module),
            # Not the polite signal: what isn't answered yet was never acknowledged, and the port must be free.
            when_parent_dies=signal.SIGKILL,
            environment=child.environment(self._orders),
            pass_fds=[] if self._orders.socket is None else [self._orders.socket],
        )

    async def supervise(self) -> None:
        backoff = processes.Backoff()
        while not self._stopping:
            assert self._process is not None
            if self._process.poll() is None:
                await asyncio.sleep(processes.SUPERVISE_INTERVAL_S)
                continue
            log.warning("process_died", process=self._name, pid=self._process.pid, status=self._process.returncode)
            await asyncio.sleep(backoff.next_delay_s())
            if not self._stopping:
                self.start()
                backoff.started()

    def ask_to_stop(self) -> None:
        self._stopping = True
        self._send(signal.SIGTERM)

    async def stop(self, *, timeout_s: float) -> None:
        if not await processes.wait_until(self._ended, timeout_s=timeout_s):
            log.warning("process_killed", process=self._name, after_s=timeout_s)
            self._send(signal.SIGKILL)
            await processes.wait_until(self._ended, timeout_s=timeout_s)

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and not self._ended():
            self._process.send_signal(number)


def _api_processes(settings: Settings, listener: socket.socket) -> list[Child]:
    orders = child.Orders(settings, listener.fileno())
    return [Child(f"api-{number}", "largesse.runtime.api", orders) for number in range(1, settings.processes + 1)]


def _job_processes(settings: Settings) -> list[Child]:
    return [Child("jobs", "largesse.runtime.work", child.Orders(settings))]


@contextlib.asynccontextmanager
async def _kept_running(children: Sequence[Child], stop_s: float) -> AsyncIterator[None]:
    """Children that run, and run again, until the end of the block; then they are asked to stop, all at once."""
    for one in children:
        one.start()
    supervisors = [asyncio.create_task(one.supervise()) for one in children]
    try:
        yield
    finally:
        for one in children:
            one.ask_to_stop()
        await asyncio.gather(*(one.stop(timeout_s=stop_s) for one in children))
        await asyncio.gather(*supervisors)
