"""`largesse serve`: the parent of PostgreSQL, the API processes and the job process.

It holds the data directory and the port, restarts what dies, and stops everything in order: first the API, so that
requests in flight are answered, then the jobs, then PostgreSQL.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Final, TypeAlias

import msgspec
import structlog

from largesse.runtime import child
from largesse.runtime.bootstrap import bootstrap
from largesse.runtime.children import Child, kept_running
from largesse.runtime.database import bring_up_to_date, resolved
from largesse.runtime.directory import DataDirectory
from largesse.runtime.postgres import running
from largesse.runtime.settings import Settings
from largesse.runtime.sockets import connection_limits, listen, raise_files_limit

# What a request in flight, or a job's chunk, may still take after SIGTERM.
API_STOP_S: Final = 30.0
JOBS_STOP_S: Final = 30.0
# How long an event loop may stand still: one that does answers nothing. Jobs have longer pieces of work.
API_STILL_MAX_S: Final = 10.0
JOBS_STILL_MAX_S: Final = 60.0

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
    raise_files_limit()
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(directory.owned("serve"))
        listeners = [stack.enter_context(one) for one in await listen(settings.host, settings.port, settings.processes)]
        settings = msgspec.structs.replace(settings, port=listeners[0].getsockname()[1])
        settings = await stack.enter_async_context(_database(settings, directory))
        await bring_up_to_date(settings)
        await bootstrap(settings, directory)
        started.set()
        if settings.jobs:
            await stack.enter_async_context(kept_running(_job_processes(settings), JOBS_STOP_S))
        standing_in = len(listeners) > 1
        await stack.enter_async_context(
            kept_running(_api_processes(settings, listeners), API_STOP_S, standing_in=standing_in)
        )
        for listener in listeners:
            stack.callback(listener.close)  # from then on newcomers are refused, not left waiting
        log.info(
            "serving",
            url=settings.base_url,
            processes=settings.processes,
            connections_max=settings.processes * connection_limits(len(listeners) - 1).own,
            data=str(directory.path),
        )
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


@contextlib.asynccontextmanager
async def _database(settings: Settings, directory: DataDirectory) -> AsyncIterator[Settings]:
    if settings.database_url is not None:
        yield settings
        return
    async with running(directory) as postgres:
        yield resolved(settings, directory, postgres.url)


def _api_processes(settings: Settings, listeners: Sequence[socket.socket]) -> list[Child]:
    numbers = tuple(listener.fileno() for listener in listeners)
    return [
        Child(
            f"api-{slot + 1}",
            "largesse.runtime.api",
            child.Orders(settings, numbers, slot % len(numbers)),
            still_max_s=API_STILL_MAX_S,
        )
        for slot in range(settings.processes)
    ]


def _job_processes(settings: Settings) -> list[Child]:
    return [Child("jobs", "largesse.runtime.work", child.Orders(settings), still_max_s=JOBS_STILL_MAX_S)]
