"""What was found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: what it was, such as ``database``.
        text: what was seen; no secret and no full number.
        fix: what to do about it, in one sentence that names the setting; empty where it is well.
    """

    check: str
    level: Level
    text: str
    fix: str = ""


def ok(check: str, text: str) -> Finding:
    """Find nothing wrong."""
    return Finding(check, Level.OK, text)


def warning(check: str, text: str, fix: str) -> Finding:
    """Find what works, though not as well as it should."""
    return Finding(check, Level.WARNING, text, fix)


def problem(check: str, text: str, fix: str) -> Finding:
    """Find what does not work, or breaks a promise."""
    return Finding(check, Level.PROBLEM, text, fix)
