"""The providers of a deployment, each with connections of its own."""

import logging
from dataclasses import dataclass

import httpx

from adapters.http_engine import HttpEngine
from adapters.providers.dummy import Dummy
from adapters.providers.epochtasmsru import Epochtasmsru, EpochtasmsruAccount
from adapters.providers.mobizonkz import Mobizonkz, MobizonkzAccount
from adapters.providers.smscru import Smscru, SmscruAccount
from adapters.providers.twilio import Twilio, TwilioAccount, TwilioVoice
from adapters.telemetry.trace import Trace
from adapters.telemetry.traced_providers import traced_carrier
from application.places import Places
from application.ports.providers import (
    BalanceSource,
    ProviderLookup,
    ReceiptSource,
    SmsProvider,
    VoiceProvider,
)
from application.receipt_questions import OneByOne
from application.routing import SMS_PROVIDERS, Carrier
from entrypoints.checks import configured
from entrypoints.public_url import twilio_receipts_url
from entrypoints.settings import Settings

VOICE_PROVIDERS = frozenset({"smscru", "twilio", "dummy"})
SCOPED_OPT_OUTS = frozenset({"twilio"})
"""They keep opt-outs apart for each sender."""
_DUMMY_CONCURRENCY = 100
_log = logging.getLogger(__name__)


class Carriers:
    """What ``Routing`` chooses from.

    Where ``SMS_DUMMY=true`` the dummy stands in for every provider under its code.

    Attributes:
        by_code: the carriers under the codes callers use.
    """

    def __init__(self, settings: Settings, trace: Trace | None = None) -> None:
        self._settings = settings
        self._engines: list[HttpEngine] = []
        self.by_code: dict[str, Carrier] = (
            _dummies(settings)
            if settings.sms_dummy
            else {c: self._carrier(c) for c in configured(settings)}
        )
        if trace is not None:
            traced = {c: traced_carrier(one, trace) for c, one in self.by_code.items()}
            self.by_code = traced

    async def close(self) -> None:
        """Close every connection."""
        for engine in self._engines:
            await engine.aclose()

    def _carrier(self, code: str) -> Carrier:
        concurrency: int = getattr(self._settings, f"{code}_concurrency")
        engine = HttpEngine(connections=concurrency)
        self._engines.append(engine)
        roles = _roles(code, self._settings, engine)
        timeout_s: float = getattr(self._settings, f"{code}_timeout")
        rate: float | None = getattr(self._settings, f"{code}_rate")
        return _wired(code, roles, concurrency=concurrency, timeout_s=timeout_s, rate=rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """What an adapter can be asked for."""

    sms: SmsProvider
    voice: VoiceProvider | None = None
    lookup: ProviderLookup
    balance: BalanceSource
    receipts: ReceiptSource | None = None


def _wired(
    code: str, roles: _Roles, *, concurrency: int, timeout_s: float, rate: float | None
) -> Carrier:
    return Carrier(
        code=code,
        timeout_s=timeout_s,
        places=Places(concurrency),
        spacing_s=0.0 if rate is None else 1 / rate,
        sms=roles.sms,
        voice=roles.voice,
        lookup=roles.lookup,
        balance=roles.balance,
        receipts=roles.receipts,
    )


def _dummies(settings: Settings) -> dict[str, Carrier]:
    dummy = Dummy()
    mute = _Roles(sms=dummy, lookup=dummy, balance=dummy)
    speaking = _Roles(sms=dummy, voice=dummy, lookup=dummy, balance=dummy)
    return {
        code: _wired(
            code,
            speaking if code in VOICE_PROVIDERS else mute,
            concurrency=_DUMMY_CONCURRENCY,
            timeout_s=1,
            rate=getattr(settings, f"{code}_rate", None),
        )
        for code in (*SMS_PROVIDERS, "dummy")
    }


def _roles(code: str, settings: Settings, transport: httpx.AsyncBaseTransport) -> _Roles:
    match code:
        case "smscru":
            smscru = _smscru(settings, transport)
            receipts = OneByOne(smscru)
            return _Roles(
                sms=smscru, voice=smscru, lookup=smscru, balance=smscru, receipts=receipts
            )
        case "twilio":
            twilio = _twilio(settings, transport)
            receipts = OneByOne(twilio)
            return _Roles(
                sms=twilio, voice=twilio, lookup=twilio, balance=twilio, receipts=receipts
            )
        case "epochtasmsru":
            epochta = _epochtasmsru(settings, transport)
            return _Roles(sms=epochta, lookup=epochta, balance=epochta, receipts=epochta)
        case "mobizonkz":
            mobizon = _mobizonkz(settings, transport)
            return _Roles(sms=mobizon, lookup=mobizon, balance=mobizon, receipts=mobizon)
        case _:
            raise ValueError(code)


def _smscru(settings: Settings, transport: httpx.AsyncBaseTransport) -> Smscru:
    return Smscru(
        transport,
        SmscruAccount(
            username=settings.smscru_username or "",
            password=settings.smscru_password or "",
            sender=settings.smscru_sender,
        ),
        base_url=settings.smscru_base_url,
        timeout_s=settings.smscru_timeout,
    )


def _twilio(settings: Settings, transport: httpx.AsyncBaseTransport) -> Twilio:
    receipts_url = twilio_receipts_url(settings)
    if receipts_url is None and settings.public_url is not None:
        _log.warning(
            "Twilio cannot reach PUBLIC_URL and will not report to it: it is asked instead"
        )
    return Twilio(
        transport,
        TwilioAccount(
            sid=settings.twilio_sid or "",
            token=settings.twilio_token or "",
            phone=settings.twilio_phone or "",
        ),
        base_url=settings.twilio_base_url,
        timeout_s=settings.twilio_timeout,
        voice=TwilioVoice(
            russian_voice=settings.twilio_voice_ru, english_voice=settings.twilio_voice_en
        ),
        receipts_url=receipts_url,
    )


def _epochtasmsru(settings: Settings, transport: httpx.AsyncBaseTransport) -> Epochtasmsru:
    return Epochtasmsru(
        transport,
        EpochtasmsruAccount(
            username=settings.epochtasmsru_username or "",
            password=settings.epochtasmsru_password or "",
            sender=settings.epochtasmsru_sender or "",
        ),
        base_url=settings.epochtasmsru_base_url,
        timeout_s=settings.epochtasmsru_timeout,
    )


def _mobizonkz(settings: Settings, transport: httpx.AsyncBaseTransport) -> Mobizonkz:
    return Mobizonkz(
        transport,
        MobizonkzAccount(
            api_key=settings.mobizonkz_api_key or "", sender=settings.mobizonkz_sender
        ),
        base_url=settings.mobizonkz_base_url,
        timeout_s=settings.mobizonkz_timeout,
    )
