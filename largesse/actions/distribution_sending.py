"""Send what a distribution holds: claim and commit, then send, then record (docs/semantics/distribution.md).

A message that somebody has claimed is never claimed again. Who is killed leaves it `unknown`; who was only asleep, and
sees what came of it, still says so. Claims are as few as can be in flight: that is all that a kill can leave unknown.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from msgspec.structs import replace

from largesse.actions.courier import ACCEPTED, REFUSED, UNKNOWN, UNREACHED, Courier, Delivery
from largesse.actions.distribution_letters import Letter, NotRendered, PostLetter, Written, letters_of
from largesse.actions.distributions import pause
from largesse.actions.export_files import Interrupted, Units
from largesse.actions.holds import settle
from largesse.actions.scope import Scope
from largesse.domain import distributions as states
from largesse.domain.distributions import CSV, EMAIL, IN_PROGRESS, LIVE, SMS, WEBHOOK, Distribution, Message
from largesse.domain.webhooks import RETRIES_S, RETRY_AFTER_S_MAX
from largesse.store import distribution_messages as messages
from largesse.store import distributions as store
from largesse.store.distribution_messages import Outcome

log = structlog.get_logger("largesse.distributions")

IN_FLIGHT: Final = {EMAIL: 8, SMS: 16, WEBHOOK: 256, CSV: 500}
"""Messages of one distribution under way at the same time, by channel."""
TRIES_MAX: Final = 6
RETRY_S: Final = 30.0
RETRY_S_MAX: Final = 1_920.0
"""Before the next try after a definite failure that may pass: doubled each time, half an hour at most."""
SEND_WITHIN_S: Final = 5.0
"""A claim that is older isn't used any more: whoever slept for so long may have been taken for dead."""
SLICE_S: Final = 10.0
"""How long one distribution sends before others have their turn."""
WRITE_WITHIN_S: Final = 1.0
"""How long templates may take in one transaction: it holds the distribution, and the next turn goes on."""
GATHER_S: Final = 0.05
GATHERED: Final = 0.5
"""How long the first outcome waits for others, to be recorded together with them: until so many of those under way are
there. A transaction costs as much for ten messages as for a hundred, and the other half is on its way meanwhile.
"""
AHEAD: Final = 250
"""Messages of a chunk under way, before the next one is done beside them."""
CLAIMED: Final = 0.5
"""No fewer than so many of those that may be under way are claimed at once, while others are."""
RATE_PAUSE_S: Final = 0.05
"""Before asking again whether a rate lets more go."""
REASON_LENGTH_MAX: Final = 300
USED_UP: Final = "webhook_tries_used_up"
AWAY: Final = "server_unreachable"
GONE: Final = "webhook_gone"
PAUSING: Final = frozenset({USED_UP, AWAY, GONE})
"""What isn't one recipient's trouble: its webhook doesn't answer any more, its mail server isn't there.
The distribution pauses, and those who wait keep their place.
"""
LOST: Final = "The worker that was sending it stopped before it could say what came of it"


async def send_held(
    units: Units, id: str, stopping: Callable[[], bool], provide: Callable[[], Awaitable[bool]]
) -> bool:
    """Everything that may go now, and what `provide`, the next chunk of the distribution's work, adds to it meanwhile.
    Whether that was the last chunk. Raises Interrupted when another worker has taken over.
    """
    async with units() as scope:
        distribution = await store.lock_distribution(scope.connection, scope.project.id, id)
        if distribution is None or distribution.deleted or distribution.status not in (IN_PROGRESS, LIVE):
            return False
        courier = scope.courier
        assert courier is not None, "a worker without a courier can't send"
        against = [why for one in distribution.channels if (why := courier.unable(one["type"])) is not None]
        if against:  # no recipient's fault: nobody loses anything by it
            await pause(scope, distribution, against[0])
            return False
        attempt = await store.begin_sending(scope.connection, scope.project.id, id)
        await messages.lose_sending(scope.connection, scope.project.id, id, LOST)
    return await _Sending(units, distribution, attempt, courier, stopping, provide).run()


