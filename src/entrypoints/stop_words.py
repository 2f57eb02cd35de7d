"""The words that opt out and in, in this deployment."""

from collections.abc import Iterator

from domain.inbound import Keyword
from domain.opt_out import Keywords
from entrypoints.settings import Settings


def keywords(settings: Settings) -> Keywords:
    """Return what reads them."""
    return Keywords(settings.stop_words, settings.start_words)


def word_problems(settings: Settings) -> Iterator[str]:
    """Name the words that cannot work."""
    known = keywords(settings)
    for word in settings.stop_words:
        if known.read(word) is not Keyword.STOP:
            yield f"STOP_WORDS: {word} says nothing by itself"
    for word in settings.start_words:
        if known.read(word) is not Keyword.START:
            yield f"START_WORDS: {word} says nothing by itself, or opts out"
