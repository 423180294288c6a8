"""Tells webhooks what happened: reads the event log, posts, records, tries again (docs/semantics/webhook.md).

A webhook's turn belongs to one process at a time, by heartbeat. Whoever dies leaves deliveries pending, and the next
sends them again with the same ids: at least once, never lost. A receiver has a few connections of ours and no more,
whatever it does with them, so a slow one delays nobody but itself.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Final

import structlog

from largesse.actions.deliveries import fan_out
from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.actions.webhooks import READER, SWITCHED_OFF
from largesse.delivery.posting import Outcome, Poster, Result
from largesse.delivery.signatures import signed_headers
from largesse.domain.errors import Unavailable
from largesse.domain.webhooks import DELIVERED, PARKED, PENDING, Delivery, Verdict, after_failure, secrets_in_force
from largesse.store import deliveries as store
from largesse.store.connection import JOB_SETTINGS, Connection, Pool, acquire, create_pool
from largesse.store.deliveries import Recorded, Turn
from largesse.store.events import waiting_projects
from largesse.store.projects import get_project
from largesse.store.vault import Vault
from largesse.store.webhooks import disable_webhook, get_secret, get_webhook

CONNECTIONS: Final = 6
TURNS_MAX: Final = 32
"""Webhooks that one process sends to at the same time."""
AT_ONCE: Final = 8
"""Posts under way to one webhook. Times TURNS_MAX it is what posting.py keeps open at most."""
FETCHED: Final = 64
SLICE_S: Final = 2.0
"""How long a webhook is sent to before whoever waits longest has its turn."""
POLL_S: Final = 0.25
HEARTBEAT_S: Final = 3.0
LAPSE_S: Final = 15.0
"""Longer than a post may take: what another one sends again has no answer by then."""
AWAY_S: Final = 1.0
ILL_S: Final = 10.0
"""Before a project is read again whose events couldn't be."""
RECORD_TRIES: Final = 20

log = structlog.get_logger("largesse.delivery")


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Sent:
    delivery: Delivery
    outcome: Outcome
    begun_at: datetime


