"""Which numbers can exist, by libphonenumber.

The library takes some 15 microseconds for a number, and of nearly every one it says the same: its
calling code has numbers of this length, no national prefix comes first, it stays as it is. One
regular expression per calling code, made of the library's own metadata when the code is first
met, tells those; the library reads the others.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import cast

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberDesc,
    PhoneNumberFormat,
    ValidationResult,
)

from domain.errors import InvalidPhoneError
from domain.phone import Phone, without_separators

LONGEST_TEXT = 40
"""Characters of a number as it is written, separators included."""

_MIN_DIGITS, _MAX_DIGITS = 7, 15
_REGIONS = {
    str(code): regions for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
}
_NOTHING = "(?!)"

_NOT_DIGITS = (
    "A phone number is digits; only + before and spaces, - ( ) . between them may be added."
)
_NO_COUNTRY = "No country has this calling code; write the number in full, country code first."
_TOO_SHORT = "The number is too short; write it in full, country code first."
_TOO_LONG = "The number is too long; check its digits."
_NO_SUCH_LENGTH = "No number of its country has this many digits; check them."
_UNREADABLE = {
    NumberParseException.INVALID_COUNTRY_CODE: _NO_COUNTRY,
    NumberParseException.NOT_A_NUMBER: _TOO_SHORT,
    NumberParseException.TOO_SHORT_AFTER_IDD: _TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: _TOO_SHORT,
    NumberParseException.TOO_LONG: _TOO_LONG,
}
_IMPOSSIBLE = {
    ValidationResult.INVALID_COUNTRY_CODE: _NO_COUNTRY,
    ValidationResult.TOO_SHORT: _TOO_SHORT,
    ValidationResult.TOO_LONG: _TOO_LONG,
    ValidationResult.INVALID_LENGTH: _NO_SUCH_LENGTH,
}


class LibPhoneNumbering:
    """Reads numbers by libphonenumber's metadata; see ``NumberingPlan``.

    Args:
        region: two capital letters such as ``KZ``: numbers without ``+`` are first read as
            international ones, then as they are dialled there. ``None``: all are international.

    Raises:
        ValueError: libphonenumber does not know the region.
    """

    def __init__(self, region: str | None) -> None:
        if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"not a region such as KZ: {region!r}")
        self._region = region

    def read(self, text: str) -> Phone:
        """Read a number as people write it; see ``NumberingPlan.read``."""
        if len(text) > LONGEST_TEXT:
            raise InvalidPhoneError(_TOO_LONG)
        digits = text.removeprefix("+")
        if not digits.isdigit():
            text = without_separators(text)
            digits = text.removeprefix("+")
        if not (digits.isdigit() and digits.isascii()):
            raise InvalidPhoneError(_NOT_DIGITS)
        if self._region is None or text.startswith("+"):
            return _read_international(digits)
        return _read_in(self._region, digits)


def _read_international(digits: str) -> Phone:
    code = _calling_code(digits[:3])
    if code and _unchanged(code).match(digits):
        return Phone(f"+{digits}")
    return _possible(f"+{digits}")[0]


def _read_in(region: str, digits: str) -> Phone:
    """Prefer a valid international reading, then the national one, then the international one.

    ``8701…`` is a mobile in Kazakhstan there, and no satellite telephone of the code 870.
    """
    code = _calling_code(digits[:3])
    if code and _unchanged_and_valid(code).match(digits):
        return Phone(f"+{digits}")
    with suppress(InvalidPhoneError):
        phone, number = _possible(f"+{digits}")
        if phonenumbers.is_valid_number(number):
            return phone
    with suppress(InvalidPhoneError):
        return _possible(digits, region)[0]
    return _possible(f"+{digits}")[0]


def _possible(written: str, region: str | None = None) -> tuple[Phone, PhoneNumber]:
    """Have the library read a number.

    Raises:
        InvalidPhoneError: it is not a possible one, or longer or shorter than a ``Phone``.
    """
    try:
        number = phonenumbers.parse(written, region)
    except NumberParseException as error:
        raise InvalidPhoneError(_UNREADABLE[error.error_type]) from error
    if refusal := _IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(number)):
        raise InvalidPhoneError(refusal)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if len(e164) - 1 > _MAX_DIGITS:
        raise InvalidPhoneError(_TOO_LONG)
    if len(e164) - 1 < _MIN_DIGITS:
        raise InvalidPhoneError(_TOO_SHORT)
    return Phone(e164), number


@cache
def _calling_code(start: str) -> str | None:
    """Find the calling code that a number with these first three digits has."""
    codes = (start[:length] for length in (1, 2, 3))
    return next((code for code in codes if code in _REGIONS), None)


@cache
def _unchanged(code: str) -> re.Pattern[str]:
    """Match numbers that the library calls possible and leaves as they are."""
    return re.compile(f"{code}{_possible_pattern(code)}")


@cache
def _unchanged_and_valid(code: str) -> re.Pattern[str]:
    """Match those of them that the library also calls valid, as mobile or fixed lines."""
    valid = "|".join(_valid_patterns(code))
    return re.compile(f"{code}(?={_possible_pattern(code)})(?:{valid})")


def _possible_pattern(code: str) -> str:
    # Where regions share a code, the library goes by the main one, which comes first.
    metadata = _metadata(code, _REGIONS[code][0])
    general = cast("PhoneNumberDesc", metadata.general_desc)
    bounds = range(_MIN_DIGITS - len(code), _MAX_DIGITS - len(code) + 1)
    lengths = {*general.possible_length, *general.possible_length_local_only}
    prefix = metadata.national_prefix_for_parsing or _NOTHING
    return f"(?!{prefix}){_digits(lengths.intersection(bounds))}"


def _valid_patterns(code: str) -> Iterator[str]:
    """Go through the regions as the library does: the first whose leading digits fit decides."""
    undecided = ""
    for region in _REGIONS[code]:
        metadata = _metadata(code, region)
        lines = [metadata.fixed_line]
        if not metadata.same_mobile_and_fixed_line_pattern:
            lines.append(metadata.mobile)
        line = "|".join(map(_described, lines))
        leading = metadata.leading_digits or ""
        yield f"{undecided}(?={leading})(?={_described(metadata.general_desc)})(?:{line})"
        if leading:
            undecided += f"(?!{leading})"


def _described(numbers: PhoneNumberDesc | None) -> str:
    if numbers is None or not numbers.national_number_pattern:
        return _NOTHING
    return f"(?={_digits(numbers.possible_length)})(?:{numbers.national_number_pattern})\\Z"


def _digits(lengths: Iterable[int]) -> str:
    """Match so many digits to the end; the library writes -1 where there are no such numbers."""
    counts = (f"[0-9]{{{length}}}" for length in lengths if length > 0)
    return f"(?:{'|'.join(counts) or _NOTHING})\\Z"


def _metadata(code: str, region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    return cast("PhoneMetadata", metadata)  # its own table names no region that it does not know
