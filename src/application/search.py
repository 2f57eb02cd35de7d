"""Finding messages by whatever somebody has in hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from application.ports.repositories import MessageFilter
from application.stories import MessagePage, Stories
from domain.errors import (
    InvalidPhoneError,
    InvalidReferenceError,
    MessageNotFoundError,
    RequestNotFoundError,
)

_LONGEST = 100
_NONE = MessagePage((), None)


class Search:
    """A phone, a caller's reference, a provider's id, the id of a message or of a request.

    Attributes:
        providers: the codes of those there are.
    """

    def __init__(self, stories: Stories, providers: Sequence[str]) -> None:
        self._stories = stories
        self.providers = tuple(providers)

    async def __call__(
        self, text: str, wanted: MessageFilter, *, before: UUID | None, limit: int
    ) -> MessagePage:
        """Return up to ``limit`` messages, the latest first; what finds any is what was meant.

        Args:
            text: as it was typed; empty is every message.
            wanted: what else they must be.
            before: ``next_before`` of the page before.
            limit: of this page.

        Raises:
            UnknownProviderError: there is none of that code.
        """
        text = text.strip()
        if not text:
            return await self._stories.messages(wanted, before=before, limit=limit)
        if len(text) > _LONGEST or not text.isprintable():  # no name has more, and none has NUL
            return _NONE
        async for page in self._readings(text, wanted, before, limit):
            if page.messages:
                return page
        return _NONE

    async def _readings(
        self, text: str, wanted: MessageFilter, before: UUID | None, limit: int
    ) -> AsyncIterator[MessagePage]:
        """Read the text in every way it can be meant, one after another."""
        with suppress(ValueError):
            yield await self._by_id(UUID(text), before, limit)
        with suppress(InvalidPhoneError):
            yield await self._stories.messages(wanted, phone=text, before=before, limit=limit)
        with suppress(InvalidReferenceError):
            named = replace(wanted, reference=text)
            yield await self._stories.messages(named, before=before, limit=limit)
        for code in self.providers if wanted.provider is None else (wanted.provider,):
            known = replace(wanted, provider=code, provider_id=text)
            yield await self._stories.messages(known, before=before, limit=limit)

    async def _by_id(self, named: UUID, before: UUID | None, limit: int) -> MessagePage:
        with suppress(MessageNotFoundError):
            return MessagePage((await self._stories.message(named),), None)
        with suppress(RequestNotFoundError):
            story = await self._stories.request(named, after=before, limit=limit)
            return MessagePage(story.messages, story.next_after)
        return _NONE
