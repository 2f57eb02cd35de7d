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

    429, and 503 with ``Retry-After``, are given before anything is taken; all else leaves it open.
    """
    wait_s = retry_after_s(answer)
    asked_to_wait = answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and wait_s is not None
    if asked_to_wait or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        kind = UnavailableKind.THROTTLED
        return Unavailable(kind=kind, retry_after_s=wait_s, provider_code=provider_code, text=text)
    return Unconfirmed(text, provider_code=provider_code)


def printable(text: str | None) -> str:
    """Return a provider's sentence as a history may hold it.

    At most 200 characters, all of them printable, and no number whole.
    """
    kept = (text or "")[:SENTENCE_LENGTH]
    shown = "".join(character if character.isprintable() else " " for character in kept)
    return mask_numbers(shown).strip()
