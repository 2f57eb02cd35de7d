"""What became of a message or a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.ports.repositories import MessageRepository, StoredMessage
from domain.errors import MessageNotFoundError, RequestNotFoundError
from domain.request import Request

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class RequestStory:
    """A request with a page of its messages.

    Attributes:
        next_after: where the next page starts; ``None`` on the last one.
    """

    request: Request
    messages: Sequence[StoredMessage]
    next_after: UUID | None


class Stories:
    """``GET /messages/{id}`` and ``GET /requests/{id}``."""

    def __init__(self, repository: MessageRepository) -> None:
        self._repository = repository

    async def message(self, message_id: UUID) -> StoredMessage:
        """Return a message with its history.

        Raises:
            MessageNotFoundError: there is none.
        """
        stored = await self._repository.message(message_id)
        if stored is None:
            raise MessageNotFoundError("There is no such message.")
        return stored

    async def request(
        self, request_id: UUID, *, after: UUID | None = None, limit: int = MAX_PAGE
    ) -> RequestStory:
        """Return a request with up to ``limit`` of its messages, in the order they were named.

        Raises:
            RequestNotFoundError: there is none.
        """
        request = await self._repository.request(request_id)
        if request is None:
            raise RequestNotFoundError("There is no such request.")
        found = await self._repository.of_request(request, after=after, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return RequestStory(request, page, page[-1].message.id if more else None)
