"""The accounts that the stand-ins know, and what is strict about them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from entrypoints.simulator.gateway import Gateway
from entrypoints.simulator.reporting import Reporting


@dataclass(frozen=True, slots=True, kw_only=True)
class SmscruAccount:
    """An account at smsc.ru.

    Attributes:
        parallel_sends: so many sends at a time are refused with error 9, and all above.
        parallel_lookups: the same of status queries.
        refuse_repeats: refuse the same phones, text and sender within a minute.
        limit_polling: refuse what is asked too often within a minute: one status, mass
            statuses, prices, the balance.
        senders: sender names that are registered; ``None``: any.
        callback_secret: the phrase in every checksum.
        handler: path and query of the one handler for receipts and inbound messages.
    """

    login: str = "habar"
    password: str = field(default="secret", repr=False)
    api_key: str = field(default="habar-key", repr=False)
    parallel_sends: int = 15
    parallel_lookups: int = 5
    refuse_repeats: bool = False
    limit_polling: bool = False
    senders: frozenset[str] | None = None
    callback_secret: str = field(default="smscru-phrase", repr=False)
    handler: str = "/callbacks/smscru/receipt?charset=utf-8"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``login:password``."""
        login, password = _pair(text)
        return cls(login=login, password=password)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """An account at Twilio.

    Attributes:
        sid: ``AC`` and 32 hex digits; part of every path.
        token: also signs what is posted to the gateway.
        senders: numbers and names that may be used as ``From``; ``None``: any.
        inbound_handler: path of the handler for inbound messages.
    """

    sid: str = "AC00000000000000000000000000000001"
    token: str = field(default="0123456789abcdef0123456789abcdef", repr=False)
    senders: frozenset[str] | None = None
    inbound_handler: str = "/callbacks/twilio/inbound"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``sid:token``."""
        sid, token = _pair(text)
        return cls(sid=sid, token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochtasmsruAccount:
    """An account at ePochta.

    Attributes:
        senders: sender names that are registered; ``None``: any.
    """

    username: str = "habar@example.com"
    password: str = field(default="secret", repr=False)
    senders: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``username:password``."""
        username, password = _pair(text)
        return cls(username=username, password=password)


@dataclass(frozen=True, slots=True, kw_only=True)
class MobizonkzAccount:
    """An account at Mobizon.

    Attributes:
        api_key: ``kz`` and 38 letters and digits.
        senders: sender names that are registered; another is replaced without a word.
            ``None``: any.
        webhook_secret: the key in every ``sign``.
        handler: path of the webhook.
    """

    api_key: str = field(default="kz00000000000000000000000000000000000001", repr=False)
    senders: frozenset[str] | None = None
    webhook_secret: str = field(default="mobizonkz-secret", repr=False)
    handler: str = "/callbacks/mobizonkz/receipt"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the key."""
        if not text:
            raise ValueError("the key is empty")
        return cls(api_key=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """Everything a simulator can be told.

    Attributes:
        latency_s: how long every answer takes.
        log_path: a file that gets one JSON line for each message taken.
        gateway: where callbacks go.
        reporting: how receipts are told unless something else is set.
    """

    smscru: SmscruAccount = field(default_factory=SmscruAccount)
    twilio: TwilioAccount = field(default_factory=TwilioAccount)
    epochtasmsru: EpochtasmsruAccount = field(default_factory=EpochtasmsruAccount)
    mobizonkz: MobizonkzAccount = field(default_factory=MobizonkzAccount)
    latency_s: float = 0.0
    log_path: Path | None = None
    gateway: Gateway = field(default_factory=Gateway)
    reporting: Reporting = field(default_factory=Reporting)


def _pair(text: str) -> tuple[str, str]:
    name, colon, secret = text.partition(":")
    if not (name and colon and secret):
        raise ValueError("expected name:secret")
    return name, secret
