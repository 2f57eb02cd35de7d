import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MessageTooLongError
from domain.segments import count_segments
from domain.text_limit import TextLimit


def refuses(limit: TextLimit, text: str) -> bool:
    try:
        limit.check(text)
    except MessageTooLongError:
        return True
    return False


@given(text=st.text(), characters=st.integers(0, 20))
def test_characters_are_utf16_code_units(text: str, characters: int) -> None:
    length = sum(2 if character > "\uffff" else 1 for character in text)
    assert refuses(TextLimit(characters=characters), text) == (length > characters)


@given(text=st.text(min_size=1), times=st.integers(1, 100), segments=st.integers(1, 5))
def test_segments_are_those_of_the_invoice(text: str, times: int, segments: int) -> None:
    long = text * times
    assert refuses(TextLimit(segments=segments), long) == (count_segments(long).count > segments)


@given(text=st.text(st.characters()))
def test_without_a_bound_any_text_passes(text: str) -> None:
    assert not refuses(TextLimit(), text)


def test_both_bounds_hold() -> None:
    limit = TextLimit(characters=200, segments=2)
    assert not refuses(limit, "a" * 200)
    assert refuses(limit, "a" * 201)
    assert refuses(limit, "ж" * 135)


def test_half_a_surrogate_pair_counts_as_the_one_unit_it_is() -> None:
    limit = TextLimit(characters=1, segments=1)
    assert not refuses(limit, "\ud83d")
    assert refuses(limit, "\ud83d\ud83d")


def test_the_refusal_names_the_limit_and_the_length() -> None:
    with pytest.raises(MessageTooLongError, match=r"11 characters.* takes 10\."):
        TextLimit(characters=10).check("a" * 11)
    with pytest.raises(MessageTooLongError, match=r"3 segments.* takes 2\."):
        TextLimit(segments=2).check("a" * 307)
