"""A list of phones, put on the blacklist."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import islice

from application.audit import Audit
from application.ports.blacklist import BlacklistEntries, BlacklistRepository
from application.ports.system import Clock, NumberingPlan
from domain.audit import AuditAction
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.caller import INSIDE, Caller
from domain.errors import FieldProblem, InvalidEntryError, InvalidImportError, InvalidPhoneError

TURN = 100
"""No loop over lines runs longer than this before other requests get their turn."""
TOGETHER = 150
"""So many lines are written in one transaction; others wait for it no longer than they notice."""
WINDOW = 50_000
"""So many entries are kept in memory, and written in the order of their phones.

Then neighbours in the index are written together: in the order of a list nearly every one would
be a page of its own, and seven times as much would go to the disk.
"""
MAX_PROBLEMS = 10_000
"""So many bad lines are named; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """One entry as it was written.

    Attributes:
        number: of the line it starts on, from 1.
        created_at: ``None``: now.
    """

    number: int
    phone: str
    created_at: datetime | None = None
    reason: str | None = None
    note: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no entry, and why."""

    number: int
    message: str


Lines = Callable[[], Iterable[ImportLine | BadLine]]
"""Reads the list from its beginning, every time."""


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What became of a list.

    Attributes:
        lines: all of them; the sum of the others.
        added: phones that were not on the blacklist.
        already: phones that were.
        expired: entries whose time was over, which were left out.
        bad: lines that are no entries.
        problems: the first of those.
    """

    added: int = 0
    already: int = 0
    expired: int = 0
    bad: int = 0
    problems: list[BadLine] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """All of them."""
        return self.added + self.already + self.expired + self.bad

    def complain(self, line: BadLine) -> None:
        """Count a bad line, and name it where there is room."""
        self.bad += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(line)


class ImportBlacklist:
    """``POST /blacklist/import``."""

    def __init__(
        self,
        entries: BlacklistEntries,
        blacklist: BlacklistRepository,
        numbering: NumberingPlan,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._entries = entries
        self._blacklist = blacklist
        self._numbering = numbering
        self._clock = clock
        self._audit = audit

    async def __call__(
        self,
        lines: Lines,
        *,
        by: Caller = INSIDE,
        dry_run: bool = False,
        keep_good: bool = False,
    ) -> ImportReport:
        """Check every line, then write them, 150 in a transaction.

        Args:
            lines: the list.
            by: who wants it; written to the audit log before the first entry.
            dry_run: only say what would be done; a phone that is named twice counts as new twice.
            keep_good: write the good lines where some are bad.

        Raises:
            InvalidImportError: lines are bad, and the good ones are not asked for.
            StorageUnavailableError: what was written before stays; to repeat it all is harmless.
        """
        checked = await self._run(lines, self._count_new if dry_run else None)
        if checked.bad and not keep_good:
            raise _refusal(checked)
        if dry_run:
            return checked
        await self._audit(by, AuditAction.BLACKLIST_IMPORTED, "", f"{checked.added} lines")
        return await self._run(lines, self._entries.add_all)

    async def _run(self, lines: Lines, add: "_Add | None") -> ImportReport:
        """Go through all lines; without ``add`` they are only counted."""
        report, now = ImportReport(), self._clock.now()
        window: list[list[BlacklistEntry]] = []
        source = iter(lines())
        while turn := list(islice(source, TURN)):
            await self._entries.pause()
            good = self._good(turn, now, report)
            if add is None:
                report.added += len(good)
                continue
            window.append(good)
            if len(window) * TURN >= WINDOW:
                await _write(window, add, report)
                window = []
        if add is not None:
            await _write(window, add, report)
        return report

    def _good(
        self, lines: Iterable[ImportLine | BadLine], now: datetime, report: ImportReport
    ) -> list[BlacklistEntry]:
        """Make entries of lines, in the order of their phones; count what is none."""
        good = []
        for line in lines:
            entry = line if isinstance(line, BadLine) else self._read(line, now)
            if isinstance(entry, BadLine):
                report.complain(entry)
            elif entry.counts(now):
                good.append(entry)
            else:
                report.expired += 1
        good.sort(key=_phone)
        return good

    def _read(self, line: ImportLine, now: datetime) -> BlacklistEntry | BadLine:
        try:
            return BlacklistEntry(
                self._numbering.read(line.phone),
                line.created_at or now,
                reason=line.reason,
                source=BlacklistSource.IMPORT,
                note=line.note,
                expires_at=line.expires_at,
            )
        except (InvalidPhoneError, InvalidEntryError) as error:
            problem = error.problems[0].message if error.problems else error.message
            return BadLine(line.number, problem)

    async def _count_new(self, entries: Sequence[BlacklistEntry]) -> int:
        listed = await self._blacklist.listed([entry.phone for entry in entries])
        return sum(entry.phone not in listed for entry in entries)


_Add = Callable[[Sequence[BlacklistEntry]], Awaitable[int]]


def _phone(entry: BlacklistEntry) -> str:
    return entry.phone.e164


async def _write(
    window: Sequence[Sequence[BlacklistEntry]], add: _Add, report: ImportReport
) -> None:
    ordered = merge(*window, key=_phone)
    while together := list(islice(ordered, TOGETHER)):
        added = await add(together)
        report.added += added
        report.already += len(together) - added
        await asyncio.sleep(0)  # a look-up may have answered without giving others their turn


def _refusal(report: ImportReport) -> InvalidImportError:
    shown = len(report.problems)
    first = "" if shown == report.bad else f" The first {shown} are named."
    return InvalidImportError(
        f"{report.bad} of {report.lines} lines are no entries; nothing was written.{first}"
        " Correct them, or import the others with ?keep_good=true.",
        [FieldProblem(f"line {line.number}", line.message) for line in report.problems],
    )
