"""Child processes that are kept running: started again when they end, or when their event loop stands still."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
import structlog

from largesse.runtime import child, processes

PULSE_BYTES: Final = 65_536
FIRST_START_S: Final = 5.0
TAKE: Final = "take"
LEAVE: Final = "leave"
"""What an API process is told: to accept from a sibling's socket too, and not any more."""

log = structlog.get_logger(__name__)


class Child:
    """One child process that is started again whenever it ends, or has shown no pulse for `still_max_s`."""

    def __init__(self, name: str, module: str, orders: child.Orders, *, still_max_s: float) -> None:
        self._name = name
        self._module = module
        self._orders = orders
        # In turns of ours instead of seconds: when the whole machine stood still nobody is to blame.
        self._still_max = round(still_max_s / processes.SUPERVISE_INTERVAL_S)
        self._still = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._pulse: int | None = None
        self._news: int | None = None
        self._beats = False
        self._stopping = False
        self._first_until = 0.0

    @property
    def is_up(self) -> bool:
        """Whether it has begun its work, and is well as far as we know."""
        return self._beats and not self._stopping and not self._ended()

    @property
    def begins(self) -> bool:
        """Whether it is about to be up for the first time: its connections wait that long, and are its own then."""
        return not self._beats and not self._ended() and time.monotonic() < self._first_until

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        self._close_pipes()
        self._pulse, pulse = os.pipe()
        news, self._news = os.pipe()
        os.set_blocking(self._pulse, False)
        os.set_blocking(self._news, False)
        self._beats, self._still = False, 0
        self._first_until = time.monotonic() + FIRST_START_S if self._process is None else 0.0
        orders = msgspec.structs.replace(self._orders, pulse=pulse, news=news)
        try:
            self._process = processes.spawn(
                child.command(self._module),
                # Not the polite signal: what isn't answered yet was never acknowledged, and the port must be free.
                when_parent_dies=signal.SIGKILL,
                environment=child.environment(orders),
                pass_fds=orders.inherited,
            )
        finally:
            os.close(pulse)
            os.close(news)

    async def supervise(self) -> None:
        backoff = processes.Backoff()
        while not self._stopping:
            assert self._process is not None
            if self._process.poll() is None:
                self._feel_pulse()
                await asyncio.sleep(processes.SUPERVISE_INTERVAL_S)
                continue
            log.warning("process_died", process=self._name, pid=self._process.pid, status=self._process.returncode)
            await asyncio.sleep(backoff.next_delay_s())
            if not self._stopping:
                self.start()
                backoff.started()

    def tell(self, word: str, slot: int) -> None:
        if self._news is not None:
            with contextlib.suppress(OSError):  # it is gone, or hears nothing: it will be replaced
                os.write(self._news, f"{word} {slot}\n".encode())

    def ask_to_stop(self) -> None:
        self._stopping = True
        self._send(signal.SIGTERM)

    async def stop(self, *, timeout_s: float) -> None:
        if not await processes.wait_until(self._ended, timeout_s=timeout_s):
            log.warning("process_killed", process=self._name, after_s=timeout_s)
            self._send(signal.SIGKILL)
            await processes.wait_until(self._ended, timeout_s=timeout_s)
        self._close_pipes()

    def _feel_pulse(self) -> None:
        """A process that shows none any more answers nothing: it is killed, and so replaced."""
        assert self._pulse is not None
        with contextlib.suppress(BlockingIOError):
            if os.read(self._pulse, PULSE_BYTES):
                self._beats, self._still = True, 0
                return
        self._still += 1
        if self._beats and self._still > self._still_max:
            log.warning("process_stands_still", process=self._name, pid=self.pid)
            self._beats = False
            self._send(signal.SIGKILL)

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and not self._ended():
            self._process.send_signal(number)

    def _close_pipes(self) -> None:
        for number in (self._pulse, self._news):
            if number is not None:
                os.close(number)
        self._pulse = self._news = None


async def stand_in(siblings: Sequence[Child]) -> None:
    """Run until cancelled: the socket of a process that isn't up yet, or not any more, is served by the next that is,
    so that nobody notices when one is replaced.
    """
    standing: dict[int, tuple[Child, int | None]] = {}  # slot to who stands in, as which process
    while True:
        for slot, owner in enumerate(siblings):
            helper = None if owner.is_up or owner.begins else _next_up(siblings, slot)
            before = standing.get(slot)
            now = None if helper is None else (helper, helper.pid)
            if now == before:
                continue
            if before is not None and before[0].is_up and before[0].pid == before[1]:
                before[0].tell(LEAVE, slot)
            if now is None:
                standing.pop(slot, None)
            else:
                now[0].tell(TAKE, slot)
                standing[slot] = now
        await asyncio.sleep(processes.SUPERVISE_INTERVAL_S)


def _next_up(siblings: Sequence[Child], slot: int) -> Child | None:
    behind = [*siblings[slot + 1 :], *siblings[:slot]]
    return next((one for one in behind if one.is_up), None)


@contextlib.asynccontextmanager
async def kept_running(children: Sequence[Child], stop_s: float, *, standing_in: bool = False) -> AsyncIterator[None]:
    """Children that run, and run again, until the end of the block; then they are asked to stop, all at once."""
    for one in children:
        one.start()
    supervisors = [asyncio.create_task(one.supervise()) for one in children]
    helping = asyncio.create_task(stand_in(children if standing_in else ()))
    try:
        yield
    finally:
        helping.cancel()
        for one in children:
            one.ask_to_stop()
        await asyncio.gather(*(one.stop(timeout_s=stop_s) for one in children))
        await asyncio.gather(*supervisors)
