"""What the providers' adapters share in reading an answer."""

from http import HTTPStatus

from adapters.exchange import Answer
from adapters.retry_after import retry_after_s
from domain.outcome import Unavailable, UnavailableKind, Unconfirmed
from domain.phone import mask_numbers

SENTENCE_LENGTH = 200


def without_verdict(
    answer: Answer, text: str, provider_code: str | None = None
) -> Unavailable | Unconfirmed:
    """Read an answer that says neither yes nor no, perhaps from somebody in between.

    429 is given before anything is taken. All else leaves it open, 503 with ``Retry-After`` too:
    no provider promises that it has not acted, and a proxy in front of it cannot know.
    """
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable(
            kind=UnavailableKind.THROTTLED,
            retry_after_s=retry_after_s(answer),
            provider_code=provider_code,
            text=text,
        )
    return Unconfirmed(text, provider_code=provider_code)


def printable(text: str | None) -> str:
    """Return a provider's sentence as a history may hold it.

    At most 200 characters, all of them printable, and no number whole.
    """
    kept = (text or "")[:SENTENCE_LENGTH]
    shown = "".join(character if character.isprintable() else " " for character in kept)
    return mask_numbers(shown).strip()
