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
