"""Times of answers, for people."""

from datetime import datetime


def moment(text: str | None) -> str:
    """Write an answer's time for people, in UTC to the second."""
    if text is None:
        return ""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")
