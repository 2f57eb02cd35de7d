"""Logs: one line an event, numbers masked, never a text or a secret."""

import logging
import logging.config
import re
import sys
import traceback
from contextvars import ContextVar

import structlog

from adapters.telemetry.trace import TRACE_ID
from domain.phone import mask_numbers

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
QUIET = (
    "aiohttp",
    "aiosqlite",
    "alembic",
    "asyncio",
    "httpcore",
    "httpx",
    "psycopg",
    "psycopg.pool",
    "sqlalchemy",
)
"""They log whole URLs, statements and parameters below WARNING."""
REQUEST_ID: ContextVar[str] = ContextVar("request_id")
"""What is being served; its log lines, and those of the tasks it starts, carry it."""


def configure_logs(level: str, log_format: str) -> None:
    """Send every log line of the process through one masking formatter, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(masking_formatter(log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def masking_formatter(log_format: str) -> logging.Formatter:
    """Make what turns a record into the line that is written of it."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_traceback),
        _on_one_line,
    ]
    return _Masking(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _traceback(exc_info: structlog.typing.ExcInfo) -> str:
    """Tell what was raised, and where, the first cause first.

    Without its words: they may quote a text or a secret.
    """
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        lines[:0] = [*traceback.format_tb(error.__traceback__), f"{type(error).__qualname__}\n"]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(lines).rstrip()


def _add_request_id(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Name the request a line belongs to, and the trace, where there is one."""
    if (request_id := REQUEST_ID.get(None)) is not None:
        event["request_id"] = request_id
    if (trace_id := TRACE_ID.get()) is not None:
        event["trace_id"] = str(trace_id)
    return event


def _on_one_line(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep what came from outside from ending its line and beginning one of its own."""
    event["event"] = _CONTROLS.sub(lambda m: repr(m[0])[1:-1], str(event["event"]))
    return event


class _Masking(structlog.stdlib.ProcessorFormatter):
    """Masks the finished line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return _as_traces_are_named(mask_numbers(super().format(record)))


def _as_traces_are_named(line: str) -> str:
    """Take the dashes out of a trace's id, which have kept its digits from being masked."""
    trace_id = TRACE_ID.get()
    if trace_id is None:
        return line
    before, key, after = line.partition("trace_id")
    return f"{before}{key}{after.replace(str(trace_id), trace_id.hex, 1)}"
