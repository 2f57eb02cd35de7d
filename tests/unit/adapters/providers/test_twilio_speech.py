from bisect import bisect_right
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.providers.twilio_speech import (
    SAY_CHARACTERS,
    SAY_ENCODED_CHARACTERS,
    TWIML_CHARACTERS,
    TwilioVoice,
    check_speakable,
    twiml,
)
from domain.errors import InvalidTextError, MessageTooLongError
from tests.unit.adapters.providers.twilio_exchanges import NOT_XML

SPEAKABLE = st.characters(exclude_categories=["Cs"], exclude_characters=NOT_XML)
VOICE = TwilioVoice()


def says(text: str, voice: TwilioVoice = VOICE) -> list[ET.Element]:
    response = ET.fromstring(twiml(text, voice))  # noqa: S314 (our own document)
    pause, *said = response
    assert response.tag == "Response"
    assert (pause.tag, pause.attrib) == ("Pause", {"length": "1"})
    assert {element.tag for element in said} <= {"Say"}
    return said


def spoken(text: str) -> str:
    return "".join(element.text or "" for element in says(text))


@given(st.text(SPEAKABLE, max_size=300) | st.text(st.sampled_from("яa \r\n\t&<>\"'😀"), max_size=9))
@example("  leading, trailing, \r\n, lone \r, \x85, \u2028 and ]]>  ")
@example("я" * 2000)
def test_the_spoken_text_is_the_text(text: str) -> None:
    assert spoken(text) == text


@given(st.text(st.sampled_from(NOT_XML + "ab "), max_size=50))
def test_what_xml_cannot_carry_becomes_a_space(text: str) -> None:
    assert spoken(text) == "".join(" " if character in NOT_XML else character for character in text)


@pytest.mark.parametrize(
    ("text", "language", "voice"),
    [
        ("Ваш код: 4, 8, 2, 1", "ru-RU", "Polly.Tatyana"),
        ("Код для Ivan", "ru-RU", "Polly.Tatyana"),
        ("Your code is 4821", "en-US", "Polly.Joanna"),
        ("Код ABC", "en-US", "Polly.Joanna"),
        ("Ёж é", "ru-RU", "Polly.Tatyana"),
        ("4821", "en-US", "Polly.Joanna"),
    ],
)
def test_the_letters_choose_the_language(text: str, language: str, voice: str) -> None:
    (say,) = says(text)
    assert say.attrib == {"voice": voice, "language": language}


def test_the_voices_are_ours_to_choose() -> None:
    voice = TwilioVoice(russian_voice="Polly.Maxim", english_voice='Google."en" & co')
    assert says("Код", voice)[0].get("voice") == "Polly.Maxim"
    assert says("Code", voice)[0].get("voice") == 'Google."en" & co'


@given(
    st.lists(
        st.sampled_from(["слово ", "word", "😀", " ", "длинноеслово" * 80, "x" * 3100, "&" * 900]),
        min_size=1,
        max_size=8,
    ).map("".join)
)
def test_no_say_is_longer_than_twilio_reads_and_none_is_empty(text: str) -> None:
    pieces = [element.text or "" for element in says(text)]
    assert "".join(pieces) == text
    assert all(1 <= len(piece) <= SAY_CHARACTERS for piece in pieces)
    assert all(len(quote(piece, safe="")) <= SAY_ENCODED_CHARACTERS for piece in pieces)


def test_a_long_text_is_cut_behind_a_space() -> None:
    pieces = [element.text or "" for element in says("слово " * 400)]
    assert len(pieces) > 1
    assert all(piece.startswith("слово") and piece.endswith(" ") for piece in pieces)


@pytest.mark.parametrize(("text", "count"), [("я" * 750, 1), ("я" * 751, 2)])
def test_a_word_is_cut_only_where_it_must_be(text: str, count: int) -> None:
    assert len(says(text)) == count


def test_a_polly_voice_reads_three_thousand_latin_letters_in_one_go() -> None:
    assert [len(say.text or "") for say in says("x" * 3001)] == [3000, 1]


@pytest.mark.parametrize("letter", "әіңғүұқөһӘІҢҒҮҰҚӨҺ")
def test_kazakh_is_refused_with_what_to_do(letter: str) -> None:
    with pytest.raises(InvalidTextError, match=r"no Kazakh voice.*another provider"):
        check_speakable(f"Код {letter} 4821", VOICE)


@pytest.mark.parametrize("text", ["Сіздің код", "қ" * 9000])
def test_kazakh_is_named_before_the_length(text: str) -> None:
    with pytest.raises(InvalidTextError):
        check_speakable(text, VOICE)


@pytest.mark.parametrize("character", ["x", "я", "😀", "&"])
def test_the_whole_document_has_a_limit(character: str) -> None:
    def size(count: int) -> int:
        return len(twiml(character * count, VOICE).encode("utf-16-le")) // 2

    longest = bisect_right(range(TWIML_CHARACTERS), TWIML_CHARACTERS, key=size) - 1
    check_speakable(character * longest, VOICE)
    with pytest.raises(MessageTooLongError, match="4000"):
        check_speakable(character * (longest + 1), VOICE)


@pytest.mark.parametrize("character", ["x", "я", "\ud800"])
def test_a_huge_text_is_refused_too(character: str) -> None:
    with pytest.raises(MessageTooLongError, match="4000"):
        check_speakable(character * 1_000_000, VOICE)
