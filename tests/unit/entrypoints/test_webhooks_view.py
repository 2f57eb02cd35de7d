"""What is posted: the message as it was when the event happened."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.ports.repositories import StoredMessage
from domain.event import Event, EventName
from domain.inbound import InboundMessage, Keyword
from domain.message import Channel, Failure, Message, MessageStatus
from domain.phone import Phone
from domain.segments import Encoding
from domain.webhook import transitions
from entrypoints.http.message_view import MessageView
from entrypoints.http.webhooks_view import message_body, received_body
from tests.fakes import NOW

TEXT = "Your code is 1234"
FAILURE = Failure("unconfirmed", "no answer within 30 s")


def told(message: Message, *names: EventName) -> list[dict[str, Any]]:
    history = tuple(
        Event(at=NOW + timedelta(seconds=n), name=name, provider="twilio" if n == 1 else None)
        for n, name in enumerate((EventName.ACCEPTED, *names))
    )
    stored = StoredMessage(message, Encoding.GSM7, 1, history)
    return [json.loads(message_body(stored, t)) for t in transitions(message.id, history)]


def a_message(status: MessageStatus, failure: Failure | None = None) -> Message:
    return Message(
        id=UUID(int=1),
        request_id=UUID(int=2),
        channel=Channel.SMS,
        recipient=Phone("+77011234567"),
        text=TEXT,
        provider="smscru",
        status=status,
        created_at=NOW,
        updated_at=NOW + timedelta(hours=1),
        failure=failure,
    )


def test_the_event_has_its_type_its_time_and_the_message_without_the_text() -> None:
    (event,) = told(a_message(MessageStatus.SUBMITTED), EventName.SUBMITTED)
    assert list(event) == ["type", "timestamp", "data"]
    assert event["type"] == "message.submitted"
    assert event["timestamp"] == event["data"]["updated_at"] == "2026-11-23T06:34:44Z"
    assert list(event["data"]) == list(MessageView.__struct_fields__)
    assert event["data"]["phone"] == "77011234567"
    assert TEXT not in json.dumps(event)


def test_what_happened_later_is_not_in_it() -> None:
    found = told(
        a_message(MessageStatus.DELIVERED),
        EventName.UNKNOWN,
        EventName.LOOKED_UP,
        EventName.DELIVERED,
    )
    assert [event["data"]["status"] for event in found] == ["unknown", "delivered"]
    assert [len(event["data"]["history"]) for event in found] == [2, 4]
    assert [event["data"]["provider"] for event in found] == ["twilio", "smscru"]


def test_a_reason_belongs_to_the_state_it_explains() -> None:
    message = a_message(MessageStatus.UNKNOWN, FAILURE)
    first, second = told(message, EventName.SUBMITTED, EventName.UNKNOWN)
    assert first["data"]["error"] is None
    assert second["data"]["error"]["code"] == "unconfirmed"
    later = replace(message, status=MessageStatus.DELIVERED, failure=None)
    (unknown,) = told(later, EventName.UNKNOWN)
    assert unknown["data"]["error"] is None


def test_a_subscribers_message_is_told_as_it_is_shown() -> None:
    inbound = InboundMessage(
        id=UUID(int=1),
        provider="smscru",
        phone="77011234567",
        to="77770000000",
        text="Стоп",
        received_at=NOW,
        keyword=Keyword.STOP,
    )
    event = json.loads(received_body(inbound))
    assert (event["type"], event["timestamp"]) == ("message.received", "2026-11-23T06:34:43Z")
    assert event["data"] == {
        "id": str(inbound.id),
        "provider": "smscru",
        "provider_id": None,
        "phone": "77011234567",
        "to": "77770000000",
        "text": "Стоп",
        "keyword": "stop",
        "received_at": "2026-11-23T06:34:43Z",
    }
