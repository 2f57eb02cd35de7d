"""What the stand-ins were made to send: kept in memory, and in a file for tests that kill."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from entrypoints.simulator.phones import plain
from entrypoints.simulator.wire import ProviderCode


class SentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message a provider took, for one recipient.

    Attributes:
        channel: ``sms``, ``call`` or what the provider would have made of it: ``code_call``,
            ``ivr``, ``group``, ``hlr``, ``viber``, …
        recipient: the digits the provider would have used; ``wire_recipient`` is what came.
        text: exactly what the handset shows or the voice says.
        reference: our own id, where the wire carries one.
        provider_id: the id the provider gave, or ours where it uses that.
        arrival: which of this provider's requests it came in; one request may bring several.
        problems: what the real provider takes too, and yet would go wrong.
        spoken, twiml: of a Twilio call, each ``<Say>`` and the document.
        parameters: every other field of the request, credentials left out.
    """

    provider: ProviderCode
    channel: str
    recipient: str
    wire_recipient: str
    text: str
    sent_at: datetime
    arrival: int
    sender: str | None = None
    reference: str | None = None
    provider_id: str | None = None
    problems: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    twiml: str | None = None
    parameters: dict[str, str] = {}


class SentLog:
    """Every message taken, oldest first; with a path, one JSON line each in a file as well."""

    def __init__(self, path: Path | None = None) -> None:
        # Unbuffered: a line is in the file before the answer to the request leaves.
        self._file = None if path is None else path.open("ab", buffering=0)
        self._messages: list[SentMessage] = []
        self._index: defaultdict[tuple[str, str, str], list[SentMessage]] = defaultdict(list)

    def add(self, message: SentMessage) -> None:
        """Keep one message."""
        self._messages.append(message)
        for key in _keys(message):
            self._index[key].append(message)
        if self._file is not None:
            self._file.write(msgspec.json.encode(message) + b"\n")

    def find(
        self,
        *,
        provider: str | None = None,
        reference: str | None = None,
        phone: str | None = None,
        provider_id: str | None = None,
    ) -> list[SentMessage]:
        """Return what matches everything given, oldest first."""
        wanted = {"reference": reference, "provider_id": provider_id, "recipient": phone}
        if phone is not None:
            wanted["recipient"] = plain(phone)
        asked = {name: value for name, value in wanted.items() if value is not None}
        return [
            message
            for message in self._narrowed(provider, asked)
            if (provider is None or message.provider == provider)
            and all(getattr(message, name) == value for name, value in asked.items())
        ]

    def since(self, number: int) -> list[SentMessage]:
        """Return what was taken after so many."""
        return self._messages[number:]

    def clear(self) -> None:
        """Forget every message; the file is left as it is."""
        self._messages.clear()
        self._index.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        """Return how many messages were taken."""
        return len(self._messages)

    def __iter__(self) -> Iterator[SentMessage]:
        """Walk over the messages, oldest first."""
        return iter(tuple(self._messages))

    def _narrowed(self, provider: str | None, asked: dict[str, str]) -> Sequence[SentMessage]:
        if provider is None or not asked:
            return self._messages
        name, value = next(iter(asked.items()))
        return self._index.get((provider, name, value), [])


def _keys(message: SentMessage) -> Iterator[tuple[str, str, str]]:
    yield message.provider, "recipient", message.recipient
    if message.reference is not None:
        yield message.provider, "reference", message.reference
    if message.provider_id is not None:
        yield message.provider, "provider_id", message.provider_id
