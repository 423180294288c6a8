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
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from largesse.actions.courier import Courier
from largesse.actions.deliveries import clear_deliveries
from largesse.actions.distribution_triggers import trigger_chunk
from largesse.actions.distributions import READER, start_due
from largesse.actions.export_files import Interrupted
from largesse.actions.exports import purge_exports
from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.actions.vouchers import withdraw_expired
from largesse.domain.errors import Unavailable
from largesse.domain.projects import Project
from largesse.jobs.handlers import HANDLERS, LONG, Handler
from largesse.store import jobs
from largesse.store.connection import JOB_SETTINGS, Connection, Pool, acquire, create_pool
from largesse.store.events import waiting_projects
from largesse.store.jobs import Job
from largesse.store.projects import get_project, list_projects
from largesse.store.tokens import delete_expired_tokens
from largesse.wire.assets import ProjectAssets

SLOTS: Final = (frozenset(HANDLERS) - LONG, frozenset(HANDLERS), LONG)
"""Jobs at the same time in one worker, and the kinds that each of them takes: a small one doesn't wait for another's
chunk, and two large exports leave a slot to all else.
"""
CONNECTIONS: Final = len(SLOTS) + 2 * 2 + 3
"""A chunk's for each slot, a reader's and a writer's more for two exports, the heartbeat's, the sweeper's and the
watcher's.
"""
SLICE_S: Final = 1.0
"""How long a job is worked on before whoever waits longest has its turn."""
SWEEP_S: Final = 10.0
WATCH_S: Final = 0.5
TOKENS_CHUNK: Final = 10_000
POLL_S: Final = 0.2
HEARTBEAT_S: Final = 2.0
LAPSE_S: Final = 10.0
"""A job whose worker gave no sign of life for so long is free again."""
WAIT_S: Final = 0.5
"""Before asking again whether the job that has to end first has ended."""
TRIES_MAX: Final = 10
RETRY_S_MAX: Final = 60.0
FAILURE_LENGTH_MAX: Final = 500

log = structlog.get_logger("largesse.jobs")


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
    held: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Work until `stop` is set; then finish the chunks under way and give the jobs back."""
        heart = asyncio.create_task(self._beat())
        try:
            await asyncio.gather(self._sweep(), self._watch(), *(self._slot(kinds) for kinds in SLOTS))
        finally:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
            with contextlib.suppress(Unavailable):
                async with acquire(self.pool) as connection:
                    await jobs.release_jobs(connection, self.name)

    async def _slot(self, kinds: frozenset[str]) -> None:
        while not self.stop.is_set():
            try:
                if not await self.step(kinds):
                    await self._pause(POLL_S)
            except Unavailable:
                # PostgreSQL is away. What we have stays claimed until its heartbeat lapses, or we are faster.
                log.warning("jobs.database_unavailable", worker=self.name)
                await self._pause(1.0)

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

    async def _watch(self) -> None:
        """Start what events trigger, soon after they happened."""
        while not self.stop.is_set():
            try:
                await self.watch()
            except Unavailable:
                log.warning("jobs.database_unavailable", worker=self.name)
            except Exception:  # tried again at the next turn; the jobs go on
                log.exception("jobs.watch_failed")
            await self._pause(WATCH_S)

    async def watch(self) -> None:
        """Read the event log of every project that has automatic distributions, as far as it goes now."""
        async with acquire(self.pool) as connection:
            waiting = await waiting_projects(connection, READER)
        for project_id in waiting:
            more = True
            while more and not self.stop.is_set():
                async with self._unit(project_id) as scope:
                    more = await trigger_chunk(scope)

    async def sweep(self) -> None:
        """Take expired vouchers out of the pools of all projects, and remove what nobody needs any more."""
        async with acquire(self.pool) as connection:
            await delete_expired_tokens(connection, TOKENS_CHUNK)
            projects = await list_projects(connection)
        for project in projects:
            for chunk in (withdraw_expired, purge_exports, clear_deliveries, start_due):
                more = True
                while more and not self.stop.is_set():
                    async with acquire(self.pool) as connection, connection.transaction():
                        more = await chunk(self._in_project(connection, project))

    async def step(self, kinds: frozenset[str] = frozenset(HANDLERS)) -> bool:
        """Take a job of these kinds and work on it for one slice; False when there is none. Raises Unavailable."""
        async with acquire(self.pool) as connection:
            job = await jobs.claim_job(connection, self.name, sorted(kinds), lapse_s=self.lapse_s)
        if job is None:
            return False
        self.held.add(job.id)
        try:
            await self._work(job)
        except Interrupted:
            async with acquire(self.pool) as connection:
                await jobs.release_job(connection, self.name, job.id)
        except Unavailable:
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
            if handler.between is not None:
                await handler.between(partial(self._unit, job.project_id), job.action_id, self.stop.is_set)
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
        """After a lost connection, a deadlock, a timeout: soon again, if PostgreSQL can be told so."""
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


async def run(
    database_url: str,
    *,
    stop: asyncio.Event,
    assets: ProjectAssets | None = None,
    courier: Courier | None = None,
) -> None:
    """A worker on that database until `stop` is set. PostgreSQL may come and go meanwhile."""
    pool = await create_pool(database_url, size=CONNECTIONS, settings=JOB_SETTINGS, application="largesse-jobs")
    try:
        await Worker(pool, stop, assets=assets, courier=courier).run()
    finally:
        await pool.close()