@dataclass
class Sender:
    """`clock` says when something is due; the heartbeats of all senders must be of the same clock."""

    pool: Pool
    poster: Poster
    stop: asyncio.Event
    clock: Callable[[], datetime] = _utc_now
    slice_s: float = SLICE_S
    heartbeat_s: float = HEARTBEAT_S
    lapse_s: float = LAPSE_S
    poll_s: float = POLL_S
    name: str = field(default_factory=_name)
    ids: IdSource = field(default_factory=IdSource)
    _held: dict[Turn, float] = field(default_factory=dict)  # since when they are surely ours, for `lapse_s`
    _ill: dict[int, float] = field(default_factory=dict)
    _claims: Iterator[int] = field(default_factory=count)

    async def run(self) -> None:
        """Until `stop` is set; then what is under way is waited for."""
        heart = asyncio.create_task(self._again(self._beat, self.heartbeat_s))
        try:
            await asyncio.gather(self._again(self.read, self.poll_s), self._send())
        finally:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart

    async def read(self) -> bool:
        """Make the deliveries of one chunk of events of every project that has some; False when there were none."""
        async with acquire(self.pool) as connection:
            waiting = await waiting_projects(connection, READER)
        read = 0
        for project_id in waiting:
            if time.monotonic() < self._ill.get(project_id, 0):
                continue
            try:
                async with self._unit(project_id) as scope:
                    read += await fan_out(scope, self.clock())
            except Exception:  # a statement of its that takes too long, say: the others' messages don't wait
                log.exception("delivery.read_failed", project=project_id)
                self._ill[project_id] = time.monotonic() + ILL_S
        return read > 0

    async def send(self) -> None:
        """Send all that is due now, each once. For tests: `run` never ends."""
        while turns := await self._claim(TURNS_MAX):
            await asyncio.gather(*(self._safe_turn(turn) for turn in turns))

    async def _again(self, step: Callable[[], Awaitable[bool]], pause_s: float) -> None:
        while not self.stop.is_set():
            try:
                if await step():
                    continue
            except Unavailable:
                log.warning("delivery.database_unavailable", worker=self.name)
                await self._pause(AWAY_S)
            except Exception:  # the next turn may do better; the others go on
                log.exception("delivery.failed", step=step.__name__)
                await self._pause(AWAY_S)
            await self._pause(pause_s)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def _beat(self) -> bool:
        began = time.monotonic()
        async with acquire(self.pool) as connection:
            ours = await store.beat(connection, self.clock(), list(self._held))
        self._held.update((turn, began) for turn in ours if turn in self._held)
        return False

    async def _send(self) -> None:
        under_way: set[asyncio.Task[None]] = set()

        async def claim() -> bool:
            under_way.difference_update({task for task in under_way if task.done()})
            turns = await self._claim(TURNS_MAX - len(under_way))
            under_way.update(asyncio.create_task(self._safe_turn(turn)) for turn in turns)
            return bool(turns)

        await self._again(claim, self.poll_s)
        await asyncio.gather(*under_way)

    async def _claim(self, room: int) -> list[Turn]:
        if room <= 0:
            return []
        began = time.monotonic()
        claim = f"{self.name}:{next(self._claims)}"
        async with acquire(self.pool) as connection:
            turns = await store.claim_turns(connection, claim, self.clock(), room, lapse_s=self.lapse_s)
        self._held.update(dict.fromkeys(turns, began))
        return turns

    async def _safe_turn(self, turn: Turn) -> None:
        """A turn that fails isn't given back: its heartbeat lapses, so it is tried again after a while."""
        try:
            await self._turn(turn)
        except Unavailable:
            log.warning("delivery.database_unavailable", worker=self.name)
        except Exception:
            log.exception("delivery.turn_failed", webhook=turn.webhook_id)
        finally:
            self._held.pop(turn, None)

    async def _turn(self, turn: Turn) -> None:
        async with acquire(self.pool) as connection, connection.transaction():
            webhook = await get_webhook(connection, turn.project_id, turn.webhook_id)
            secret = await get_secret(connection, turn.project_id)
            if webhook is None or not webhook.active or secret is None:
                # What was put in at the moment when it was switched off.
                reason = SWITCHED_OFF if webhook is None else webhook.disabled_reason or SWITCHED_OFF
                await store.park_deliveries(connection, turn.project_id, turn.webhook_id, reason)
                await store.release_turn(connection, turn, self.clock())
                return
        headers = {"Content-Type": "application/json", **webhook.headers}

        async def post(delivery: Delivery) -> _Sent:
            begun_at = self.clock()
            body = delivery.body.encode()
            known = secrets_in_force(*secret, begun_at)
            signed = signed_headers(known, delivery.id, int(begun_at.timestamp()), body)
            try:
                outcome = await self.poster.post(webhook.target_url, body, headers | signed)
            except Exception as error:  # nothing that a receiver does leads here; the others' messages go on
                log.exception("delivery.post_failed", webhook=turn.webhook_id)
                outcome = Outcome(Result.UNKNOWN, reason=type(error).__name__)
            return _Sent(delivery, outcome, begun_at)

        rest_until = await self._slice(turn, post)
        async with acquire(self.pool) as connection, connection.transaction():
            await store.release_turn(connection, turn, self.clock(), rest_until=rest_until)

    async def _slice(self, turn: Turn, post: Callable[[Delivery], Awaitable[_Sent]]) -> datetime | None:
        """Send until the time is up, nothing is due, or the receiver wants to be left alone: until when then."""
        until = time.monotonic() + self.slice_s
        ready: list[Delivery] = []
        flying: dict[asyncio.Future[_Sent], str] = {}
        going, rest_until, look_at = True, None, 0.0
        while True:
            # A process that was stopped wakes up with messages in hand that another one has sent meanwhile.
            ours = time.monotonic() - self._held[turn] < self.lapse_s
            going = going and ours and not self.stop.is_set() and time.monotonic() < until
            look = not flying or time.monotonic() >= look_at
            if going and not ready and len(flying) < AT_ONCE and look:
                async with acquire(self.pool) as connection:
                    ready = await store.due_deliveries(
                        connection, turn, self.clock(), FETCHED, in_hand=list(flying.values())
                    )
                # All the rest waits behind what is under way; looking through it costs as much as there is.
                look_at = time.monotonic() + (POLL_S if len(ready) < FETCHED else 0)
            while going and ready and len(flying) < AT_ONCE:
                delivery = ready.pop(0)
                flying[asyncio.ensure_future(post(delivery))] = delivery.id
            if not flying:
                if going:
                    await self._wait_for_heads(turn)
                return rest_until
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            going_on, rest, following = await self._record(turn, [task.result() for task in done])
            for task in done:
                del flying[task]
            ready += following
            going, rest_until = going and going_on, rest or rest_until

    async def _wait_for_heads(self, turn: Turn) -> None:
        """Nothing could be sent: what is due all the same waits for something earlier, and has its turn with that."""
        more = True
        while more:
            async with acquire(self.pool) as connection:
                more = await store.wait_for_heads(connection, turn, self.clock())

    async def _record(self, turn: Turn, sent: list[_Sent]) -> tuple[bool, datetime | None, list[Delivery]]:
        """Whether to go on with this webhook now, until when it asked to be left alone, and what waited for these."""
        now = self.clock()
        verdicts = {one.delivery.id: _verdict(one, now) for one in sent}
        disable = next((verdict.disable for verdict in verdicts.values() if verdict.disable), None)
        rest = max((verdict.rest_until for verdict in verdicts.values() if verdict.rest_until), default=None)
        rows = [_row(one, verdicts[one.delivery.id]) for one in sent]
        due = {one.delivery.entity_id: at for one in sent if (at := verdicts[one.delivery.id].due_at)}
        accepted = [one.delivery for one in sent if one.outcome.result is Result.ACCEPTED]
        due |= {delivery.entity_id: now for delivery in accepted if delivery.tries > 0}  # they waited as long
        following: list[Delivery] = []
        for tries in range(RECORD_TRIES):
            try:
                async with acquire(self.pool) as connection, connection.transaction():
                    await self._write(connection, turn, rows, due, disable, now)
                    if accepted:
                        entities = [delivery.entity_id for delivery in accepted]
                        following = await store.following(connection, turn, now, entities)
                break
            except Unavailable:  # what isn't recorded will be sent again
                if tries == RECORD_TRIES - 1:
                    raise
                await asyncio.sleep(AWAY_S)
        return disable is None and rest is None, rest, following

    async def _write(
        self,
        connection: Connection,
        turn: Turn,
        rows: list[Recorded],
        due: dict[str, datetime],
        disable: str | None,
        now: datetime,
    ) -> None:
        if disable is not None and await disable_webhook(connection, turn.project_id, turn.webhook_id, disable):
            log.warning("delivery.webhook_disabled", webhook=turn.webhook_id, reason=disable)
        await store.record_attempts(connection, turn.project_id, rows, now)
        await store.wait_behind(connection, turn, due)
        if disable is not None:
            await store.park_deliveries(connection, turn.project_id, turn.webhook_id, disable)

    @contextlib.asynccontextmanager
    async def _unit(self, project_id: int) -> AsyncIterator[Scope]:
        async with acquire(self.pool) as connection, connection.transaction():
            project = await get_project(connection, project_id)
            assert project is not None, "a project is never deleted"
            yield Scope(connection=connection, project=project, ids=self.ids, request_id="", actor="delivery")


