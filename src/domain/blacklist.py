"""Who must not be written to, and why."""

import re
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.errors import FieldProblem, InvalidEntryError
from domain.phone import Phone

REASON_LENGTH = 200
NOTE_LENGTH = 1_000
_NOT_ONE_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class BlacklistSource(StrEnum):
    """Who put a phone on the list."""

    API = "api"
    IMPORT = "import"
    STOP = "stop"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class BlacklistEntry:
    """A phone nothing is sent to, unless a request says ``force``.

    Attributes:
        created_at: since when; the first entry keeps its date.
        reason: one line of up to 200 characters.
        note: one line of up to 1 000 characters.
        expires_at: from then on it is as if it were not there; ``None``: it stays.
    """

    phone: Phone
    created_at: datetime
    _: KW_ONLY
    reason: str | None = None
    source: BlacklistSource = BlacklistSource.API
    note: str | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Check the texts.

        Raises:
            InvalidEntryError: one is too long, or more than one line.
        """
        if self.reason is not None:
            _check("reason", self.reason, REASON_LENGTH)
        if self.note is not None:
            _check("note", self.note, NOTE_LENGTH)

    def counts(self, at: datetime) -> bool:
        """Tell whether it has not expired."""
        return self.expires_at is None or self.expires_at > at

    def joined(self, later: Self) -> Self:
        """Return what is left when its phone is added once more.

        Whichever stays longer, so that an opt-out is not forgotten with what was there before it;
        always with the date of the first.
        """
        if self.expires_at is None or not later.counts(self.expires_at):
            return self
        return replace(later, created_at=self.created_at)


def _check(field: str, text: str, longest: int) -> None:
    if len(text) > longest or _NOT_ONE_LINE.search(text):
        rule = f"{field} is one line of up to {longest} characters."
        raise InvalidEntryError(f"The entry is not valid: {rule}", [FieldProblem(field, rule)])
