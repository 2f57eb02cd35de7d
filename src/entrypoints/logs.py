"""Logs: one line an event, numbers masked, never a text or a secret."""

import logging
import logging.config
import re
import sys

import structlog

_DIGITS = re.compile(r"(?<![0-9A-Fa-f-])\+?([0-9]{4})[0-9]{2,7}([0-9]{4})(?![0-9A-Fa-f-])")
_QUIET = (
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


def mask_numbers(text: str) -> str:
    """Show of a phone what tells it apart: ``7701***4567``."""
    return _DIGITS.sub(r"\1***\2", text)


def configure_logs(level: str, log_format: str) -> None:
    """Send every log line of the process through one masking formatter, to standard error."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = _Masking(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Masking(structlog.stdlib.ProcessorFormatter):
    """Masks the finished line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return mask_numbers(super().format(record))
