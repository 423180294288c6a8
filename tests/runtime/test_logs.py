"""Log lines as a process writes them to a pipe or a file."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from largesse.runtime.logs import configure_logs
configure_logs({format!r}, quiet={quiet})
log = structlog.get_logger()
log.info("request", path="/v1/x y", status=200)
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("unexpected_error", exc_info=error, where=object)
"""


def lines(format: str, *, quiet: bool = False) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(format=format, quiet=quiet)],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_text_has_a_plain_line_a_request_and_a_traceback_of_its_own_lines():
    first, *rest = lines("text")
    assert first.startswith("timestamp=20")
    assert first.endswith('level=info event=request path="/v1/x y" status=200')
    assert any("ZeroDivisionError" in line for line in rest)
    assert len(rest) > 3


def test_json_is_one_object_a_line_whatever_it_holds():
    request, error = map(json.loads, lines("json"))
    assert {"event": "request", "level": "info", "path": "/v1/x y", "status": 200}.items() <= request.items()
    assert "ZeroDivisionError" in error["exception"]
    assert error["where"] == "<class 'object'>"


@pytest.mark.parametrize("format", ["text", "json"])
def test_quiet_leaves_errors(format: str):
    assert "unexpected_error" in lines(format, quiet=True)[0]


TURNS = """
import asyncio, os, sys, threading
import structlog
from largesse.runtime.logs import configure_logs

class Counting:
    def __init__(self): self.writes = 0
    def write(self, text): self.writes += 1; os.write(2, text.encode())
    def flush(self): pass

sys.stderr = counting = Counting()
configure_logs("json")
log = structlog.get_logger()

async def turn(number):
    for _ in range(10):
        log.info("one of ten", turn=number)
    before = counting.writes
    await asyncio.sleep(0)
    assert counting.writes == before + 1, (before, counting.writes)
    await asyncio.to_thread(log.info, "beside the loop")

asyncio.run(turn(1))
asyncio.run(turn(2))
threads = [threading.Thread(target=lambda: [log.info("a thread") for _ in range(200)]) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()

async def last_words():
    log.info("last words")
    sys.exit(3)
asyncio.run(last_words())
"""


def test_a_turn_of_the_event_loop_is_one_write_and_no_line_is_lost():
    done = subprocess.run([sys.executable, "-c", TURNS], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 3, done.stderr
    said = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert {event: said.count(event) for event in said} == {
        "one of ten": 20, "beside the loop": 2, "a thread": 800, "last words": 1,
    }  # fmt: skip
