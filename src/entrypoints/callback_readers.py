"""Whose callbacks are read in this deployment."""

from collections.abc import Iterator, Mapping

from adapters.providers.mobizonkz_callbacks import MobizonkzCallbacks
from adapters.providers.smscru_callbacks import SmscruCallbacks
from adapters.providers.twilio_callbacks import TwilioCallbacks
from application.ports.callbacks import CallbackReader
from application.ports.system import Clock, Ids
from entrypoints.checks import configured
from entrypoints.settings import Settings


def callback_readers(settings: Settings, clock: Clock, ids: Ids) -> Mapping[str, CallbackReader]:
    """Make the readers of the providers that have credentials here, under their codes."""
    able = configured(settings)
    return {code: reader for code, reader in _readers(settings, clock, ids) if code in able}


def _readers(settings: Settings, clock: Clock, ids: Ids) -> Iterator[tuple[str, CallbackReader]]:
    yield "smscru", SmscruCallbacks(settings.smscru_callback_secret, clock, ids)
    yield "mobizonkz", MobizonkzCallbacks(settings.mobizonkz_webhook_secret, clock)
    tokens = (settings.twilio_token or "", *settings.twilio_callback_tokens)
    yield "twilio", TwilioCallbacks(settings.twilio_sid or "", tokens, clock, ids)