class _Sending:
    """One attempt. Tasks send, and meanwhile one transaction after the other records what came of messages that were
    sent, claims the next ones, or does the next chunk. One at a time: others want the database as well.
    """

    def __init__(
        self,
        units: Units,
        distribution: Distribution,
        attempt: int,
        courier: Courier,
        stopping: Callable[[], bool],
        provide: Callable[[], Awaitable[bool]],
    ) -> None:
        self._units = units
        self._distribution = distribution
        self._attempt = attempt
        self._courier = courier
        self._stopping = stopping
        self._provide = provide
        self._tasks: dict[asyncio.Task[Outcome], str] = {}
        self._outcomes: list[tuple[Outcome, str]] = []  # not recorded yet, with their channels
        self._recorder: asyncio.Task[None] | None = None
        self._provider: asyncio.Task[bool] | None = None
        self._claimed = 0  # since the last chunk began
        self._is_last = False
        self._landed = 0  # tasks that are done and not collected
        self._wanted = 0.0
        self._news = asyncio.Event()
        self._database = asyncio.Lock()
        self._rates = {one["type"]: _Rate(one["rate"]) for one in distribution.channels if one.get("rate")}
        self._until = time.monotonic() + SLICE_S

    async def run(self) -> bool:
        """Whether a chunk was the last."""
        sent = False
        try:
            while await self._claim_more() or self._outcomes or self._beside():
                sent = True
                await self._gather()
                self._record_beside()
                self._look_ahead()
            if not sent:
                await asyncio.sleep(RATE_PAUSE_S)  # what it waits for is in somebody else's hands
        finally:
            if others := [*self._tasks, *self._beside()]:
                await asyncio.wait(others)
            self._collect()
            for task in self._beside():
                task.exception()  # what went wrong first is told
            if self._outcomes:
                await self._record()
        return self._is_last

    def _beside(self) -> list[asyncio.Task[Any]]:
        return [task for task in (self._recorder, self._provider) if task is not None]

    async def _gather(self) -> None:
        """Until there is something to do: enough messages are done, or some and no more come soon; or a transaction."""
        if not self._tasks and not self._beside():
            await asyncio.sleep(0 if self._outcomes else RATE_PAUSE_S)  # a rate says: not yet
        self._wanted = len(self._tasks) * GATHERED
        self._news.clear()
        if not any(task.done() for task in self._beside()) and (not self._tasks or self._landed < self._wanted):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), GATHER_S)
        if others := [*self._tasks, *self._beside()]:
            await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
        self._collect()

    def _land(self, _: asyncio.Task[Outcome]) -> None:
        self._landed += 1
        if self._landed >= self._wanted:
            self._news.set()

    def _collect(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            channel = self._tasks.pop(task)
            self._outcomes.append((task.result(), channel))
        self._landed = 0

    def _record_beside(self) -> None:
        """What is done is written down, while others are claimed and sent."""
        if self._recorder is not None and self._recorder.done():
            recorder, self._recorder = self._recorder, None
            recorder.result()
        if self._recorder is None and self._outcomes:
            self._recorder = asyncio.create_task(self._record())
            self._recorder.add_done_callback(lambda _: self._news.set())

    def _look_ahead(self) -> None:
        """Have the next chunk done as soon as half of the last one is under way: then there is always enough to send,
        and no more is held than can be sent soon.
        """
        if self._provider is not None and self._provider.done():
            provider, self._provider = self._provider, None
            self._is_last = provider.result()
        if self._provider is None and not self._is_last and self._claimed >= AHEAD and not self._is_over():
            self._claimed = 0
            self._provider = asyncio.create_task(self._do_chunk())
            self._provider.add_done_callback(lambda _: self._news.set())

    async def _do_chunk(self) -> bool:
        async with self._database:
            return await self._provide()

    async def _claim_more(self) -> bool:
        """Claim what can go, and send it; False when nothing can and nothing is under way."""
        rooms = {channel["type"]: self._room(channel["type"]) for channel in self._distribution.channels}
        if self._is_over():
            return bool(self._tasks)
        if not any(rooms.values()):
            return True  # all are under way, or a rate says: not yet
        claimed: list[Written] = []
        more = False
        async with self._database, self._units() as scope:
            distribution = await store.lock_distribution(scope.connection, scope.project.id, self._distribution.id)
            if distribution is None or distribution.attempt != self._attempt:
                raise Interrupted
            if distribution.status in (IN_PROGRESS, LIVE) and not distribution.deleted:
                claimed = await self._claim(scope, distribution, rooms)
                if not claimed and not self._tasks and self._rates:
                    more = (await messages.work_left(scope.connection, scope.project.id, distribution.id)).due
        begun = time.monotonic()
        for message, letter in claimed:
            task = asyncio.create_task(self._send(message, letter, begun))
            task.add_done_callback(self._land)
            self._tasks[task] = message.channel
            if (rate := self._rates.get(message.channel)) is not None:
                rate.take()
        self._claimed += len(claimed)
        return bool(self._tasks) or more

    async def _claim(self, scope: Scope, distribution: Distribution, rooms: dict[str, int]) -> list[Written]:
        """The next messages, written; what they would say but couldn't in time is left for the next turn."""
        ready: list[Message] = []
        for channel in distribution.channels:
            if room := rooms.get(channel["type"], 0):
                ready += await messages.ready_messages(
                    scope.connection, scope.project.id, distribution.id, self._attempt, channel["type"], room
                )
        written = await letters_of(scope, distribution, ready, self._courier, WRITE_WITHIN_S)
        if written:
            bodies = {message.id: _frozen(message, letter) for message, letter in written}
            await messages.claim_messages(scope.connection, scope.project.id, self._attempt, bodies)
        return [(replace(message, tries=message.tries + 1), letter) for message, letter in written]

    def _is_over(self) -> bool:
        return self._stopping() or time.monotonic() >= self._until

    def _room(self, channel: str) -> int:
        """How many more may be under way, or be recorded as that; none until they are worth a transaction."""
        busy = sum(one == channel for one in self._tasks.values()) + sum(one == channel for _, one in self._outcomes)
        room = IN_FLIGHT[channel] - busy
        if busy and room < IN_FLIGHT[channel] * CLAIMED:
            return 0
        rate = self._rates.get(channel)
        return room if rate is None else min(room, rate.free())

    async def _record(self) -> None:
        """Write down what is done; and settle the codes that this decides."""
        told = [outcome for outcome, _ in self._outcomes]
        against = next((one.reason for one in told if one.reason in PAUSING), None)
        async with self._database, self._units() as scope:
            distribution = await store.lock_distribution(scope.connection, scope.project.id, self._distribution.id)
            if distribution is not None:
                codes = await messages.record_outcomes(
                    scope.connection, scope.project.id, distribution.id, self._attempt, told
                )
                if against is not None and distribution.status in (IN_PROGRESS, LIVE):
                    await pause(scope, distribution, against)
                await settle(scope, distribution.id, codes)
        del self._outcomes[: len(told)]  # committed

    async def _send(self, message: Message, letter: Letter | NotRendered, claimed_at: float) -> Outcome:
        if isinstance(letter, NotRendered):
            skipped = letter.reason == states.SUPPRESSED
            return Outcome(message.id, states.SKIPPED if skipped else states.MESSAGE_FAILED, letter.reason)
        if time.monotonic() - claimed_at > SEND_WITHIN_S:
            return Outcome(message.id, states.HELD)  # nothing has been sent; if we were overtaken, this isn't heard
        try:
            delivery = await letter.send(self._courier)
        except Exception as error:
            log.exception("distributions.courier_failed", message=message.id)
            return Outcome(message.id, states.UNKNOWN, type(error).__name__)
        return _outcome(message, delivery)


def _frozen(message: Message, letter: Letter | NotRendered) -> str | None:
    """What is kept for the next try: a webhook's receiver knows a message by its id, so it must say the same."""
    return letter.body if message.channel == WEBHOOK and isinstance(letter, PostLetter) else None


def _outcome(message: Message, delivery: Delivery) -> Outcome:
    if message.channel == WEBHOOK and delivery.result != ACCEPTED:
        return _again_with_one_id(message, delivery)
    receipt = None if delivery.receipt is None else delivery.receipt[:REASON_LENGTH_MAX]
    if delivery.result == ACCEPTED:
        return Outcome(message.id, states.ACCEPTED, None, receipt)
    wait_s = min(delivery.retry_after_s or RETRY_S * 2 ** (min(message.tries, TRIES_MAX) - 1), RETRY_S_MAX)
    if delivery.result == UNREACHED:  # the server isn't there, for nobody: whoever waits isn't to blame
        reason = delivery.result if message.tries < TRIES_MAX else AWAY
        return Outcome(message.id, states.HELD, reason, receipt, wait_s)
    if delivery.result == REFUSED and delivery.again and message.tries < TRIES_MAX:
        return Outcome(message.id, states.HELD, delivery.result, receipt, wait_s)
    if delivery.result == REFUSED:
        return Outcome(message.id, states.MESSAGE_FAILED, delivery.result, receipt)
    return Outcome(message.id, states.UNKNOWN, delivery.result, receipt)


def _again_with_one_id(message: Message, delivery: Delivery) -> Outcome:
    """Whatever went wrong: the documented schedule, because a receiver knows the message by its id."""
    receipt = None if delivery.receipt is None else delivery.receipt[:REASON_LENGTH_MAX]
    open_ = UNKNOWN if UNKNOWN in (delivery.result, message.reason) or message.reason == LOST else delivery.result
    if message.tries > len(RETRIES_S):
        state = states.UNKNOWN if open_ == UNKNOWN else states.MESSAGE_FAILED
        return Outcome(message.id, state, USED_UP, receipt)
    before = RETRIES_S[message.tries - 2] if message.tries > 1 else 0
    wait_s = max(RETRIES_S[message.tries - 1] - before, min(delivery.retry_after_s or 0, RETRY_AFTER_S_MAX))
    return Outcome(message.id, states.HELD, GONE if delivery.gone else open_, receipt, wait_s)


class _Rate:
    """At most so many a second, in bursts of a tenth of that."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second / 10)
        self._tokens = self._burst
        self._at = time.monotonic()

    def free(self) -> int:
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return int(self._tokens)

    def take(self) -> None:
        self._tokens -= 1
