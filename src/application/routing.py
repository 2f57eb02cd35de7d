"""Which provider carries a message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.places import Places
from application.ports.providers import (
    BalanceSource,
    ProviderLookup,
    ReceiptSource,
    SmsProvider,
    VoiceProvider,
)
from domain.errors import (
    DomainError,
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
        timeout_s: how long one submission may take.
        places: how many are under way at once, at most.
        spacing_s: seconds a segment takes up at the provider's rate; 0 is without a limit.
        sms, voice, lookup, balance, receipts: what its API can do, and this deployment has of it.
    """

    code: str
    timeout_s: float
    places: Places
    spacing_s: float = 0.0
    sms: SmsProvider | None = None
    voice: VoiceProvider | None = None
    lookup: ProviderLookup | None = None
    balance: BalanceSource | None = None
    receipts: ReceiptSource | None = None

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
    """The providers of this deployment, the default among them, and who stands in for it."""

    def __init__(
        self, carriers: Mapping[str, Carrier], default: str, fallback: Sequence[str] = ()
    ) -> None:
        self._carriers = carriers
        self._default = default
        self._fallback = fallback

    def route(
        self, code: str | None, fallback: Sequence[str] | None, channel: Channel, text: str
    ) -> tuple[Carrier, ...]:
        """Return the carriers of a request, in the order they are tried.

        Providers a caller names have to be able to carry the text; of the deployment's own
        fallback those that are not are left out.

        Args:
            code: of the first one, or ``None`` for the default one.
            fallback: the others, or ``None`` for the default ones.
            channel: what they have to serve.
            text: what they have to carry.

        Raises:
            DomainError: one of them cannot; see ``choose`` and ``Carrier.check``.
        """
        named = [self.choose(wanted, channel) for wanted in (code, *(fallback or ()))]
        for carrier in named:
            carrier.check(text, channel)
        spare = () if fallback is not None else self._spare(channel, text)
        return tuple({carrier.code: carrier for carrier in (*named, *spare)}.values())

    def _spare(self, channel: Channel, text: str) -> list[Carrier]:
        able: list[Carrier] = []
        for code in self._fallback:
            try:
                carrier = self.choose(code, channel)
                carrier.check(text, channel)
            except DomainError:
                continue
            able.append(carrier)
        return able

    @property
    def carriers(self) -> Mapping[str, Carrier]:
        """Return the carriers of this deployment, by code."""
        return self._carriers

    @property
    def default(self) -> str:
        """Return the code of the one that is taken where a request names none."""
        return self._default

    def carrier(self, code: str) -> Carrier | None:
        """Return the carrier under a code, or ``None`` where it is not configured (any more)."""
        return self._carriers.get(code)

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
