"""The publisher: gathers requests of one process into batches and gives each its outcome (docs/decisions/0002).

While a statement is in flight further requests wait in a queue per project; when it returns, up to `batch_max` go in
the next one. No timer: alone a request goes at once, under load batches grow by themselves, like a group commit. The
queues are served in turn, and so are the campaigns in each, so that one's storm doesn't starve another; a crowd for one
campaign goes in batches of its own. A project has
a second statement in flight only when a crowd of its requests waits: two small batches cost more than a large one; and
that one doesn't count when another project wants its own.
"""

import asyncio
import contextlib
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import msgspec

from largesse.actions.ids import IdSource
from largesse.actions.supplies import Supply
from largesse.domain import codes
from largesse.domain.errors import InvalidPayload, Unavailable
from largesse.domain.projects import Project
from largesse.domain.publications import (
    PUBLISHED,
    REPLAYED,
    RETRY_PREFIX,
    SHORT_OF_CODES,
    Publication,
    PublicationRequest,
    out_of_time,
    refusal,
)
from largesse.store import publications as store
from largesse.store.connection import PUBLISH_LIMIT_S, Pool, acquire
from largesse.store.counters import FOLD_AT, fold_changes

SUPPLIES_MAX: Final = 1_000  # campaigns without codes a process remembers
CURSORS_MAX: Final = 10_000  # campaigns a process remembers its place in
ROLLED_BACK: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.UniqueViolationError,
)
"""What a statement may end with when others do the same at the same moment: nothing is published, ask again."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    batch_max: int = 64
    in_flight_max: int = 2  # statements of one project, and projects that have one
    crowd: int = 40  # requests of one project that wait, before it gets a further statement beside the one in flight
    waiting_max: int = 4_096  # requests
    waiting_of_key_max: int = 2_048  # of one key: a key that lies open in links must leave room for the others
    patience_s: float = 2.0  # how long a request keeps trying
    retry_after_s: float = 0.002  # times the number of tries
    hint_s: float = 10.0  # how long a campaign is taken to be out of codes


@dataclass(slots=True, eq=False)
class _Waiting:
    project: Project
    request: PublicationRequest
    answer: "asyncio.Future[store.Verdict]"
    deadline: float
    tries: int = 0
    alone: bool = False  # its batch failed as a whole: it goes by itself, so that it fails nobody but itself


class _Line:
    """The waiting requests of a project: of its campaigns in turn, of each the oldest."""

    def __init__(self) -> None:
        self._campaigns: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._count = 0
        self._crowds_next = False

    def __len__(self) -> int:
        return self._count

    def append(self, waiting: _Waiting) -> None:
        self._campaigns.setdefault(waiting.request.campaign or "", deque()).append(waiting)
        self._count += 1

    def turn(self, crowd: int) -> frozenset[str]:
        """The campaigns that the next batch is for. Where a crowd waits for one and somebody for another, they go in
        batches of their own, in turn: a small one is soon back, a large one isn't.
        """
        crowds = {campaign for campaign, waiting in self._campaigns.items() if len(waiting) >= crowd}
        others = self._campaigns.keys() - crowds
        if not crowds or not others:
            return frozenset(self._campaigns)
        self._crowds_next = not self._crowds_next
        return frozenset(others if self._crowds_next else crowds)

    def popleft(self, campaigns: frozenset[str]) -> _Waiting | None:
        """Of those campaigns; None when nobody waits for them any more."""
        campaign = next((one for one in self._campaigns if one in campaigns), None)
        if campaign is None:
            return None
        waiting = self._campaigns.pop(campaign)
        first = waiting.popleft()
        if waiting:
            self._campaigns[campaign] = waiting  # at the end: the others come first
        self._count -= 1
        return first

    def appendleft(self, waiting: _Waiting) -> None:
        campaign = waiting.request.campaign or ""
        self._campaigns.setdefault(campaign, deque()).appendleft(waiting)
        self._campaigns.move_to_end(campaign, last=False)
        self._count += 1


@dataclass(slots=True)
class Statistics:
    """Counted since the process started."""

    requests: int = 0
    batches: int = 0
    statements_failed: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


class Publisher:
    """One per process and event loop. `pool` must have been made with PUBLISH_SETTINGS."""

    def __init__(
        self,
        pool: Pool,
        ids: IdSource,
        *,
        limits: Limits | None = None,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._pool = pool
        self._ids = ids
        self._limits = limits or Limits()
        self._entropy = entropy
        self._queues: OrderedDict[int, _Line] = OrderedDict()
        self._in_flight: dict[asyncio.Task[None], int] = {}  # and whose statement it is
        self._folding: dict[tuple[int, str | None], asyncio.Task[None]] = {}  # campaigns whose counters are added up
        self._waiting = 0
        self._waiting_of: dict[str | None, int] = {}  # by key, those that have any
        self._cursors: OrderedDict[tuple[int, str], tuple[str, int]] = (
            OrderedDict()
        )  # campaign as named: id, last pick key
        self._supplies: OrderedDict[tuple[int, str], Supply] = OrderedDict()  # campaign as named
        self.statistics = Statistics()

    async def publish(self, project: Project, request: PublicationRequest) -> Publication:
        """Publish, or find what an equal request published before.

        Raises the refusals of `domain.publications.refusal`, and Unavailable when too many wait already, when the
        races were lost for `patience_s`, or when the database is gone (the outcome is then unknown: a request with
        a source_id can be repeated safely).
        """
        verdict = await self._enqueue(project, request)
        if verdict.outcome == PUBLISHED and verdict.publication is not None:
            return verdict.publication
        if verdict.outcome == REPLAYED:
            async with acquire(self._pool, limit_s=PUBLISH_LIMIT_S) as connection:
                found = await store.find_publications(connection, project.id, [verdict.publication_id])
            if verdict.publication_id in found:
                return found[verdict.publication_id]
            raise refusal("voucher_held", request, verdict.voucher_id)  # a distribution is about to give him one
        raise refusal(verdict.outcome, request, verdict.voucher_id)

    async def _enqueue(self, project: Project, request: PublicationRequest) -> store.Verdict:
        if self._waiting >= self._limits.waiting_max:
            raise Unavailable(f"{self._limits.waiting_max} publications are waiting already; try again.")
        of_key = self._waiting_of.get(request.actor, 0)
        if of_key >= self._limits.waiting_of_key_max:
            raise Unavailable(f"{of_key} publications of this key are waiting already; try again.")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(project, request, loop.create_future(), loop.time() + self._limits.patience_s)
        self.statistics.requests += 1
        self._waiting += 1
        self._waiting_of[request.actor] = of_key + 1
        try:
            self._queue(waiting)
            return await waiting.answer
        finally:
            self._waiting -= 1
            self._release_share(request.actor)

    def _release_share(self, actor: str | None) -> None:
        self._waiting_of[actor] -= 1
        if not self._waiting_of[actor]:
            del self._waiting_of[actor]

    def _queue(self, waiting: _Waiting) -> None:
        if (line := self._queues.get(waiting.project.id)) is None:
            line = self._queues[waiting.project.id] = _Line()
        line.append(waiting)
        self._start_batches()

    def _start_batches(self) -> None:
        while (project_id := self._whose_turn()) is not None:
            if batch := self._next_batch(project_id):
                task = asyncio.create_task(self._run(batch))
                self._in_flight[task] = project_id
                task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        del self._in_flight[task]
        self._start_batches()

    def _whose_turn(self) -> int | None:
        """The project that has waited longest, of those that may have a statement, or a further one for their crowd."""
        busy = self._in_flight.values()
        crowds_may = len(busy) < self._limits.in_flight_max
        others_may = len(set(busy)) < self._limits.in_flight_max
        for project_id, queue in self._queues.items():
            if (others_may and project_id not in busy) or (crowds_may and len(queue) >= self._limits.crowd):
                return project_id
        return None

    def _next_batch(self, project_id: int) -> list[_Waiting]:
        """The oldest requests of the project; callers that went away are dropped here."""
        queue = self._queues.pop(project_id)
        batch: list[_Waiting] = []
        campaigns = queue.turn(self._limits.crowd)
        while len(batch) < self._limits.batch_max and (waiting := queue.popleft(campaigns)) is not None:
            if waiting.answer.done():
                continue
            if waiting.alone and batch:
                queue.appendleft(waiting)
                break
            batch.append(waiting)
            if waiting.alone:
                break
        if queue:
            self._queues[project_id] = queue  # at the end: the others come first
        return batch

    async def _run(self, batch: list[_Waiting]) -> None:
        self.statistics.batches += 1
        try:
            answer = await self._ask(batch)
        except BaseException as error:  # noqa: BLE001 - whatever it was, every caller must hear of it
            self.statistics.statements_failed += 1
            self._fail(batch, error)
            return
        if isinstance(answer, asyncpg.PostgresError):
            self.statistics.statements_failed += 1
            self._after_rollback(batch, answer)
            return
        for waiting, verdict in zip(batch, answer, strict=True):
            self._settle(waiting, verdict)
        for campaign_id in {verdict.campaign_id for verdict in answer if verdict.changes >= FOLD_AT}:
            self._fold(batch[0].project.id, campaign_id)

    def _fold(self, project_id: int, campaign_id: str | None) -> None:
        """Beside the batches, which don't wait for it."""
        key = (project_id, campaign_id)
        if key not in self._folding:
            task = self._folding[key] = asyncio.create_task(self._fold_now(project_id, campaign_id))
            task.add_done_callback(lambda _: self._folding.pop(key))

    async def _fold_now(self, project_id: int, campaign_id: str | None) -> None:
        # Another batch will see that it is still to be done.
        with contextlib.suppress(Unavailable, asyncpg.PostgresError):
            async with acquire(self._pool, limit_s=PUBLISH_LIMIT_S) as connection:
                await fold_changes(connection, project_id, campaign_id)

    async def _ask(self, batch: list[_Waiting]) -> list[store.Verdict] | asyncpg.PostgresError:
        """The verdicts, or why the statement was rolled back although the database is well."""
        async with acquire(self._pool, limit_s=PUBLISH_LIMIT_S) as connection:
            try:
                return await store.publish(
                    connection,
                    batch[0].project,
                    [w.request for w in batch],
                    cursors=self._cursors_of(batch),
                    spares=self._spares(batch),
                    giving_up=self._giving_up(batch),
                )
            except ROLLED_BACK as error:
                return error

    def _settle(self, waiting: _Waiting, verdict: store.Verdict) -> None:
        self.statistics.count(verdict.outcome)
        key = (waiting.project.id, waiting.request.campaign or "")
        if verdict.cursor is not None and verdict.campaign_id is not None:
            self._cursors[key] = (verdict.campaign_id, verdict.cursor)
            self._cursors.move_to_end(key)
            if len(self._cursors) > CURSORS_MAX:
                self._cursors.popitem(last=False)
        if not verdict.outcome.startswith(RETRY_PREFIX):
            if not waiting.answer.done():
                waiting.answer.set_result(verdict)
            return
        if verdict.outcome == SHORT_OF_CODES:
            self._short(key, waiting.project, verdict)
        self._again(waiting, verdict.outcome)

    def _again(self, waiting: _Waiting, why: str) -> None:
        """Let the request join a later batch, or end it when its time is up."""
        loop = asyncio.get_running_loop()
        waiting.tries += 1
        delay = self._limits.retry_after_s * waiting.tries
        if waiting.answer.done():
            return
        if loop.time() + delay > waiting.deadline:
            waiting.answer.set_exception(out_of_time(why))
        else:
            loop.call_later(delay, self._queue, waiting)

    def _after_rollback(self, batch: list[_Waiting], error: asyncpg.PostgresError) -> None:
        for waiting in batch:
            if len(batch) > 1:
                waiting.alone = True
            self._again(waiting, f"retry_{type(error).__name__}")

    def _fail(self, batch: list[_Waiting], error: BaseException) -> None:
        """A value that can't be stored fails a whole batch: find out whose it is. Anything else is everybody's."""
        if isinstance(error, asyncpg.DataError):
            if len(batch) > 1:
                for waiting in batch:
                    waiting.alone = True
                    self._queue(waiting)
                return
            error = InvalidPayload("The payload has a value that cannot be stored")
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)

    def _cursors_of(self, batch: Sequence[_Waiting]) -> dict[str, int]:
        keys = {(w.project.id, w.request.campaign or "") for w in batch}
        return dict(self._cursors[key] for key in keys if key in self._cursors)

    def _short(self, key: tuple[int, str], project: Project, verdict: store.Verdict) -> None:
        """An AUTO_UPDATE campaign has too few codes: the next batch brings new ones along."""
        now = asyncio.get_running_loop().time()
        supply = self._supplies.get(key)
        if supply is None or supply.campaign_id != verdict.campaign_id:
            supply = Supply(verdict.campaign_id or "", codes.code_config(**(verdict.code_config or {})))
            self._supplies[key] = supply
        elif supply.brought:
            supply.brought = False
            supply.was_short(self._pool, project, now)
        supply.until = now + self._limits.hint_s
        self._supplies.move_to_end(key)
        if len(self._supplies) > SUPPLIES_MAX:
            self._supplies.popitem(last=False)

    def _supplied(self, batch: Sequence[_Waiting]) -> dict[Supply, int]:
        """The campaigns of a batch that were short of codes a moment ago, and how many the batch wants."""
        now = asyncio.get_running_loop().time()
        wanted: dict[Supply, int] = {}
        for waiting in batch:
            key = (waiting.project.id, waiting.request.campaign or "")
            supply = self._supplies.get(key)
            if supply is not None and supply.until < now:
                del self._supplies[key]
            elif supply is not None:
                wanted[supply] = wanted.get(supply, 0) + waiting.request.count
        return wanted

    def _spares(self, batch: Sequence[_Waiting]) -> list[store.SpareCode]:
        spares: list[store.SpareCode] = []
        for supply, wanted in self._supplied(batch).items():
            fresh = supply.take(wanted)
            supply.brought = True
            keys = codes.pick_keys(len(fresh), self._entropy)
            spares += [
                store.SpareCode(supply.campaign_id, self._ids.new("v_"), code, pick_key)
                for code, pick_key in zip(fresh, keys, strict=True)
            ]
        return spares

    def _giving_up(self, batch: Sequence[_Waiting]) -> frozenset[str]:
        """The requests that no new code can be made for."""
        now = asyncio.get_running_loop().time()
        return frozenset(
            waiting.request.id
            for waiting in batch
            if (supply := self._supplies.get((waiting.project.id, waiting.request.campaign or ""))) is not None
            and supply.is_exhausted(now)
        )
