"""What became of a message or a request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from application.ports.repositories import MessageFilter, MessageRepository, StoredMessage
from application.ports.system import NumberingPlan
from application.routing import ALIASES, SMS_PROVIDERS
from domain.errors import (
    FieldProblem,
    MessageNotFoundError,
    RequestNotFoundError,
    UnknownProviderError,
)
from domain.message import check_reference
from domain.request import Request

MAX_PAGE = 1_000
PROVIDERS = (*SMS_PROVIDERS, "dummy")


@dataclass(frozen=True, slots=True)
class RequestStory:
    """A request with a page of its messages.

    Attributes:
        next_after: where the next page starts; ``None`` on the last one.
    """

    request: Request
    messages: Sequence[StoredMessage]
    next_after: UUID | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some of the messages that were asked for.

    Attributes:
        next_before: where the next page starts; ``None`` on the last one.
    """

    messages: Sequence[StoredMessage]
    next_before: UUID | None


class Stories:
    """``GET /messages``, ``GET /messages/{id}`` and ``GET /requests/{id}``.

    An ``owner`` sees its own; ``None`` sees everybody's.
    """

    def __init__(self, repository: MessageRepository, numbering: NumberingPlan) -> None:
        self._repository = repository
        self._numbering = numbering

    async def message(self, message_id: UUID, *, owner: str | None = None) -> StoredMessage:
        """Return a message with its history.

        Raises:
            MessageNotFoundError: there is none, or it is not the owner's.
        """
        stored = await self._repository.message(message_id)
        if stored is None or owner not in {None, stored.account}:
            raise MessageNotFoundError("There is no such message.")
        return stored

    async def request(
        self,
        request_id: UUID,
        *,
        after: UUID | None = None,
        limit: int = MAX_PAGE,
        owner: str | None = None,
    ) -> RequestStory:
        """Return a request with up to ``limit`` of its messages, in the order they were named.

        Raises:
            RequestNotFoundError: there is none, or it is not the owner's.
        """
        request = await self._repository.request(request_id)
        if request is None or owner not in {None, request.account}:
            raise RequestNotFoundError("There is no such request.")
        found = await self._repository.of_request(request, after=after, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return RequestStory(request, page, page[-1].message.id if more else None)

    async def messages(
        self,
        wanted: MessageFilter,
        *,
        phone: str | None = None,
        before: UUID | None = None,
        limit: int = MAX_PAGE,
    ) -> MessagePage:
        """Return up to ``limit`` messages, the latest first.

        Args:
            wanted: which ones.
            phone: of their recipient, as people write it.
            before: ``next_before`` of the page before.
            limit: of this page.

        Raises:
            InvalidPhoneError, UnknownProviderError, InvalidReferenceError: no message can have it.
        """
        if phone is not None:
            wanted = replace(wanted, phone=self._numbering.read(phone))
        if wanted.provider is not None:
            wanted = replace(wanted, provider=known_provider(wanted.provider))
        if wanted.reference is not None:
            check_reference(wanted.reference)
        found = await self._repository.find(wanted, before=before, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return MessagePage(page, page[-1].message.id if more else None)


def known_provider(provider: str) -> str:
    """Return the code of a provider.

    Raises:
        UnknownProviderError: it names those there are.
    """
    code = ALIASES.get(provider, provider)
    if code not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        problem = FieldProblem("provider", f"It is one of {known}.")
        raise UnknownProviderError(f"There is no such provider. There are {known}.", [problem])
    return code