def _verdict(sent: _Sent, now: datetime) -> Verdict:
    if sent.outcome.result is Result.ACCEPTED:
        return Verdict()
    return after_failure(
        tries=sent.delivery.tries + 1,
        tried_at=sent.delivery.tried_at or sent.begun_at,
        now=now,
        status=sent.outcome.status,
        retry_after_s=sent.outcome.retry_after_s,
    )


def _row(sent: _Sent, verdict: Verdict) -> Recorded:
    outcome = sent.outcome
    accepted = outcome.result is Result.ACCEPTED
    return Recorded(
        sent.delivery.id,
        DELIVERED if accepted else PARKED if verdict.disable else PENDING,
        verdict.disable,
        verdict.due_at,
        str(outcome.result),
        outcome.status,
        outcome.reason,
        outcome.body,
        outcome.elapsed_ms,
        sent.begun_at,
    )


async def run(database_url: str, *, stop: asyncio.Event, allow_private: bool, vault: Vault) -> None:
    """A sender on that database until `stop` is set. PostgreSQL may come and go meanwhile."""
    pool = await create_pool(database_url, size=CONNECTIONS, settings=JOB_SETTINGS, application="largesse-delivery")
    try:
        async with Poster(allow_private=allow_private, vault=vault) as poster:
            await Sender(pool, poster, stop).run()
    finally:
        await pool.close()
