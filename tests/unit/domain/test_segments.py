"""The counts are held against smsutil, where it is right.

It calls the empty text UCS-2 and takes a bare escape for GSM-7.
"""

from itertools import pairwise

import pytest
import smsutil  # type: ignore[import-untyped]  # it has no annotations
from hypothesis import example, given
from hypothesis import strategies as st

from domain.segments import Encoding, Segments, count_segments, encoding_of, split_segments

ESCAPE = "\x1b"
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    f"Δ_ΦΓΛΩΠΨΣΘΞ{ESCAPE}ÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

gsm_texts = st.text(ALPHABET.replace(ESCAPE, "") + EXTENSION)
any_texts = st.text(st.characters(exclude_categories=["Cs"]))
emoji_texts = st.text("ж+😀👨‍👩‍👧")
texts = st.tuples(
    st.one_of(gsm_texts, any_texts, emoji_texts), st.integers(1, 60), any_texts | gsm_texts
).map(lambda parts: parts[0] * parts[1] + parts[2])


def units(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return len(text) + sum(map(text.count, EXTENSION))
    return len(text.encode("utf-16-le")) // 2


def test_gsm7_is_the_default_alphabet_and_its_extension_and_nothing_else() -> None:
    assert len(ALPHABET) == 128
    expected = set(ALPHABET + EXTENSION) - {ESCAPE}
    everything = map(chr, range(0x110000))
    assert {c for c in everything if encoding_of(c) is Encoding.GSM7} == expected


def test_the_alphabet_is_the_one_on_the_air() -> None:
    on_the_air = [smsutil.encode(character) for character in ALPHABET + EXTENSION]
    assert on_the_air[:128] == [bytes([code]) for code in range(128)]
    assert b"".join(on_the_air[128:]).hex(" ", 2) == (
        "1b0a 1b14 1b28 1b29 1b2f 1b3c 1b3d 1b3e 1b40 1b65"
    )


@pytest.mark.parametrize("text", ["ç", "Код", "`", "\t", "á", "\u2019", ESCAPE, "\xa0", "Δ\u2126"])
def test_one_character_outside_the_alphabet_makes_a_text_ucs2(text: str) -> None:
    assert encoding_of(text) is Encoding.UCS2
    assert encoding_of("Code" * 50 + text) is Encoding.UCS2


@pytest.mark.parametrize("text", ["", "Ç", "Code 4821", "\f", "€", "a\n", "\r\n"])
def test_a_text_of_the_alphabet_is_gsm7(text: str) -> None:
    assert encoding_of(text) is Encoding.GSM7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(Encoding.GSM7, 1, 0)),
        ("a" * 160, Segments(Encoding.GSM7, 1, 160)),
        ("a" * 161, Segments(Encoding.GSM7, 2, 161)),
        ("a" * 306, Segments(Encoding.GSM7, 2, 306)),
        ("a" * 307, Segments(Encoding.GSM7, 3, 307)),
        ("€" * 80, Segments(Encoding.GSM7, 1, 160)),
        ("€" * 81, Segments(Encoding.GSM7, 2, 162)),
        ("€" * 153, Segments(Encoding.GSM7, 3, 306)),
        ("a" * 152 + "€" + "a" * 152, Segments(Encoding.GSM7, 3, 306)),
        ("ж" * 70, Segments(Encoding.UCS2, 1, 70)),
        ("ж" * 71, Segments(Encoding.UCS2, 2, 71)),
        ("ж" * 134, Segments(Encoding.UCS2, 2, 134)),
        ("ж" * 135, Segments(Encoding.UCS2, 3, 135)),
        ("😀" * 35, Segments(Encoding.UCS2, 1, 70)),
        ("😀" * 36, Segments(Encoding.UCS2, 2, 72)),
        ("ж" * 66 + "😀" + "ж" * 66, Segments(Encoding.UCS2, 3, 134)),
    ],
)
def test_segments_are_counted_at_the_edges(text: str, expected: Segments) -> None:
    assert count_segments(text) == expected


@given(text=texts)
@example("a" * 152 + "€" + "+€" * 100)
@example("ж" * 66 + "😀" + "+😀" * 100)
def test_the_pieces_are_the_text_again_and_each_fits(text: str) -> None:
    pieces = split_segments(text)
    assert "".join(pieces) == text
    encoding = encoding_of(text)
    most = encoding.alone if len(pieces) == 1 else encoding.joined
    assert all(units(piece, encoding) <= most for piece in pieces)


@given(text=texts)
def test_no_piece_could_take_the_next_character_too(text: str) -> None:
    encoding = encoding_of(text)
    for piece, following in pairwise(split_segments(text)):
        assert units(piece + following[0], encoding) > encoding.joined


@given(text=texts)
def test_the_count_is_the_number_of_pieces_and_the_units_are_those_of_the_text(text: str) -> None:
    encoding = encoding_of(text)
    expected = Segments(encoding, len(split_segments(text)), units(text, encoding))
    assert count_segments(text) == expected


@given(text=texts.filter(lambda text: text and ESCAPE not in text))
def test_the_cuts_are_those_of_smsutil(text: str) -> None:
    assert list(split_segments(text)) == [part.content for part in smsutil.split(text).parts]
