"""Logs: one line an event, to standard error, as text for people or JSON for machines."""

import logging
import sys
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

_CONSOLE: Final = structlog.dev.ConsoleRenderer(colors=False)
_LINE: Final = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True)


def configure_logs(log_format: str, *, quiet: bool = False) -> None:
    """`json` or `text`; `quiet` leaves warnings and errors. Standard output stays free for what a command prints."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(log_format),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def _renderer(log_format: str) -> Any:
    if log_format != "text":
        return structlog.processors.JSONRenderer(serializer=_as_json)
    return structlog.dev.ConsoleRenderer(colors=True) if sys.stderr.isatty() else _as_text


def _as_text(logger: WrappedLogger, name: str, event: EventDict) -> Any:
    """A line as plain as can be, because every request writes one; a traceback keeps its own lines."""
    return (_CONSOLE if "exception" in event else _LINE)(logger, name, event)


def _as_json(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()
