"""How long a provider asked us to stay away."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from adapters.exchange import Answer

LONGEST_S = 86_400.0
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


def retry_after_s(answer: Answer) -> float | None:
    """Read ``Retry-After``, in seconds or as an HTTP date.

    Returns:
        0 to 86 400 seconds from now, a longer wait cut to that; ``None`` where the header is
        missing or is neither form.

    Source: RFC 9110, 10.2.3.
    """
    text = answer.headers.get("retry-after", "")
    seconds = float(text) if _SECONDS.fullmatch(text) else _until(text)
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_S)


def _until(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()
