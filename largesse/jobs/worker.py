"""Takes jobs and works on them, slice by slice, until it is told to stop.

Nothing here must be right for a job to be done exactly once: a chunk is one transaction that saves how far it came and
holds its async action's row, so a worker may die anywhere, and two may believe that they have the same job. What this
adds is that somebody always has it (heartbeat and take-over) and that nobody keeps it for long (slices, in turn).
"""

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

import structlog

from largesse.actions import distributions, memberships
from largesse.actions.courier import Courier
from largesse.actions.deliveries import clear_deliveries
from largesse.actions.distribution_triggers import trigger_chunk
from largesse.actions.distributions import resume_supplied, start_due
from largesse.actions.export_files import Interrupted
from largesse.actions.exports import purge_exports
from largesse.actions.ids import IdSource
from largesse.actions.memberships import check_clocks, read_chunk
from largesse.actions.publication_hours import fold_chunk
from largesse.actions.runways import check_pools
from largesse.actions.scope import Scope
from largesse.actions.uploads import sweep_uploads
from largesse.actions.vouchers import withdraw_expired
from largesse.domain.errors import Unavailable
from largesse.domain.projects import Project
from largesse.jobs.handlers import HANDLERS, LONG, Handler
from largesse.store import jobs, publication_hours
from largesse.store.connection import JOB_SETTINGS, Connection, Pool, acquire, create_pool, took_too_long
from largesse.store.events import waiting_projects
from largesse.store.jobs import Job
from largesse.store.projects import get_project, list_projects
from largesse.store.tokens import delete_expired_tokens
from largesse.store.users import delete_expired_sessions
from largesse.wire.assets import ProjectAssets

SLOTS: Final = (frozenset(HANDLERS) - LONG, frozenset(HANDLERS), LONG)
"""Jobs at the same time in one worker, and the kinds that each of them takes: a small one doesn't wait for another's
chunk, and two large exports leave a slot to all else.
"""
Chunk: TypeAlias = Callable[[Scope], Awaitable[bool]]
"""One transaction's worth of something; whether there may be more."""
READERS: Final[tuple[tuple[str, Chunk], ...]] = (
    (memberships.READER, read_chunk),
    (distributions.READER, trigger_chunk),
    (publication_hours.READER, fold_chunk),
)
"""Who reads the event log in this process: by what name, and what is done with the next events of a project."""
SWEEPS: Final[tuple[Chunk, ...]] = (
    withdraw_expired, purge_exports, sweep_uploads, clear_deliveries, check_clocks, check_pools, resume_supplied,
    start_due,
)  # fmt: skip
"""What is due in a project by the clock alone."""
CONNECTIONS: Final = len(SLOTS) + 2 * 2 + len(READERS) + 2
"""A chunk's for each slot, a reader's and a writer's more for two exports, those of the event log's readers, the
heartbeat's and the sweeper's.
"""
SLICE_S: Final = 1.0
"""How long a job is worked on before whoever waits longest has its turn."""
SWEEP_S: Final = 10.0
ILL_S: Final = 10.0
"""Before a project's log is read again that couldn't be."""
TOKENS_CHUNK: Final = 10_000
POLL_S: Final = 0.5
"""Before looking for jobs unasked: those that were put off, and those whose notice got lost."""
HEARTBEAT_S: Final = 2.0
LAPSE_S: Final = 10.0
"""A job whose worker gave no sign of life for so long is free again."""
WAIT_S: Final = 0.5
"""Before asking again whether the job that has to end first has ended."""
TRIES_MAX: Final = 10
RETRY_S_MAX: Final = 60.0
FAILURE_LENGTH_MAX: Final = 500

log = structlog.get_logger("largesse.jobs")


