"""TwiML: what Twilio reads aloud.

* ``Say`` needs a language and a voice that fit; a pair that does not may stay silent.
* Russian and English are spoken, Kazakh is not: it is refused before anything is sent.
* One ``Say`` takes 3 000 characters with a Polly voice, and 4 500 after URL encoding, where a
  Cyrillic letter is six: a long text is read by several. All of the TwiML takes 4 000.
* Broken XML is accepted at creation and heard as an error announcement, so the characters XML 1.0
  cannot carry become spaces.

Source: docs/providers/twilio.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from domain.errors import InvalidTextError, MessageTooLongError

TWIML_CHARACTERS = 4000
SAY_CHARACTERS = 3000
SAY_ENCODED_CHARACTERS = 4500
# A character takes at most twelve when it is URL encoded: four bytes of "%F0".
_SURELY_ONE_SAY = SAY_ENCODED_CHARACTERS // 12
_KAZAKH = re.compile("[әіңғүұқөһ]", re.IGNORECASE)
_CYRILLIC = re.compile("[\u0400-\u052f]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioVoice:
    """Who reads, and how long a call may take.

    Attributes:
        russian_voice: for texts with more Cyrillic than Latin letters.
        english_voice: for all others.
        ring_s: how long it rings, 1 to 600 s; Twilio may add 5.
        time_limit_s: the longest call; bounds the price of one that a voicemail keeps.
    """

    russian_voice: str = "Polly.Tatyana"
    english_voice: str = "Polly.Joanna"
    ring_s: int = 30
    time_limit_s: int = 120


def twiml(text: str, voice: TwilioVoice) -> str:
    """Write the document that reads a text aloud.

    Its ``Say`` elements together hold the text, but for what XML cannot carry.
    """
    if len(_CYRILLIC.findall(text)) > len(_LATIN.findall(text)):
        name, language = voice.russian_voice, "ru-RU"
    else:
        name, language = voice.english_voice, "en-US"
    opening = f'<Say voice={quoteattr(name)} language="{language}">'
    # A reader of XML turns a bare carriage return into a line feed.
    said = "".join(
        f"{opening}{escape(piece, {chr(13): '&#13;'})}</Say>"
        for piece in _pieces(_NOT_XML.sub(" ", text))
    )
    return f'<Response><Pause length="1"/>{said}</Response>'


def check_speakable(text: str, voice: TwilioVoice) -> None:
    """Refuse a text Twilio would not read.

    Raises:
        InvalidTextError: it has letters only Kazakh has.
        MessageTooLongError: its TwiML would be over 4 000 characters.
    """
    kazakh = _KAZAKH.search(text)
    if kazakh is not None:
        raise InvalidTextError(
            f"Twilio has no Kazakh voice, and the text has the letter {kazakh[0]!r}; write it in "
            "Russian or English, or choose another provider for the call."
        )
    # Longer than the whole document alone: not worth writing one.
    document = text if len(text) > TWIML_CHARACTERS else twiml(text, voice)
    length = len(document.encode("utf-16-le", "surrogatepass")) // 2
    if length > TWIML_CHARACTERS:
        raise MessageTooLongError(
            f"The speech takes {length} characters with its markup; "
            f"Twilio takes {TWIML_CHARACTERS}. Shorten the text."
        )


def _pieces(text: str) -> Iterator[str]:
    """Cut a text into what one ``Say`` takes, behind a space where there is one."""
    start = 0
    while len(text) - start > _SURELY_ONE_SAY:
        end = _room_ends(text, start)
        if end < len(text):
            end = text.rfind(" ", start, end) + 1 or end
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _room_ends(text: str, start: int) -> int:
    """Return the position of the first character that does not fit with those from ``start``."""
    end = min(len(text), start + SAY_CHARACTERS)
    used = 0
    for position in range(start, end):
        used += len(quote(text[position], safe=""))
        if used > SAY_ENCODED_CHARACTERS:
            return position
    return end
