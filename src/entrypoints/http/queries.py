"""Values from a query string, where a plus sign means a space."""

import re
from datetime import datetime

from entrypoints.http.times import read_time

_OFFSET = re.compile(r" (?=\d\d:?\d\d\Z)", re.ASCII)


def query_phone(text: str) -> str:
    """Give a phone its plus sign back."""
    return f"+{text[1:]}" if text.startswith(" ") else text


def query_time(name: str, text: str | None) -> datetime | None:
    """Read a time, the plus sign of its offset given back; see ``read_time``."""
    return read_time(name, None if text is None else _OFFSET.sub("+", text))
