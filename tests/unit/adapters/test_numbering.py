"""The fast path is held against the library itself, read by read."""

from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from adapters.numbering import LONGEST_TEXT, LibPhoneNumbering
from application.ports.system import NumberingPlan
from domain.errors import InvalidPhoneError
from domain.phone import Phone, without_separators

REGIONS = [None, "KZ", "RU", "US", "GB"]
CODES = [str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE]
NUMBER_KINDS = range(11)


def numbers_that_exist() -> Iterator[str]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in NUMBER_KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield f"{number.country_code}{phonenumbers.national_significant_number(number)}"


EXAMPLES = sorted({number for number in numbers_that_exist() if len(number) >= 7})
digits = st.text("0123456789", max_size=16)
changed_examples = st.tuples(
    st.sampled_from(["", "", "0", "00", "1", "7", "8", "810", "011"]),
    st.sampled_from(EXAMPLES),
    st.integers(0, 4),
    st.text("0123456789", max_size=3),
).map(lambda parts: parts[0] + parts[1][parts[2] :][: -len(parts[3]) or None] + parts[3])
numbers = st.one_of(
    st.tuples(st.sampled_from(CODES), digits).map("".join),
    changed_examples,
    digits.filter(bool),
)


def read(plan: NumberingPlan, text: str) -> str | None:
    try:
        return plan.read(text).e164
    except InvalidPhoneError:
        return None


def possible(written: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(written, region)
    except NumberParseException:
        return None
    fits = 7 <= len(in_e164(number)) - 1 <= 15
    return number if fits and phonenumbers.is_possible_number(number) else None


def in_e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def read_by_the_library_alone(text: str, region: str | None) -> str | None:
    written = without_separators(text)
    international = possible("+" + written.removeprefix("+"), None)
    if region is None or written.startswith("+"):
        return in_e164(international) if international else None
    national = possible(written, region)
    valid = [n for n in (international, national) if n and phonenumbers.is_valid_number(n)]
    choices = [*valid, national, international]
    return next((in_e164(number) for number in choices if number), None)


@pytest.mark.parametrize("region", REGIONS)
@settings(max_examples=400)
@given(number=numbers, plus=st.sampled_from(["", "", "+"]))
@example(number="87011234567", plus="")
@example(number="870773111632", plus="")
@example(number="77011234567", plus="")
@example(number="79161234567", plus="")
@example(number="12025550123", plus="")
@example(number="442079460000", plus="")
@example(number="4474576123456", plus="")
@example(number="390669812345", plus="")
def test_every_number_is_read_as_the_library_alone_would(
    region: str | None, number: str, plus: str
) -> None:
    text = plus + number
    assert read(LibPhoneNumbering(region), text) == read_by_the_library_alone(text, region)


@pytest.mark.parametrize("region", REGIONS)
def test_numbers_of_every_calling_code_and_length_are_read_as_the_library_alone_would(
    region: str | None,
) -> None:
    plan = LibPhoneNumbering(region)
    written = [
        code + str(pow(7, int(code) + length, 10**length)).zfill(length)
        for code in CODES
        for length in range(2, 14)
    ]
    for number in written + EXAMPLES:
        assert read(plan, number) == read_by_the_library_alone(number, region), number


def test_every_number_that_exists_is_read_unchanged() -> None:
    plan = LibPhoneNumbering(None)
    assert [plan.read(number).msisdn for number in EXAMPLES] == EXAMPLES


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("number", ["77011234567", "79161234567", "12025550123", "442079460123"])
def test_an_ordinary_number_does_not_cost_a_call_of_the_library(
    region: str | None, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(phonenumbers, "parse")
    assert LibPhoneNumbering(region).read(number) == Phone(f"+{number}")


@given(number=st.sampled_from(EXAMPLES), region=st.sampled_from(REGIONS), data=st.data())
def test_separators_do_not_matter(number: str, region: str | None, data: st.DataObject) -> None:
    separators = st.text(" -().", max_size=1)
    plan = LibPhoneNumbering(region)
    written = "".join(digit + data.draw(separators) for digit in number)
    assert read(plan, written) == read(plan, number)
    assert read(plan, f" (+{written}") == read(plan, f"+{number}")


@pytest.mark.parametrize(
    "text",
    ["8 701 123 45 67", "7011234567", "77011234567", "+7 701 123-45-67", "8(701)1234567"],
)
def test_every_way_to_write_a_number_in_its_own_region_means_the_same(text: str) -> None:
    assert LibPhoneNumbering("KZ").read(text) == Phone("+77011234567")


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("12025550123", "+12025550123"),
        ("810 1 202 555 0123", "+12025550123"),
        ("870773111632", "+870773111632"),
        ("+870773111632", "+870773111632"),
    ],
)
def test_a_region_leaves_valid_foreign_numbers_alone(text: str, e164: str) -> None:
    assert read(LibPhoneNumbering("KZ"), text) == e164


def test_what_is_neither_valid_nor_national_is_still_read_as_international() -> None:
    assert read(LibPhoneNumbering("KZ"), "998000000000") == "+998000000000"


def test_without_a_region_a_national_number_is_refused() -> None:
    assert read(LibPhoneNumbering(None), "8 701 123 45 67") is None


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "digits"),
        ("+", "digits"),
        ("  ", "digits"),
        ("seven", "digits"),
        ("1-800-FLOWERS", "digits"),
        ("77011234567 ext. 5", "digits"),
        ("77011234567;ext=5", "digits"),
        ("tel:+77011234567", "digits"),
        ("7701123456\N{SUPERSCRIPT TWO}", "digits"),
        ("7701 123 45 6\N{ARABIC-INDIC DIGIT SEVEN}", "digits"),
        ("\N{FULLWIDTH DIGIT SEVEN}7011234567", "digits"),
        ("77011234567\n", "digits"),
        ("++77011234567", "digits"),
        ("7+7011234567", "digits"),
        ("7701123456\N{MATHEMATICAL BOLD DIGIT SEVEN}", "digits"),
        ("\ud800", "digits"),
        ("+7", "too short"),
        ("+770", "too short"),
        ("+77011", "too short"),
        ("+49 89", "too short"),
        ("+4912", "too short"),
        ("+1 202 555 0123 456", "too long"),
        ("+49 123456789012345", "too long"),
        ("+770112345670112345670", "too long"),
        ("1" * (LONGEST_TEXT + 1), "too long"),
        (" " * LONGEST_TEXT + "77011234567", "too long"),
        ("+7 70112345678", "this many digits"),
        ("+0 701 123 45 67", "calling code"),
        ("+999 1234567", "calling code"),
    ],
)
def test_a_refusal_says_why_and_not_what(region: str | None, text: str, why: str) -> None:
    with pytest.raises(InvalidPhoneError) as refused:
        LibPhoneNumbering(region).read(text)
    assert why in refused.value.message
    assert not any(character.isdigit() for character in refused.value.message)


@given(text=st.text(max_size=LONGEST_TEXT + 5), region=st.sampled_from(REGIONS))
def test_any_text_is_read_or_refused(text: str, region: str | None) -> None:
    e164 = read(LibPhoneNumbering(region), text)
    assert e164 is None or Phone(e164).msisdn.isascii()


@pytest.mark.parametrize("region", ["", "kz", "KAZ", "XX", "001", "7", "ZZ"])
def test_an_unknown_region_is_refused_at_once(region: str) -> None:
    with pytest.raises(ValueError, match="region"):
        LibPhoneNumbering(region)
