"""The blacklist, page by page."""

import pytest

from application.blacklist_reading import MAX_PAGE, ReadBlacklist
from domain.errors import InvalidPhoneError
from tests.fakes import MemoryBlacklist


def filled(count: int) -> ReadBlacklist:
    return ReadBlacklist(MemoryBlacklist(f"7701{number:07d}" for number in range(count)))


@pytest.mark.parametrize(("count", "more"), [(0, False), (3, False), (4, True)])
async def test_a_page_says_whether_others_follow(count: int, more: bool) -> None:  # noqa: FBT001 - a column
    read = filled(count)
    for page in (
        await read.latest(before=None, limit=3),
        await read.starting_with("7", after=None, limit=3),
    ):
        assert len(page.entries) == min(count, 3)
        assert page.more == more


@pytest.mark.parametrize("count", [0, 1, MAX_PAGE, MAX_PAGE + 1, 2 * MAX_PAGE])
async def test_everything_is_everything_once(count: int) -> None:
    pages = [page async for page in filled(count).everything()]
    phones = [entry.phone for page in pages for entry in page]
    assert phones == [f"7701{number:07d}" for number in range(count)]


@pytest.mark.parametrize("start", ["7701", "+7701", "7 (701)", "7-701"])
async def test_a_search_is_the_same_however_it_is_written(start: str) -> None:
    assert len((await filled(1).starting_with(start, after=None, limit=9)).entries) == 1


@pytest.mark.parametrize("start", ["", "+", "x", "7%", "7_", "\u0667", "7" * 16, "7'"])
async def test_what_no_number_starts_with_is_refused(start: str) -> None:
    with pytest.raises(InvalidPhoneError):
        await filled(1).starting_with(start, after=None, limit=9)
