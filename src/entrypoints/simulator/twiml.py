"""What a callee hears of a TwiML document, and what Twilio would stumble over.

Twilio takes a broken document: the call is answered, an error is read out, and the status still
says completed.
"""

from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element

from entrypoints.simulator.xml_reader import UnreadableXmlError, read_xml

_ENCODED_MAX = 4_500
_POLLY_MAX, _BASIC_MAX, _GOOGLE_MAX = 3_000, 4_096, 5_000


@dataclass(frozen=True, slots=True)
class Speech:
    """The text of each ``<Say>``, and each problem with the document."""

    spoken: tuple[str, ...]
    problems: tuple[str, ...]


def read_twiml(document: str) -> Speech:
    """Read a document without ever refusing it."""
    try:
        root = read_xml(document)
    except UnreadableXmlError as error:
        return Speech((), (f"12100: the TwiML is not well-formed: {error}",))
    if root.tag != "Response":
        return Speech((), (f"12100: the TwiML starts with {root.tag}, not with Response",))
    says = list(root.iter("Say"))
    problems = [problem for say in says for problem in _problems(say)]
    if not says:
        problems.append("the TwiML says nothing")
    return Speech(tuple("".join(say.itertext()) for say in says), tuple(problems))


def _problems(say: Element) -> list[str]:
    text, voice = "".join(say.itertext()), say.get("voice", "man")
    encoded = len(quote(text, safe=""))
    found = {
        f"13521: a Say has {encoded} characters URL-encoded": encoded > _ENCODED_MAX,
        f"13521: a Say has {len(text)} characters, too many for {voice}": (
            len(text) > _longest(voice)
        ),
        "kk-KZ is no language that can be spoken": say.get("language") == "kk-KZ",
        "a Say is empty": not text.strip(),
    }
    return [problem for problem, holds in found.items() if holds]


def _longest(voice: str) -> int:
    if voice.startswith("Polly."):
        return _POLLY_MAX
    return _GOOGLE_MAX if voice.startswith("Google.") else _BASIC_MAX
