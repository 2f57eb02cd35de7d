import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidSenderError
from domain.sender_id import SenderId

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
names = st.tuples(st.text(LETTERS + DIGITS + " ._&+-", max_size=10), st.sampled_from(LETTERS)).map(
    "".join
)


@given(number=st.from_regex(r"\+?[0-9]{3,15}", fullmatch=True))
def test_3_to_15_digits_are_a_sender(number: str) -> None:
    assert SenderId(number).text == number


@given(name=names, turn=st.integers(0, 10))
def test_up_to_11_characters_with_a_letter_are_a_sender(name: str, turn: int) -> None:
    turned = name[turn:] + name[:turn]
    assert SenderId(turned).text == turned


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "12",
        "1234567890123456",
        "+",
        "+12",
        "12+34",
        "12 34",
        "TwelveLetter",
        "...",
        "Habar\n",
        "123\n",
        "\nHabar",
        "Ha\x00bar",
        "Habar!",
        "Häbar",
        "\N{CYRILLIC CAPITAL LETTER ES}HOP",
        "12\N{ARABIC-INDIC DIGIT SEVEN}",
        "A\N{FULLWIDTH DIGIT SEVEN}",
    ],
)
def test_what_no_handset_could_show_is_refused(text: str) -> None:
    with pytest.raises(InvalidSenderError):
        SenderId(text)


@given(text=st.text())
def test_whatever_is_a_sender_fits_the_air_interface(text: str) -> None:
    try:
        sender = SenderId(text)
    except InvalidSenderError:
        return
    assert sender.text.isascii()
    assert len(sender.text) <= (16 if sender.text.strip("+").isdigit() else 11)
