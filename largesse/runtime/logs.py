"""Logs: one line an event, to standard error, as text for people or JSON for machines."""

import asyncio
import atexit
import logging
import sys
import threading
from collections import deque
from typing import Any, Final, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

_CONSOLE: Final = structlog.dev.ConsoleRenderer(colors=False)
_LINE: Final = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True)


def configure_logs(log_format: str, *, quiet: bool = False) -> None:
    """`json` or `text`; `quiet` leaves warnings and errors. Standard output stays free for what a command prints."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(log_format),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lines(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


class _Lines:
    """A stream that writes once for all that is said in one turn of the event loop.

    Each write lets another thread have the interpreter, and the one that answers requests has to get it back: a batch
    that is answered would ask for it 64 times. Outside of a loop every line is written at once.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._writing = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None  # whose turn ends with a write
        atexit.register(self._write_out)

    def write(self, text: str) -> None:
        self._waiting.append(text)

    def flush(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write_out()
            return
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._write_out)

    def _write_out(self) -> None:
        self._loop = None
        with self._writing:
            text = "".join(self._waiting.popleft() for _ in range(len(self._waiting)))
            if text:
                self._stream.write(text)
                self._stream.flush()


def _renderer(log_format: str) -> Any:
    if log_format != "text":
        return structlog.processors.JSONRenderer(serializer=_as_json)
    return structlog.dev.ConsoleRenderer(colors=True) if sys.stderr.isatty() else _as_text


def _as_text(logger: WrappedLogger, name: str, event: EventDict) -> Any:
    """A line as plain as can be, because every request writes one; a traceback keeps its own lines."""
    return (_CONSOLE if "exception" in event else _LINE)(logger, name, event)


def _as_json(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()
