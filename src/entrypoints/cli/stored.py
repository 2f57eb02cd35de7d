"""A message's story, read from the database itself: for who runs the gateway and has no key."""

from typing import Any

import msgspec

from application.errors import StorageUnavailableError
from domain.errors import DomainError
from entrypoints.cli.client import NO, UNAVAILABLE, Json, Refused
from entrypoints.cli.database import run_on_database
from entrypoints.container import Container
from entrypoints.http.messages import MessageAnswer, message_answer, message_uuid


def stored_message(message_id: str) -> Json:
    """Return what ``GET /messages/{id}`` answers to an admin."""

    async def found(container: Container) -> MessageAnswer:
        stored = await container.stories().message(message_uuid(message_id))
        return message_answer(stored, await container.askers().name(stored.account))

    try:
        answer: dict[str, Any] = msgspec.to_builtins(run_on_database(found))
    except DomainError as error:
        raise Refused(error.message, NO) from None
    except StorageUnavailableError as error:
        raise Refused(f"The database is not available: {error}.", UNAVAILABLE) from None
    return answer
