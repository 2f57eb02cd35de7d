"""Which texts ask for no more messages, for messages again, or for help.

A text asks for it when it says nothing else. Read without case, punctuation, emoji and words of
courtesy, it has to be one of these:

- a known phrase, such as ``unsubscribe``, ``remove me`` or ``тоқтату``, perhaps repeated;
- a word that means nothing but stop, and then words for what is to stop: ``stop sending me sms``.

So "don't stop", "стоп машина" and "cancel my order" ask for nothing.
"""
# ruff: noqa: RUF001 - what looks alike is the point

import unicodedata
from collections.abc import Iterable
from itertools import groupby

from domain.inbound import Keyword
from domain.opt_out_words import COURTESY, HELP, OBJECTS, START, STOP, STOP_VERBS

_APOSTROPHES = str.maketrans("", "", "'`´‘’‛ʹʻʼʽ′＇")
_LOOK_ALIKES = str.maketrans("авекмнорстухѕіјһԁԛԝ", "abekmhopctyxsijhdqw")
"""Cyrillic letters that are drawn like Latin ones, in capitals or small."""
_Words = tuple[str, ...]


class Keywords:
    """The words of a deployment."""

    def __init__(self, stop: Iterable[str] = (), start: Iterable[str] = ()) -> None:
        """Know the usual words, and these besides.

        Args:
            stop: more phrases that opt out; one that starts or helps elsewhere opts out here.
            start: more phrases that opt in.
        """
        kinds = (
            (Keyword.HELP, HELP),
            (Keyword.START, (*START, *start)),
            (Keyword.STOP, (*STOP, *STOP_VERBS, *stop)),
        )
        self._phrases = {_asked(phrase): kind for kind, known in kinds for phrase in known}
        self._phrases.pop((), None)

    def read(self, text: str) -> Keyword | None:
        """Tell what a text asks for; ``None`` where it is none of the known words."""
        asked = _asked(text)
        if _is_stop(asked):
            return Keyword.STOP
        once = tuple(word for word, _ in groupby(asked))
        return self._phrases.get(asked) or self._phrases.get(once)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in the form in which they are compared.

    Letters that look alike are the same, as people mix them within a word; single letters and
    nothing else, ``S-T-O-P``, are one word. Accents are left out, and so is whatever is neither
    letter nor digit.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    spaced = "".join(map(_kept, plain)).translate(_LOOK_ALIKES)
    found = tuple(spaced.split())
    return ("".join(found),) if all(len(word) == 1 for word in found) and found else found


def _kept(character: str) -> str:
    match unicodedata.category(character)[0], character:
        case ("L" | "N", _):
            return character
        case ("M", _) | (_, "\u200b" | "\u200c" | "\u200d" | "\u2060" | "\ufeff" | "\u00ad"):
            return ""  # drawn on a letter, or not at all: the word goes on
        case _:
            return " "


def _asked(text: str) -> _Words:
    """Return the words that say something."""
    return tuple(word for word in words(text) if word not in _COURTESY)


def _is_stop(asked: _Words) -> bool:
    return bool(asked) and asked[0] in _STOP_VERBS and _OBJECTS.issuperset(asked[1:])


def _compared(known: Iterable[str]) -> frozenset[str]:
    return frozenset(word for phrase in known for word in words(phrase))


_COURTESY = _compared(COURTESY)
_STOP_VERBS = _compared(STOP_VERBS)
_OBJECTS = _compared(OBJECTS) | _STOP_VERBS
