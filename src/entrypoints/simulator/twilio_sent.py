"""What Twilio keeps of a message or call that it has taken."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec

from entrypoints.simulator.phones import plain
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.twiml import read_twiml
from entrypoints.simulator.wire import Arrival, ProviderCode

_REFERENCE = "ref"
_NOT_KEPT = {"Body", "Twiml"}


def message_taken(fields: Mapping[str, str], arrival: Arrival) -> SentMessage:
    """Return a message under a new sid."""
    channel, colon, _ = fields["To"].partition(":")
    return SentMessage(
        provider=ProviderCode.TWILIO,
        channel=channel if colon else "sms",
        recipient=plain(fields["To"].rpartition(":")[2]),
        wire_recipient=fields["To"],
        text=fields.get("Body", ""),
        sender=fields.get("From") or fields.get("MessagingServiceSid"),
        reference=_reference(fields),
        provider_id=f"SM{secrets.token_hex(16)}",
        sent_at=datetime.now(UTC),
        arrival=arrival.number,
        parameters={name: value for name, value in fields.items() if name not in _NOT_KEPT},
    )


def call_taken(fields: Mapping[str, str], arrival: Arrival) -> SentMessage:
    """Return a call under a new sid, with what the callee will hear."""
    twiml, fetched = fields.get("Twiml"), bool(fields.get("Url"))
    speech = read_twiml(twiml) if twiml else None
    events = arrival.body.every("StatusCallbackEvent")
    ignored = ("32019: Twiml is ignored beside Url",) if twiml and fetched else ()
    taken = message_taken(fields, arrival)
    return msgspec.structs.replace(
        taken,
        # The field is repeated, once for each event.
        parameters=taken.parameters | ({"StatusCallbackEvent": " ".join(events)} if events else {}),
        channel="call",
        provider_id=f"CA{secrets.token_hex(16)}",
        text="".join(speech.spoken) if speech else "",
        spoken=speech.spoken if speech else (),
        twiml=twiml,
        problems=(speech.problems if speech else ()) + ignored,
    )


def _reference(fields: Mapping[str, str]) -> str | None:
    query = parse_qs(urlsplit(fields.get("StatusCallback", "")).query)
    return query.get(_REFERENCE, [None])[-1]
