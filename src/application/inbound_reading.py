"""What subscribers wrote, for who wants to read it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from application.ports.inbound import InboundFilter, InboundLog
from application.stories import known_provider
from domain.errors import InvalidPhoneError
from domain.inbound import InboundMessage
from domain.phone import Phone

MAX_PAGE = 1_000
_LONGEST_NAME = 32


@dataclass(frozen=True, slots=True)
class InboundPage:
    """Some of the messages that were asked for.

    Attributes:
        next_before: where the next page starts; ``None`` on the last one.
    """

    inbound: Sequence[InboundMessage]
    next_before: UUID | None


class ReadInbound:
    """``GET /inbound``."""

    def __init__(self, log: InboundLog) -> None:
        self._log = log

    async def __call__(
        self, wanted: InboundFilter, *, before: UUID | None = None, limit: int = MAX_PAGE
    ) -> InboundPage:
        """Return up to ``limit`` messages, the latest first.

        Args:
            wanted: which ones; the phone as people write it.
            before: ``next_before`` of the page before.
            limit: of this page.

        Raises:
            InvalidPhoneError, UnknownProviderError: no message can have it.
        """
        if wanted.phone is not None:
            wanted = replace(wanted, phone=_sender(wanted.phone))
        if wanted.provider is not None:
            wanted = replace(wanted, provider=known_provider(wanted.provider))
        found = await self._log.find(wanted, before=before, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return InboundPage(page, page[-1].id if more else None)


def _sender(text: str) -> str:
    """Read a number as people write it, or the name of a sender that is none."""
    try:
        return Phone.parse(text).msisdn
    except InvalidPhoneError:
        if len(text) > _LONGEST_NAME or not text.isprintable():
            raise
        return text
