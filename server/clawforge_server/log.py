"""Logs: one JSON object a line, on stderr.

Requests are named by method, route, status and id; bodies, headers, tokens and query strings stay out.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any, TextIO

import structlog


def configure_logging(stream: TextIO) -> None:
    """Send everything, also what libraries log, to the stream as JSON."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
    )
    handler = _ToStructlog()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def logger() -> Any:
    """The server's logger; fields are keyword arguments."""
    return structlog.get_logger("clawforge_server")


def failure_fields(error: BaseException) -> dict[str, Any]:
    """What may be logged about an unexpected failure: its type and where it happened.

    Messages of exceptions can quote what people sent, so they stay out.
    """
    frames = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return {"error": type(error).__name__, "frames": frames}


class _ToStructlog(logging.Handler):
    """Messages of libraries that use the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        fields = {} if error is None else failure_fields(error)
        logger().log(record.levelno, record.getMessage(), source=record.name, **fields)
