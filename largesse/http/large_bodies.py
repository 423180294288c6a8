"""Bodies of megabytes: how many of them one process holds, and that judging one isn't at the others' expense.

Naming the faults of 10 MB takes seconds of Python, and while it runs nothing else of the process does. So a process of
its own judges them, one at a time and with the least priority: this module, run.
"""

import asyncio
import contextlib
import os
import pickle
import sys
from typing import Any, Final

import msgspec

from largesse.domain.errors import InvalidPayload, MalformedJson, Unavailable
from largesse.wire.parse import parse_json

HELD_MAX_BYTES: Final = 268_435_456
"""Of bodies that came in several pieces, in one process."""
JUDGED_AT_ONCE: Final = 1
JUDGED_WITHIN_S: Final = 60.0
_NICENESS: Final = 10


class Verdict(msgspec.Struct, frozen=True):
    """`details`: all the faults; neither when the body is right."""

    details: str | None = None
    malformed: bool = False


class LargeBodies:
    """Those of one process."""

    def __init__(self) -> None:
        self.held_bytes = 0
        self._turn = asyncio.Semaphore(JUDGED_AT_ONCE)

    def hold(self, size: int) -> None:
        """Give it back with `release`. Raises Unavailable when others hold too much already."""
        if self.held_bytes + size > HELD_MAX_BYTES:
            raise Unavailable("Too many large bodies at once")
        self.held_bytes += size

    def release(self, size: int) -> None:
        self.held_bytes -= size

    async def judge(self, body: bytes, type_: Any) -> None:
        """Raises what `parse_json` raises, and Unavailable where it can't be told."""
        async with self._turn:
            said = await _ask(pickle.dumps(type_) + body)
        try:
            verdict = msgspec.json.decode(said, type=Verdict)
        except msgspec.DecodeError:  # it was killed, or had not enough memory
            raise Unavailable from None
        if verdict.malformed:
            raise MalformedJson
        if verdict.details is not None:
            raise InvalidPayload(verdict.details)


async def _ask(question: bytes) -> bytes:
    """What the process says; nothing when it takes too long. Raises Unavailable where the machine has no room."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise Unavailable from error
    try:
        async with asyncio.timeout(JUDGED_WITHIN_S):
            return (await process.communicate(question))[0]
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:  # too slow, or nobody waits any more
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())


def judge(body: bytes, type_: Any) -> Verdict:
    try:
        parse_json(body, type_)
    except MalformedJson:
        return Verdict(malformed=True)
    except InvalidPayload as error:
        return Verdict(error.details)
    return Verdict()


def main() -> None:
    os.nice(_NICENESS)
    type_ = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process wrote it
    sys.stdout.buffer.write(msgspec.json.encode(judge(sys.stdin.buffer.read(), type_)))


if __name__ == "__main__":
    main()
