"""One message's story in plain words, told from the API's answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from domain.event import EventName
from entrypoints.advice import IN_TERMINAL, Json, Ways, advise
from entrypoints.moments import moment

_E = EventName
_HANDED_OVER = frozenset({_E.SUBMITTED, _E.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened.

    Attributes:
        at: when, for people; empty where it goes with the line before.
    """

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """A message from its first moment to now.

    Attributes:
        title: what it is and how it stands.
        lines: what happened, oldest first.
        advice: what can be done.
    """

    title: str
    lines: Sequence[Line]
    advice: str


def tell(message: Json, ways: Ways = IN_TERMINAL) -> Story:
    """Tell a message's story, with advice for whoever reads it there."""
    return Story(_title(message), list(_lines(message)), advise(message, ways))


def _title(message: Json) -> str:
    what = "Call" if message["channel"] == "call" else "SMS"
    count = message["segments"]
    size = f"{count} segment{'' if count == 1 else 's'}, {message['encoding']}"
    return f"{what} to {message['phone']} ({size}): {message['status']}"


def _lines(message: Json) -> Iterator[Line]:
    for event in message["history"]:
        yield Line(moment(event["at"]), sentence(event, message))
        if event["event"] == _E.ACCEPTED:
            yield from (Line("", text) for text in _terms(message))


def _terms(message: Json) -> Iterator[str]:
    yield "Number, text and provider were checked before, and found good."
    if message["reference"] is not None:
        yield f"Its caller names it {message['reference']}."
    if message["sender"] is not None:
        yield f"It is to be shown as coming from {message['sender']}."
    if message["expires_at"] is not None:
        yield f"It is not to be sent after {moment(message['expires_at'])}."


def sentence(event: Json, message: Json) -> str:
    """Say what happened at one line of a message's history."""
    return _SENTENCES[EventName(event["event"])](event, message)


def _accepted(_: Json, message: Json) -> str:
    asked_by = message.get("asked_by")
    by = "" if asked_by is None else f", asked for by {asked_by}"
    return f"Accepted and written to disk{by}, in the lane {message['priority']}."


def _blocked(event: Json, _: Json) -> str:
    return f"Not sent: {_reason(event, 'its recipient does not want it')}"


def _submitted(event: Json, message: Json) -> str:
    if event["duration_ms"] is None:
        return f"{_who(event)} says that it has it{_because(event)}."
    named = f" It calls it {message['provider_id']}." if message["provider_id"] else ""
    return f"Handed to {_who(event)}, which took it{_after(event)}.{named}"


def _delivered(event: Json, message: Json) -> str:
    how = "was answered" if message["channel"] == "call" else "arrived"
    return f"{_who(event)} says that it {how}{_because(event)}."


def _rejected(event: Json, _: Json) -> str:
    return f"Handed to {_who(event)}, which refused it for good{_after(event)}{_because(event)}."


def _failed(event: Json, _: Json) -> str:
    if event["duration_ms"] is None:
        return f"Given up: {_reason(event, 'no provider took it')}"
    return f"Handed to {_who(event)}, which did not take it{_after(event)}{_because(event)}."


def _unknown(event: Json, _: Json) -> str:
    return f"Handed to {_who(event)}, but nobody knows whether it took it{_because(event)}."


def _undeliverable(event: Json, message: Json) -> str:
    how = "was not answered" if message["channel"] == "call" else "could not be delivered"
    return f"{_who(event)} says that it {how}{_because(event)}."


def _expired(event: Json, message: Json) -> str:
    if not any(line["event"] in _HANDED_OVER for line in message["history"]):
        return f"Not sent any more: {_reason(event, 'its time was over')}"
    return f"{_who(event)} says that its time was over before it arrived{_because(event)}."


def _canceled(_: Json, __: Json) -> str:
    return "Taken back before it left."


def _routed(event: Json, _: Json) -> str:
    if event["provider"] is None:
        return _reason(event, "A provider is left out")
    return f"Given to {event['provider']} instead: {_reason(event, 'the other one is not well')}"


def _deferred(event: Json, _: Json) -> str:
    return f"Handed to {_who(event)}, which did not take it now{_after(event)}{_because(event)}."


def _looked_up(event: Json, _: Json) -> str:
    return f"{_who(event)} was asked what became of it: {_reason(event, 'no answer')}"


def _held(event: Json, _: Json) -> str:
    return _reason(event, "Nobody can tell whether it was sent; it is not sent again")


def _resent(event: Json, _: Json) -> str:
    return _reason(event, "Sent once more, as the request wishes")


_SENTENCES: dict[EventName, Callable[[Json, Json], str]] = {
    _E.ACCEPTED: _accepted,
    _E.BLOCKED: _blocked,
    _E.SUBMITTED: _submitted,
    _E.DELIVERED: _delivered,
    _E.REJECTED: _rejected,
    _E.FAILED: _failed,
    _E.UNKNOWN: _unknown,
    _E.UNDELIVERABLE: _undeliverable,
    _E.EXPIRED: _expired,
    _E.CANCELED: _canceled,
    _E.ROUTED: _routed,
    _E.DEFERRED: _deferred,
    _E.LOOKED_UP: _looked_up,
    _E.HELD: _held,
    _E.RESENT: _resent,
}


def _who(event: Json) -> str:
    provider: str | None = event["provider"]
    return provider or "the provider"


def _after(event: Json) -> str:
    """Say how long the provider took."""
    return "" if event["duration_ms"] is None else f" after {event['duration_ms']} ms"


def _because(event: Json) -> str:
    """Add the provider's own words, and its code."""
    code = f"code {event['provider_code']}" if event["provider_code"] else ""
    said = ", ".join(part for part in (event["text"].rstrip("."), code) if part)
    return f": {said}" if said else ""


def _reason(event: Json, default: str) -> str:
    return (event["text"] or default).rstrip(".") + "."
