from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidIdempotencyKeyError
from domain.idempotency import KEY_LENGTH, IdempotencyKey

FINGERPRINT = b"\x00" * 32
visible = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
spaced = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=KEY_LENGTH - 2)


def a_key(key: str) -> IdempotencyKey:
    return IdempotencyKey("backend", key, FINGERPRINT)


@given(first=visible, middle=spaced, last=visible)
def test_printable_ascii_without_outer_spaces_is_a_key(first: str, middle: str, last: str) -> None:
    assert a_key(first + middle + last).key == first + middle + last


@pytest.mark.parametrize(
    "key", ["1", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "order 17", "x" * KEY_LENGTH]
)
def test_keys_callers_use_are_taken_as_they_are(key: str) -> None:
    assert a_key(key).key == key


@pytest.mark.parametrize(
    "key",
    ["", " ", " a", "a ", "x" * (KEY_LENGTH + 1), "a\tb", "a\n", "a\x00", "a\x7f", "заказ", "é"],
)
def test_what_a_header_could_not_carry_unchanged_is_no_key(key: str) -> None:
    with pytest.raises(InvalidIdempotencyKeyError, match=f"1 to {KEY_LENGTH} printable ASCII"):
        a_key(key)


@given(before=st.text(printable, max_size=5), bad=st.characters(min_codepoint=0x7F))
def test_one_character_beyond_ascii_spoils_a_key(before: str, bad: str) -> None:
    with pytest.raises(InvalidIdempotencyKeyError):
        a_key(f"k{before}{bad}k")


def test_keys_are_the_same_only_with_account_and_use() -> None:
    assert a_key("k") == a_key("k")
    assert a_key("k") != IdempotencyKey("shop", "k", FINGERPRINT)
    assert a_key("k") != IdempotencyKey("backend", "k", b"\x01" * 32)
