"""A list of phones: wholly checked, then written."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from application.blacklist_import import (
    MAX_PROBLEMS,
    TOGETHER,
    TURN,
    WINDOW,
    BadLine,
    ImportBlacklist,
    ImportLine,
    ImportReport,
)
from domain.blacklist import BlacklistSource
from domain.errors import InvalidImportError
from domain.phone import Phone
from tests.fakes import NOW, FixedClock, MemoryBlacklist, PlainNumbering
from tests.fakes.audit import an_audit

GOOD = ImportLine(number=1, phone="77011234567", reason="asked for it")
OTHER = ImportLine(number=2, phone="77011234568", created_at=NOW - timedelta(days=1))
BAD = BadLine(3, "It is no entry.")


@pytest.fixture
def blacklist() -> MemoryBlacklist:
    return MemoryBlacklist()


@pytest.fixture
def run(blacklist: MemoryBlacklist) -> ImportBlacklist:
    return ImportBlacklist(blacklist, blacklist, PlainNumbering(), FixedClock(), an_audit())


def many(count: int) -> list[ImportLine]:
    return [ImportLine(number=n + 1, phone=f"7701{n:07d}") for n in range(count)]


async def test_good_lines_are_written(run: ImportBlacklist, blacklist: MemoryBlacklist) -> None:
    assert await run(lambda: [GOOD, OTHER]) == ImportReport(added=2)
    entry = await blacklist.find(Phone("+77011234567"))
    assert entry is not None
    assert (entry.reason, entry.source) == ("asked for it", BlacklistSource.IMPORT)
    assert entry.created_at == NOW
    other = await blacklist.find(Phone("+77011234568"))
    assert other is not None
    assert other.created_at == NOW - timedelta(days=1)


async def test_a_list_imported_again_adds_nothing(run: ImportBlacklist) -> None:
    await run(lambda: [GOOD, OTHER])
    assert await run(lambda: [GOOD, OTHER]) == ImportReport(already=2)


async def test_nothing_is_written_where_one_line_is_bad(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    unreadable = ImportLine(number=4, phone="abc")
    too_long = ImportLine(number=5, phone="77011234569", reason="x" * 201)
    with pytest.raises(InvalidImportError) as refused:
        await run(lambda: [GOOD, OTHER, BAD, unreadable, too_long])
    assert "3 of 5 lines" in refused.value.message
    assert [problem.field for problem in refused.value.problems] == ["line 3", "line 4", "line 5"]
    assert refused.value.problems[2].message == "reason is one line of up to 200 characters."
    assert blacklist.entries == {}
    assert blacklist.added == []


async def test_good_lines_are_kept_where_that_is_asked(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    report = await run(lambda: [BAD, GOOD], keep_good=True)
    assert report == ImportReport(added=1, bad=1, problems=[BAD])
    assert report.lines == 2
    assert len(blacklist.entries) == 1


async def test_a_dry_run_tells_and_writes_nothing(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    await run(lambda: [GOOD])
    before = dict(blacklist.entries)
    assert await run(lambda: [GOOD, OTHER], dry_run=True) == ImportReport(added=1, already=1)
    report = await run(lambda: [GOOD, OTHER, BAD], dry_run=True, keep_good=True)
    assert report == ImportReport(added=1, already=1, bad=1, problems=[BAD])
    with pytest.raises(InvalidImportError):
        await run(lambda: [BAD], dry_run=True)
    assert blacklist.entries == before


async def test_entries_whose_time_is_over_are_counted_and_left_out(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    over = ImportLine(number=1, phone="77011234567", expires_at=NOW)
    assert await run(lambda: [over]) == ImportReport(expired=1)
    assert blacklist.entries == {}


async def test_a_long_list_is_written_in_pieces(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    lines = many(2 * TOGETHER + 1)
    assert await run(lambda: lines) == ImportReport(added=len(lines))
    assert blacklist.added == [TOGETHER, TOGETHER, 1]


async def test_neighbours_are_written_together_whatever_their_order(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    lines = many(2 * TOGETHER)
    await run(lambda: lines[::-1])
    written = [entry.phone.e164 for entry in blacklist.entries.values()]
    assert written == sorted(written)


async def test_a_list_longer_than_the_memory_it_is_given_is_written_whole(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    count = WINDOW + TOGETHER + 1
    assert await run(lambda: many(count)) == ImportReport(added=count)
    assert len(blacklist.entries) == count


async def test_of_lines_for_the_same_phone_the_first_has_the_date(
    run: ImportBlacklist, blacklist: MemoryBlacklist
) -> None:
    later = replace(GOOD, reason="later", created_at=NOW - timedelta(days=9))
    assert await run(lambda: [GOOD, later]) == ImportReport(added=1, already=1)
    entry = await blacklist.find(Phone("+77011234567"))
    assert entry is not None
    assert (entry.reason, entry.created_at) == ("asked for it", NOW)


async def test_a_list_of_bad_lines_names_the_first_ones(run: ImportBlacklist) -> None:
    count = MAX_PROBLEMS + 5
    with pytest.raises(InvalidImportError) as refused:
        await run(lambda: [BadLine(n, "It is no entry.") for n in range(count)])
    assert len(refused.value.problems) == MAX_PROBLEMS
    assert f"{count} of {count} lines" in refused.value.message
    assert f"The first {MAX_PROBLEMS} are named." in refused.value.message


@pytest.mark.parametrize("dry_run", [True, False])
async def test_others_get_their_turn_while_a_list_is_read(
    run: ImportBlacklist, blacklist: MemoryBlacklist, *, dry_run: bool
) -> None:
    seen: list[int] = []

    def lines() -> Iterator[ImportLine]:
        for line in many(20 * TURN):
            seen.append(blacklist.pauses)
            yield line

    await run(lines, dry_run=dry_run)
    assert max(Counter(seen).values()) <= TURN
