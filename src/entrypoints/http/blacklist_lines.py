"""One line of a list of phones, whatever format it was in."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from application.blacklist_import import BadLine, ImportLine
from domain.errors import InvalidImportError

LONGEST_LINE = 20_000
_TIMES = ("created_at", "expires_at")
_EXAMPLES = "2026-11-23T06:34:43Z, 2026-11-23 06:34:43 or 23.11.2026 06:34; without offset in UTC"
_DOTTED = re.compile(
    r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})"
    r"(?: (?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?)?",
    re.ASCII,
)


def line_of(number: int, values: Mapping[str, str]) -> ImportLine | BadLine:
    """Make a line of its fields, which are text; the times among them are read."""
    times: dict[str, datetime] = {}
    for name in _TIMES:
        if name in values:
            try:
                times[name] = _time(values[name])
            except (ValueError, OverflowError):
                return BadLine(number, f"{name} is a time, such as {_EXAMPLES}.")
    return ImportLine(
        number=number,
        phone=values.get("phone", ""),
        created_at=times.get("created_at"),
        reason=values.get("reason"),
        note=values.get("note"),
        expires_at=times.get("expires_at"),
    )


def unending(number: int) -> InvalidImportError:
    """Make the error of what is no list: nobody writes lines like this."""
    return InvalidImportError(
        f"Line {number} has no end within {LONGEST_LINE} characters; nothing was written."
    )


def _time(text: str) -> datetime:
    """Read a time as programs, databases and spreadsheets write it."""
    if dotted := _DOTTED.fullmatch(text):
        parts = {name: int(digits or 0) for name, digits in dotted.groupdict().items()}
        return datetime(**parts, tzinfo=UTC)
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
