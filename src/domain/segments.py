"""How a text travels: GSM-7 or UCS-2, and in how many segments.

Source: 3GPP TS 23.038, 6.2.1 (the default alphabet and its extension table) and
TS 23.040, 9.2.3.24.1 (the six octets that join segments leave 153 septets or 67 code units).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_GSM7 = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*\\Z")


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


_BEFORE_TWO_UNITS = {
    Encoding.GSM7: re.compile(f"(?=[{re.escape(_EXTENSION)}])"),
    Encoding.UCS2: re.compile("(?=[\U00010000-\U0010ffff])"),
}
_FIRST_HALF = {
    encoding: re.compile(rf"\+{before.pattern}") for encoding, before in _BEFORE_TWO_UNITS.items()
}


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
    return Segments(encoding, len(_pieces(units, encoding)), len(units))


def split_segments(text: str) -> tuple[str, ...]:
    """Cut a text into its segments; together they are the text again.

    A surrogate pair and an escaped character are never cut in two.
    """
    encoding = encoding_of(text)
    first_half = _FIRST_HALF[encoding]
    return tuple(first_half.sub("", piece) for piece in _pieces(_units(text, encoding), encoding))


def _units(text: str, encoding: Encoding) -> str:
    """Write a text with one character per unit: ``+`` for the first half of a two-unit one."""
    return _BEFORE_TWO_UNITS[encoding].sub("+", text)


def _pieces(units: str, encoding: Encoding) -> list[str]:
    if len(units) <= encoding.alone:
        return [units]
    before, size = _BEFORE_TWO_UNITS[encoding], encoding.joined
    pieces, start = [], 0
    while start < len(units):
        end = start + size
        if before.match(units, end):
            end -= 1
        pieces.append(units[start:end])
        start = end
    return pieces
