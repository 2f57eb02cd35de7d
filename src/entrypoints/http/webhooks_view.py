"""What is posted to webhooks: Standard Webhooks' envelope around what ``GET`` would answer."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from application.ports.repositories import StoredMessage
from application.webhook_trial import TRIAL
from domain.inbound import InboundMessage
from domain.webhook import RECEIVED, Transition
from entrypoints.http.inbound_view import InboundView, inbound_view
from entrypoints.http.message_view import MessageView, message_view


class MessageEvent(msgspec.Struct, frozen=True):
    """A message has come into another state; ``data`` is what it was then."""

    type: str
    timestamp: datetime
    data: MessageView


class InboundEvent(msgspec.Struct, frozen=True):
    """A subscriber has written."""

    type: str
    timestamp: datetime
    data: InboundView


class TrialEvent(msgspec.Struct, frozen=True):
    """An operator tries whether an address listens."""

    type: str
    timestamp: datetime
    data: dict[str, str]


def trial_body(event_id: UUID, at: datetime) -> bytes:
    """Write the body of a trial."""
    return msgspec.json.encode(TrialEvent(TRIAL, at, {"id": str(event_id)}))


def message_body(stored: StoredMessage, transition: Transition) -> bytes:
    """Write the body of a change, the message's text apart."""
    at = stored.history[transition.index].at
    view = message_view(_as_of(stored, transition))
    return msgspec.json.encode(MessageEvent(transition.type, at, view))


def received_body(inbound: InboundMessage) -> bytes:
    """Write the body of a subscriber's message."""
    return msgspec.json.encode(InboundEvent(RECEIVED, inbound.received_at, inbound_view(inbound)))


def _as_of(stored: StoredMessage, transition: Transition) -> StoredMessage:
    """Return a message as it was when a change had just happened, as far as is known."""
    message, event = stored.message, stored.history[transition.index]
    then = replace(
        message,
        status=transition.status,
        updated_at=event.at,
        provider=event.provider or message.provider,
        failure=message.failure if message.status is transition.status else None,
    )
    return replace(stored, message=then, history=stored.history[: transition.index + 1])
