"""How many parts a text is paid as, counted apart from the gateway to check it."""

from math import ceil

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM7 = (160, 153)
_UCS2 = (70, 67)


def count_segments(text: str) -> int:
    """Return 1 for a text that fits one message, else the number of joined ones.

    Source: 3GPP TS 23.038, sections 6.2.1 and 6.2.3.
    """
    if all(character in _BASIC or character in _EXTENDED for character in text):
        size, (alone, joined) = sum(1 + (c in _EXTENDED) for c in text), _GSM7
    else:
        size, (alone, joined) = utf16_units(text), _UCS2
    return 1 if size <= alone else ceil(size / joined)


def utf16_units(text: str) -> int:
    """Return the length as handsets count it: an emoji is two."""
    return len(text.encode("utf-16-be", "surrogatepass")) // 2
