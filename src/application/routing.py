"""Which provider carries a message."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from application.ports.providers import (
    BalanceSource,
    ProviderLookup,
    SmsProvider,
    VoiceProvider,
)
from domain.errors import (
    ProviderCannotCallError,
    ProviderNotConfiguredError,
    UnknownProviderError,
)
from domain.message import Channel, Message
from domain.outcome import SubmitOutcome

ALIASES = {"epochtaru": "epochtasmsru"}
SMS_PROVIDERS = ("smscru", "twilio", "epochtasmsru", "mobizonkz")
"""The codes callers may name, whether or not this deployment has credentials for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A provider as it is wired in this deployment.

    Attributes:
        concurrency: submissions under way at once, at most; ``slots`` has as many places.
        timeout_s: how long one submission may take.
        sms, voice, lookup, balance: what its API can do, and this deployment has of it.
    """

    code: str
    concurrency: int
    timeout_s: float
    slots: asyncio.Semaphore
    sms: SmsProvider | None = None
    voice: VoiceProvider | None = None
    lookup: ProviderLookup | None = None
    balance: BalanceSource | None = None

    def carries(self, channel: Channel) -> bool:
        """Tell whether it can serve this channel."""
        return (self.sms if channel is Channel.SMS else self.voice) is not None

    def check(self, text: str, channel: Channel) -> None:
        """Refuse a text this provider does not take on this channel.

        Raises:
            MessageTooLongError, InvalidTextError: it says what would do.
        """
        if channel is Channel.SMS and self.sms is not None:
            self.sms.check_text(text)
        elif self.voice is not None:
            self.voice.check_speech(text)

    async def submit(self, message: Message) -> SubmitOutcome:
        """Hand a message over on its channel, once."""
        if message.channel is Channel.SMS and self.sms is not None:
            return await self.sms.submit(message)
        if message.channel is Channel.CALL and self.voice is not None:
            return await self.voice.place(message)
        raise ValueError(f"{self.code} does not serve {message.channel}")


class Routing:
    """The providers of this deployment and the default among them."""

    def __init__(self, carriers: Mapping[str, Carrier], default: str) -> None:
        self._carriers = carriers
        self._default = default

    def choose(self, code: str | None, channel: Channel) -> Carrier:
        """Return the carrier a request asks for, or the default one.

        Raises:
            UnknownProviderError: no provider has this code.
            ProviderNotConfiguredError: it has no credentials here.
            ProviderCannotCallError: it has no voice.
        """
        wanted = ALIASES.get(code, code) if code is not None else self._default
        carrier = self._carriers.get(wanted)
        if carrier is None:
            raise self._missing(wanted, channel)
        if not carrier.carries(channel):
            raise ProviderCannotCallError(f"Provider {wanted} cannot call. {self._able(channel)}")
        return carrier

    def _missing(self, wanted: str, channel: Channel) -> Exception:
        if wanted in SMS_PROVIDERS:
            return ProviderNotConfiguredError(
                f"Provider {wanted} is not configured here. {self._able(channel)}"
            )
        return UnknownProviderError(f"There is no such provider. {self._able(channel)}")

    def _able(self, channel: Channel) -> str:
        codes = sorted(c.code for c in self._carriers.values() if c.carries(channel))
        what = "send SMS" if channel is Channel.SMS else "call"
        return f"These can {what} here: {', '.join(codes)}." if codes else f"None can {what} here."
