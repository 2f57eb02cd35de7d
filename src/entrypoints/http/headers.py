"""Request headers, as ASGI hands them over: lower-case names, values as they came."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

RawHeaders = Iterable[tuple[bytes, bytes]]
REPRESENTATION = "return=representation"
RESPOND_ASYNC = "respond-async"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LISTED = re.compile(rf'(?:{_QUOTED}|[^,"]|")+')
_PREFERENCE = re.compile(
    rf'[ \t]*(?P<name>[^\s=;,"]+)[ \t]*(?:=[ \t]*(?P<value>{_QUOTED}|[^\s;"]*)[ \t]*)?(?:;.*)?\Z'
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a caller would like, as far as Habar can do it.

    Attributes:
        representation: what became of each message.
        background: an answer as soon as the messages are durable.
    """

    representation: bool = False
    background: bool = False

    @property
    def applied(self) -> str:
        """The value of ``Preference-Applied``; empty where there is nothing to tell."""
        wishes = ((self.background, RESPOND_ASYNC), (self.representation, REPRESENTATION))
        return ", ".join(word for wished, word in wishes if wished)


_NONE = Preferences()


def header(headers: RawHeaders, name: bytes) -> str:
    """Return a header's value; the values of several lines are one list, as HTTP has it."""
    return value_of(headers, name) or ""


def value_of(headers: RawHeaders, name: bytes) -> str | None:
    """Return a header's value as ``header`` does, or ``None`` where there is no such line."""
    values = [value for key, value in headers if key == name]
    return b",".join(values).decode("latin-1").strip(" \t") if values else None


def preferences(headers: RawHeaders) -> Preferences:
    """Read ``Prefer``.

    Source: RFC 7240, 2 (names know no case; of a preference named twice the first counts; an
    empty value is none).
    """
    text = header(headers, b"prefer")
    if not text:
        return _NONE
    wishes: dict[str, str] = {}
    for listed in _LISTED.findall(text):
        if found := _PREFERENCE.match(listed):
            value = (found["value"] or "").strip('"')
            wishes.setdefault(found["name"].lower(), value.lower())
    return Preferences(
        representation=wishes.get("return") == "representation",
        background=wishes.get(RESPOND_ASYNC) == "",
    )