async def _rest(news: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(news.wait(), seconds)


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass
class Worker:
    pool: Pool
    stop: asyncio.Event
    slice_s: float = SLICE_S
    heartbeat_s: float = HEARTBEAT_S
    lapse_s: float = LAPSE_S
    name: str = field(default_factory=_name)
    ids: IdSource = field(default_factory=IdSource)
    assets: ProjectAssets | None = None
    courier: Courier | None = None
    only: str | None = None  # the action whose job it is there for; without it any job
    held: set[int] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _ill: dict[tuple[str, int], float] = field(default_factory=dict)  # readers' projects, and until when

    def wake(self) -> None:
        """There may be new jobs: whoever rests looks at once."""
        news, self.news = self.news, asyncio.Event()
        news.set()

    async def run(self) -> None:
        """Work until `stop` is set; then finish the chunks under way and give the jobs back."""
        heart = asyncio.create_task(self._beat())
        stopping = asyncio.create_task(self._wake_to_stop())
        try:
            await asyncio.gather(
                self._sweep(), *(self._read(*reader) for reader in READERS), *(self._slot(kinds) for kinds in SLOTS)
            )
        finally:
            for task in (heart, stopping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            with contextlib.suppress(Unavailable):
                async with acquire(self.pool) as connection:
                    await jobs.release_jobs(connection, self.name)

    async def _slot(self, kinds: frozenset[str]) -> None:
        while not self.stop.is_set():
            news = self.news  # of what comes while we look, too
            try:
                if not await self.step(kinds):
                    await _rest(news, POLL_S)
            except Unavailable:
                # PostgreSQL is away. What we have stays claimed until its heartbeat lapses, or we are faster.
                log.warning("jobs.database_unavailable", worker=self.name)
                await self._pause(1.0)

    async def _wake_to_stop(self) -> None:
        await self.stop.wait()
        self.wake()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_s)
            if self.held:
                with contextlib.suppress(Unavailable):
                    async with acquire(self.pool) as connection:
                        await jobs.beat(connection, self.name, sorted(self.held))

    async def _read(self, reader: str, chunk: Chunk) -> None:
        """Do what the event log asks for, soon after it was written."""
        while not self.stop.is_set():
            more = False
            try:
                more = await self.read_log(reader, chunk)
            except Unavailable:
                log.warning("jobs.database_unavailable", worker=self.name)
            except Exception:  # the next turn may do better; the jobs go on
                log.exception("jobs.reading_failed", reader=reader)
            if not more:
                await self._pause(POLL_S)

    async def read_log(self, reader: str, chunk: Chunk) -> bool:
        """A chunk of the event log of every project that has something for the reader; whether there may be more."""
        async with acquire(self.pool) as connection:
            waiting = await waiting_projects(connection, reader)
        more = False
        for project_id in waiting:
            ill = (reader, project_id)
            if time.monotonic() < self._ill.get(ill, 0):
                continue
            try:
                async with self._unit(project_id) as scope:
                    more = await chunk(scope) or more
            except Exception:  # a statement of its that takes too long, say: the other projects go on
                log.exception("jobs.reading_failed", reader=reader, project=project_id)
                self._ill[ill] = time.monotonic() + ILL_S
            else:
                self._ill.pop(ill, None)
        return more

    async def _sweep(self) -> None:
        """Every few seconds, what is due in each project by the clock alone."""
        while not self.stop.is_set():
            try:
                await self.sweep()
            except Unavailable:
                log.warning("jobs.database_unavailable", worker=self.name)
            except Exception:  # tried again at the next turn; the jobs go on
                log.exception("jobs.sweep_failed")
            await self._pause(SWEEP_S)

    async def sweep(self) -> None:
        """Take expired vouchers out of the pools of all projects, and remove what nobody needs any more."""
        async with acquire(self.pool) as connection:
            await delete_expired_tokens(connection, TOKENS_CHUNK)
            await delete_expired_sessions(connection, TOKENS_CHUNK)
            projects = await list_projects(connection)
        for project in projects:
            for chunk in SWEEPS:
                try:
                    await self._sweep_project(project, chunk)
                except Exception:  # the next turn may do better; the other projects go on
                    log.exception("jobs.sweep_failed", project=project.id)

    async def _sweep_project(self, project: Project, chunk: Chunk) -> None:
        more = True
        while more and not self.stop.is_set():
            async with acquire(self.pool) as connection, connection.transaction():
                more = await chunk(self._in_project(connection, project))

    async def step(self, kinds: frozenset[str] = frozenset(HANDLERS)) -> bool:
        """Take a job of these kinds and work on it for one slice; False when there is none. Raises Unavailable."""
        async with acquire(self.pool) as connection:
            job = await jobs.claim_job(
                connection, self.name, sorted(kinds), lapse_s=self.lapse_s, at=sorted(self.held), only=self.only
            )
        if job is None:
            return False
        self.held.add(job.id)
        try:
            await self._work(job)
        except Interrupted:
            async with acquire(self.pool) as connection:
                await jobs.release_job(connection, self.name, job.id)
        except Unavailable as error:
            if took_too_long(error.__cause__):  # that isn't the database's fault, and it will do so again
                await self._failed(job, error)
            else:
                await self._put_back(job)
                raise
        except Exception as error:  # noqa: BLE001  # the job must not be lost, nor stop the others
            await self._failed(job, error)
        finally:
            self.held.discard(job.id)
        return True

    async def _work(self, job: Job) -> None:
        handler = HANDLERS[job.kind]
        until = time.monotonic() + self.slice_s
        async with acquire(self.pool) as connection:
            if handler.must_wait and await handler.must_wait(
                await self._scope(connection, job.project_id), job.action_id
            ):
                await jobs.release_job(connection, self.name, job.id, delay_s=WAIT_S)
                return
        while not await self._chunk(handler, job):
            units = partial(self._unit, job.project_id)
            if handler.between is not None:
                await handler.between(units, job.action_id, self.stop.is_set)
            if handler.beside is not None and await handler.beside(
                units, job.action_id, self.stop.is_set, partial(self._chunk, handler, job)
            ):
                return
            if self.stop.is_set() or time.monotonic() >= until:
                async with acquire(self.pool) as connection:
                    await jobs.release_job(connection, self.name, job.id)
                return

    async def _chunk(self, handler: Handler, job: Job) -> bool:
        async with self._unit(job.project_id) as scope:
            last = await handler.chunk(scope, job.action_id)
            if last:
                await jobs.finish_job(scope.connection, job.id)
        return last

    @contextlib.asynccontextmanager
    async def _unit(self, project_id: int, *, snapshot: bool = False) -> AsyncIterator[Scope]:
        async with (
            acquire(self.pool) as connection,
            connection.transaction(isolation="repeatable_read" if snapshot else None, readonly=snapshot),
        ):
            yield await self._scope(connection, project_id)

    async def _scope(self, connection: Connection, project_id: int) -> Scope:
        project = await get_project(connection, project_id)
        assert project is not None, "a project is never deleted"
        return self._in_project(connection, project)

    def _in_project(self, connection: Connection, project: Project) -> Scope:
        return Scope(
            connection=connection,
            project=project,
            ids=self.ids,
            request_id=self.ids.new("w-"),
            actor="job",
            assets=None if self.assets is None else self.assets(project.id),
            courier=self.courier,
        )

    async def _put_back(self, job: Job) -> None:
        """After a lost connection, a deadlock, a lock that wasn't had: soon again, if PostgreSQL can be told so."""
        with contextlib.suppress(Unavailable):
            async with acquire(self.pool) as connection:
                await jobs.release_job(connection, self.name, job.id, delay_s=1.0)

    async def _failed(self, job: Job, error: Exception) -> None:
        log.error("jobs.failed", job=job.id, kind=job.kind, action=job.action_id, exc_info=error)
        failure = f"{type(error).__name__}: {error}"[:FAILURE_LENGTH_MAX]
        async with acquire(self.pool) as connection, connection.transaction():
            if job.tries + 1 < TRIES_MAX:
                delay_s = min(RETRY_S_MAX, 2.0**job.tries)
                await jobs.fail_job(connection, self.name, job.id, delay_s=delay_s, failure=failure)
                return
            if (handler := HANDLERS.get(job.kind)) is not None:
                await handler.give_up(await self._scope(connection, job.project_id), job.action_id)
            await jobs.park_job(connection, job.id, failure=failure)


@contextlib.asynccontextmanager
async def opened(
    database_url: str,
    *,
    stop: asyncio.Event,
    assets: ProjectAssets | None = None,
    courier: Courier | None = None,
) -> AsyncIterator[Worker]:
    """A worker for that database, to be run until `stop` is set. PostgreSQL may come and go meanwhile."""
    pool = await create_pool(database_url, size=CONNECTIONS, settings=JOB_SETTINGS, application="largesse-jobs")
    try:
        yield Worker(pool, stop, assets=assets, courier=courier)
    finally:
        await pool.close()
