"""The blacklist, read page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from application.ports.blacklist import BlacklistEntries, ListedEntry
from domain.blacklist import BlacklistSource
from domain.errors import FieldProblem, InvalidPhoneError
from domain.phone import without_separators

MAX_PAGE = 1_000
_LONGEST = 15


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries.

    Attributes:
        more: others follow.
    """

    entries: Sequence[ListedEntry]
    more: bool


class ReadBlacklist:
    """``GET /blacklist/entries`` and ``GET /blacklist/export``."""

    def __init__(self, entries: BlacklistEntries) -> None:
        self._entries = entries

    async def latest(
        self, *, before: int | None, limit: int, source: BlacklistSource | None = None
    ) -> EntryPage:
        """Return up to ``limit`` entries before an id, the latest first."""
        found = await self._entries.latest(before=before, limit=limit + 1, source=source)
        return EntryPage(found[:limit], len(found) > limit)

    async def starting_with(
        self, start: str, *, after: str | None, limit: int, source: BlacklistSource | None = None
    ) -> EntryPage:
        """Return up to ``limit`` entries behind a phone whose phones start so, ordered by phone.

        Raises:
            InvalidPhoneError: no number starts so.
        """
        found = await self._entries.starting_with(
            _digits(start), after=after, limit=limit + 1, source=source
        )
        return EntryPage(found[:limit], len(found) > limit)

    async def everything(self) -> AsyncIterator[Sequence[ListedEntry]]:
        """Return all entries, a page at a time, in the order they were added.

        What is added or removed in the meantime may be in it or not. The first page may be empty.
        """
        after = 0
        while True:
            page = await self._entries.oldest(after=after, limit=MAX_PAGE)
            yield page
            if len(page) < MAX_PAGE:
                return
            after = page[-1].id


def _digits(start: str) -> str:
    digits = without_separators(start).removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST):
        rule = "phone is the first digits of a number, such as 7701."
        raise InvalidPhoneError(f"The search is not valid: {rule}", [FieldProblem("phone", rule)])
    return digits
