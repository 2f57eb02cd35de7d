"""The providers of a deployment, each with connections of its own."""

import asyncio

import httpx

from adapters.http_engine import HttpEngine
from adapters.providers.dummy import Dummy
from adapters.providers.epochtasmsru import Epochtasmsru, EpochtasmsruAccount
from adapters.providers.mobizonkz import Mobizonkz, MobizonkzAccount
from adapters.providers.smscru import Smscru, SmscruAccount
from adapters.providers.twilio import Twilio, TwilioAccount, TwilioVoice
from application.ports.providers import SmsProvider, VoiceProvider
from application.routing import SMS_PROVIDERS, Carrier
from entrypoints.checks import configured
from entrypoints.settings import Settings

VOICE_PROVIDERS = frozenset({"smscru", "twilio"})
_DUMMY_CONCURRENCY = 1000


class Carriers:
    """What ``Routing`` chooses from.

    Where ``SMS_DUMMY=true`` the dummy stands in for every provider under its code.

    Attributes:
        by_code: the carriers under the codes callers use.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engines: list[HttpEngine] = []
        self.by_code: dict[str, Carrier] = (
            _dummies()
            if settings.sms_dummy
            else {c: self._carrier(c) for c in configured(settings)}
        )

    async def close(self) -> None:
        """Close every connection."""
        for engine in self._engines:
            await engine.aclose()

    def _carrier(self, code: str) -> Carrier:
        concurrency: int = getattr(self._settings, f"{code}_concurrency")
        engine = HttpEngine(connections=concurrency)
        self._engines.append(engine)
        sms, voice = _adapters(code, self._settings, engine)
        return Carrier(
            code=code,
            concurrency=concurrency,
            timeout_s=getattr(self._settings, f"{code}_timeout"),
            slots=asyncio.Semaphore(concurrency),
            sms=sms,
            voice=voice,
        )


def _dummies() -> dict[str, Carrier]:
    dummy = Dummy()
    return {
        code: Carrier(
            code=code,
            concurrency=_DUMMY_CONCURRENCY,
            timeout_s=1,
            slots=asyncio.Semaphore(_DUMMY_CONCURRENCY),
            sms=dummy,
            voice=dummy if code in VOICE_PROVIDERS or code == "dummy" else None,
        )
        for code in (*SMS_PROVIDERS, "dummy")
    }


def _adapters(
    code: str, settings: Settings, transport: httpx.AsyncBaseTransport
) -> tuple[SmsProvider, VoiceProvider | None]:
    match code:
        case "smscru":
            smscru = _smscru(settings, transport)
            return smscru, smscru
        case "twilio":
            twilio = _twilio(settings, transport)
            return twilio, twilio
        case "epochtasmsru":
            return _epochtasmsru(settings, transport), None
        case "mobizonkz":
            return _mobizonkz(settings, transport), None
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
