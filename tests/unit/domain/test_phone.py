import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidPhoneError
from domain.phone import Phone, without_separators

e164_digits = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
separators = st.text(" -().", max_size=3)


@pytest.mark.parametrize(
    "text", ["+77011234567", "77011234567", "+7 (701) 123-45-67", " 7.701.123.45.67 "]
)
def test_a_number_is_read_as_people_write_it(text: str) -> None:
    assert Phone.parse(text) == Phone("+77011234567")


@given(digits=e164_digits, data=st.data())
def test_separators_do_not_matter(digits: str, data: st.DataObject) -> None:
    written = "".join(data.draw(separators) + digit for digit in "+" + digits)
    assert without_separators(written) == f"+{digits}"
    assert Phone.parse(written) == Phone.parse(digits) == Phone(f"+{digits}")


@given(digits=e164_digits)
def test_a_number_of_7_to_15_digits_is_kept_whole(digits: str) -> None:
    assert Phone(f"+{digits}").e164 == f"+{digits}"
    assert Phone(f"+{digits}").msisdn == digits


@pytest.mark.parametrize(
    "e164",
    [
        "",
        "+",
        "77011234567",
        "+123456",
        "+1234567890123456",
        "+07011234567",
        "++7011234567",
        "+7 7011234567",
        "+7701123456x",
        "+77011234567\n",
        "\n+77011234567",
        "+77011234567;ext=5",
        "+7701123456\N{ARABIC-INDIC DIGIT SEVEN}",
        "+\N{FULLWIDTH DIGIT SEVEN}7011234567",
        "+7701123456\N{SUPERSCRIPT TWO}",
    ],
)
def test_what_is_not_e164_cannot_be_a_phone(e164: str) -> None:
    with pytest.raises(InvalidPhoneError):
        Phone(e164)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "-",
        "123456",
        "1234567890123456",
        "8 (701) 123-45-6x",
        "77011234567\n",
        "7+7011234567",
    ],
)
def test_what_is_not_e164_without_its_separators_is_refused(text: str) -> None:
    with pytest.raises(InvalidPhoneError):
        Phone.parse(text)


@given(text=st.text() | st.text("+ -().0123456789", max_size=20))
def test_any_text_is_either_read_whole_or_refused(text: str) -> None:
    bare = without_separators(text).removeprefix("+")
    if re.fullmatch(r"[1-9][0-9]{6,14}", bare, re.ASCII):
        assert Phone.parse(text).msisdn == bare
    else:
        with pytest.raises(InvalidPhoneError):
            Phone.parse(text)


@pytest.mark.parametrize(
    ("e164", "masked"),
    [
        ("+77011234567", "7701***4567"),
        ("+123456789012345", "1234***2345"),
        ("+1234567890", "123***890"),
        ("+12345678", "12***78"),
        ("+1234567", "12***67"),
    ],
)
def test_a_masked_number_shows_both_ends(e164: str, masked: str) -> None:
    assert Phone(e164).masked == masked


@given(digits=e164_digits)
def test_a_masked_number_hides_three_digits_or_more(digits: str) -> None:
    start, end = Phone(f"+{digits}").masked.split("***")
    assert digits.startswith(start)
    assert digits.endswith(end)
    assert 4 <= len(start + end) <= len(digits) - 3
