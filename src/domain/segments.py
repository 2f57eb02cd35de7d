"""How a text travels: GSM-7 or UCS-2, and in how many segments.

Source: 3GPP TS 23.038, 6.2.1 (the default alphabet and its extension table) and
TS 23.040, 9.2.3.24.1 (the six octets that join segments leave 153 septets or 67 code units).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_GSM7 = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*\\Z")
_EXTENDED = re.compile(f"[{re.escape(_EXTENSION)}]")
_BEYOND_BMP = 0xFFFF


class Encoding(StrEnum):
    """The alphabet a text needs on the air."""

    GSM7 = "gsm-7"
    UCS2 = "ucs-2"

    @property
    def alone(self) -> int:
        """Units that fit one segment: 160 septets or 70 code units."""
        return 160 if self is Encoding.GSM7 else 70

    @property
    def joined(self) -> int:
        """Units that fit each of several segments: 153 septets or 67 code units."""
        return 153 if self is Encoding.GSM7 else 67


@dataclass(frozen=True, slots=True)
class Segments:
    """How many segments a text takes.

    Attributes:
        encoding: the alphabet.
        count: segments, at least 1.
        units: septets (extension characters count two) or UTF-16 code units in all.
    """

    encoding: Encoding
    count: int
    units: int


def encoding_of(text: str) -> Encoding:
    """Tell the alphabet a text needs: one character outside GSM-7 makes it UCS-2."""
    return Encoding.GSM7 if _GSM7.match(text) else Encoding.UCS2


def count_segments(text: str) -> Segments:
    """Count the segments of a text, as handsets and invoices do."""
    encoding = encoding_of(text)
    units = _units(text, encoding)
    if units <= encoding.alone:
        return Segments(encoding, 1, units)
    return Segments(encoding, sum(1 for _ in _pieces(text, encoding)), units)


def split_segments(text: str) -> tuple[str, ...]:
    """Cut a text into its segments; together they are the text again.

    A surrogate pair and an escaped character are never cut in two.
    """
    encoding = encoding_of(text)
    if _units(text, encoding) <= encoding.alone:
        return (text,)
    return tuple(_pieces(text, encoding))


def _units(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return len(text) + len(_EXTENDED.findall(text))
    return len(text) + sum(1 for character in text if ord(character) > _BEYOND_BMP)


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if character in _EXTENSION else 1
    return 2 if ord(character) > _BEYOND_BMP else 1


def _pieces(text: str, encoding: Encoding) -> Iterator[str]:
    start, used = 0, 0
    for position, character in enumerate(text):
        width = _width(character, encoding)
        if used + width > encoding.joined:
            yield text[start:position]
            start, used = position, 0
        used += width
    yield text[start:]
