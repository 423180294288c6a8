"""Templates are parsed and rendered in processes of their own: this module, run.

A template is a program that any caller may write. Its size, its tags and its work are bounded (wire/templates.py), but
a regular expression that goes wrong holds the whole interpreter, and no thread can end it. So a child does it, which is
killed after CPU_S of computing or WALL_S altogether, and replaced. The children are started when they are needed
first, and live as long as the process. They never touch the database or the network.
"""

import asyncio
import atexit
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec

from largesse.domain.errors import Unavailable
from largesse.wire.faults import Fault
from largesse.wire.templates import parse_template, render_template

CHILDREN: Final = 2
"""Of one process of ours, at most."""
CPU_S: Final = 1.0
WALL_S: Final = 10.0
"""For one message, all of its templates together. A busy machine doesn't make a slow template of a fast one."""
START_S: Final = 60.0
WAITING_MAX: Final = 64
WAITING_MAX_OF_ONE: Final = 8
"""Requests in one process, and those of one project among them: more are turned away at once."""
TOO_LONG: Final = "cannot be rendered: it takes too long"
_NICENESS: Final = 5
_MEMORY_BYTES: Final = 1_073_741_824
_END: Final = b""


class Part(msgspec.Struct, frozen=True):
    """A template of a message. What one that is `told` says, the later ones can name."""

    name: str
    template: str
    html: bool = False
    told: bool = False


class Task(msgspec.Struct, frozen=True):
    """The parts to render are `recipes[recipe]`."""

    recipe: int
    values: dict[str, Any]


class Batch(msgspec.Struct, frozen=True):
    """`tasks` None: the recipes are only parsed. No task is begun when `within_s` have passed, except for the first."""

    recipes: list[list[Part]]
    tasks: list[Task] | None
    time_zone: str | None = None
    within_s: float = WALL_S


class Answer(msgspec.Struct, frozen=True):
    """What the parts of a task say, or what is wrong with one; of a recipe that is only parsed, with all."""

    texts: dict[str, str] = {}
    faults: dict[str, str] = {}


async def judge_templates(project_id: int, parts: list[Part]) -> dict[str, str]:
    """By name what is wrong with each; those behind one that takes too long aren't judged. Raises Unavailable."""
    if not parts:
        return {}
    answers = await _ask(project_id, Batch([[part] for part in parts], None), waiting_max=WAITING_MAX_OF_ONE)
    return {name: fault for answer in answers for name, fault in answer.faults.items()}


async def render_templates(project_id: int, batch: Batch, *, is_request: bool) -> list[Answer]:
    """Answers to the first tasks, at least one, in order. The last of them is a fault where a task took too long: then
    the others aren't begun. A job waits for its turn, a request is turned away where too many do. Raises Unavailable.
    """
    return await _ask(project_id, batch, waiting_max=WAITING_MAX_OF_ONE if is_request else None)


async def _ask(project_id: int, batch: Batch, waiting_max: int | None) -> list[Answer]:
    if waiting_max is not None and (_WAITING[project_id] >= waiting_max or _WAITING.total() >= WAITING_MAX):
        raise Unavailable("Too many templates at once")
    _WAITING[project_id] += 1
    try:
        return await asyncio.wrap_future(_THREADS.submit(_ask_child, batch))
    finally:
        _WAITING[project_id] -= 1
        if not _WAITING[project_id]:
            del _WAITING[project_id]


_WAITING: Final[Counter[int]] = Counter()
_THREADS: Final = ThreadPoolExecutor(CHILDREN, thread_name_prefix="templates")
"""Each has a child of its own."""
_OWN: Final = threading.local()
_CHILDREN: Final[set["_Child"]] = set()


def _ask_child(batch: Batch) -> list[Answer]:
    """Raises Unavailable. A child that ends by itself, before or at a first try, is replaced once."""
    question = msgspec.msgpack.encode(batch, enc_hook=str)
    answers, took_too_long = _ask_once(question)
    if not answers and not took_too_long:
        answers, took_too_long = _ask_once(question)
    if took_too_long or not answers:
        name = batch.recipes[len(answers)][0].name if batch.tasks is None else ""
        answers.append(Answer(faults={name: TOO_LONG}))
    return answers


def _ask_once(question: bytes) -> tuple[list[Answer], bool]:
    child: _Child | None = getattr(_OWN, "child", None)
    if child is None:
        child = _OWN.child = _Child()
    answers = list(child.ask(question))
    if child.is_gone:
        _OWN.child = None
    return answers, child.took_too_long


class _Child:
    """One process, and the line to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own command line
                    [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            except OSError as error:
                ours.close()
                raise Unavailable from error
        self._line = Connection(ours.detach())
        self.is_gone = False
        self.took_too_long = False
        _CHILDREN.add(self)
        try:
            ready = self._line.poll(START_S) and self._line.recv_bytes() == _END
        except (EOFError, OSError):
            ready = False
        if not ready:
            self.close()
            raise Unavailable

    def ask(self, question: bytes) -> Iterator[Answer]:
        """What it answers, until it is done, or has to be killed."""
        try:
            self._line.send_bytes(question)
            while self._line.poll(WALL_S):
                if (said := self._line.recv_bytes()) == _END:
                    return
                yield msgspec.msgpack.decode(said, type=Answer)
            self.took_too_long = True
        except (EOFError, OSError):  # it has ended: by the alarm that it set itself, or because somebody killed it
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.took_too_long = self._process.wait(timeout=WALL_S) == -signal.SIGPROF
        self.close()

    def close(self) -> None:
        self.is_gone = True
        _CHILDREN.discard(self)
        self._line.close()
        self._process.kill()
        self._process.wait()


@atexit.register
def _close_all() -> None:
    for child in list(_CHILDREN):
        child.close()


def answer_all(batch: Batch) -> Iterator[Answer]:
    """What the child does."""
    if batch.tasks is None:
        for recipe in batch.recipes:
            yield _parsed(recipe)
        return
    until = time.monotonic() + batch.within_s
    for number, task in enumerate(batch.tasks):
        if number and time.monotonic() > until:
            return
        yield _rendered(batch.recipes[task.recipe], task.values, batch.time_zone)


def _parsed(recipe: list[Part]) -> Answer:
    faults = {}
    for part in recipe:
        try:
            parse_template(part.template, html=part.html)
        except Fault as fault:
            faults[part.name] = str(fault)
    return Answer(faults=faults)


def _rendered(recipe: list[Part], values: dict[str, Any], time_zone: str | None) -> Answer:
    texts: dict[str, str] = {}
    told: dict[str, str] = {}
    for part in recipe:
        try:
            text = render_template(part.template, values | told, html=part.html, time_zone=time_zone)
        except Fault as fault:
            return Answer(faults={part.name: str(fault)})
        texts[part.name] = text
        if part.told:
            told[part.name] = text
    return Answer(texts)


def serve(line: Connection) -> None:
    """Answer batches until the other end is closed. The kernel ends a task that computes for too long, wherever it is:
    the signal has no handler, so no interpreter has to notice it.
    """
    line.send_bytes(_END)
    while True:
        try:
            batch = msgspec.msgpack.decode(line.recv_bytes(), type=Batch)
        except EOFError:
            return
        answers = answer_all(batch)
        while True:
            signal.setitimer(signal.ITIMER_PROF, CPU_S)
            answer = next(answers, None)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if answer is None:
                break
            line.send_bytes(msgspec.msgpack.encode(answer))
        line.send_bytes(_END)


def main() -> None:
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end closes the line
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
