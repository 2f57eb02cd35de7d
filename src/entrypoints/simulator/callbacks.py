"""What providers post to the gateway, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

import msgspec

from entrypoints.simulator.phones import plain
from entrypoints.simulator.wire import ProviderCode

FORM = "application/x-www-form-urlencoded"


class CallbackKind(StrEnum):
    """What a callback tells."""

    RECEIPT = "receipt"
    INBOUND = "inbound"


class Failure(StrEnum):
    """Why a callback has to be posted again, in the words of Twilio's ``rp``."""

    CONNECT = "ct"
    READ = "rt"
    CLIENT = "4xx"
    SERVER = "5xx"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt, ready to be written."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How long a provider insists.

    Attributes:
        posts_max: the first one included.
        after: the failures it does not put up with.
        timeout_s: how long it waits for an answer.
    """

    posts_max: int
    after: frozenset[Failure] = frozenset(Failure)
    timeout_s: float = 15.0

    def again(self, posts: int, failure: Failure | None) -> bool:
        """Tell whether there is to be one more post after so many."""
        return failure in self.after and posts < self.posts_max


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One thing a provider has to tell.

    Attributes:
        url: as the provider knows it.
        word: the provider's own status; of an inbound message an empty text.
        write: makes the post of each attempt, counted from 1.
    """

    provider: ProviderCode
    kind: CallbackKind
    url: str
    word: str
    phone: str
    retries: Retries
    write: Callable[[int], Post] = field(repr=False)
    reference: str | None = None
    provider_id: str | None = None


class PostedCallback(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to tell the gateway something.

    Attributes:
        attempt: counted from 1; those of one callback differ in nothing else.
        http_status: what the gateway answered; ``None``: nothing.
        error: why there was no answer.
    """

    at: datetime
    provider: ProviderCode
    kind: CallbackKind
    url: str
    word: str
    phone: str
    reference: str | None
    provider_id: str | None
    attempt: int
    http_status: int | None = None
    error: str | None = None


class CallbackLog:
    """Every attempt, in the order they ended."""

    def __init__(self) -> None:
        self._posted: list[PostedCallback] = []

    def add(self, posted: PostedCallback) -> None:
        """Keep one attempt."""
        self._posted.append(posted)

    def find(self, *, phone: str | None = None, **asked: str | None) -> list[PostedCallback]:
        """Return what has all of the values given, ``None`` being no value."""
        wanted = {name: value for name, value in asked.items() if value is not None}
        if phone is not None:
            wanted["phone"] = plain(phone)
        return [
            posted
            for posted in self._posted
            if all(getattr(posted, name) == value for name, value in wanted.items())
        ]

    def clear(self) -> None:
        """Forget every attempt."""
        self._posted.clear()


def failure_of(http_status: int) -> Failure | None:
    """Return why an answer is none, or ``None`` where it is good."""
    if http_status in range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES):
        return None
    if http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure.SERVER
    return Failure.CLIENT if http_status >= HTTPStatus.BAD_REQUEST else Failure.OTHER
