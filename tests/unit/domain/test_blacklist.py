from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.blacklist import NOTE_LENGTH, REASON_LENGTH, BlacklistEntry, BlacklistSource
from domain.errors import InvalidEntryError
from domain.phone import Phone

PHONE = Phone("+77011234567")
START = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)
moments = st.integers(0, 5).map(lambda days: START + timedelta(days))
ends = st.none() | moments


@st.composite
def entries(draw: st.DrawFn) -> BlacklistEntry:
    return BlacklistEntry(
        PHONE,
        draw(moments),
        reason=draw(st.sampled_from([None, "a", "b"])),
        source=draw(st.sampled_from(BlacklistSource)),
        expires_at=draw(ends),
    )


def test_an_entry_counts_until_it_expires() -> None:
    entry = BlacklistEntry(PHONE, START, expires_at=START + timedelta(days=1))
    assert entry.counts(START)
    assert not entry.counts(START + timedelta(days=1))
    assert BlacklistEntry(PHONE, START).counts(START + timedelta(days=10_000))


@given(entries(), entries(), moments)
def test_what_is_left_of_two_counts_whenever_one_of_them_did(
    first: BlacklistEntry, second: BlacklistEntry, at: datetime
) -> None:
    left = first.joined(second)
    assert left.counts(at) == (first.counts(at) or second.counts(at))
    assert left.created_at == first.created_at


@given(entries(), entries())
def test_adding_the_same_once_more_changes_nothing(
    first: BlacklistEntry, second: BlacklistEntry
) -> None:
    assert first.joined(first) == first
    assert first.joined(second).joined(second) == first.joined(second)


@pytest.mark.parametrize("field", ["reason", "note"])
@pytest.mark.parametrize(
    "text", ["two\nlines", "a\rb", "nul\x00", "\x7f", "\u2028", "\ud800"], ids=ascii
)
def test_a_text_of_more_than_one_line_is_refused(field: str, text: str) -> None:
    with pytest.raises(InvalidEntryError) as refused:
        BlacklistEntry(PHONE, START, **{field: text})  # type: ignore[arg-type]
    (problem,) = refused.value.problems
    assert problem.field == field


@pytest.mark.parametrize(("field", "longest"), [("reason", REASON_LENGTH), ("note", NOTE_LENGTH)])
def test_a_text_may_be_long_but_not_too_long(field: str, longest: int) -> None:
    BlacklistEntry(PHONE, START, **{field: "қ" * longest})  # type: ignore[arg-type]
    with pytest.raises(InvalidEntryError):
        BlacklistEntry(PHONE, START, **{field: "қ" * (longest + 1)})  # type: ignore[arg-type]
