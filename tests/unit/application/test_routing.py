"""Which provider carries a message."""

import asyncio

import pytest

from application.routing import SMS_PROVIDERS, Carrier, Routing
from domain.errors import (
    ProviderCannotCallError,
    ProviderNotConfiguredError,
    UnknownProviderError,
)
from domain.message import Channel
from tests.contracts.messages import a_message
from tests.fakes import ScriptedProvider


def carrier(code: str, *, sms: bool = True, voice: bool = False) -> Carrier:
    provider = ScriptedProvider()
    return Carrier(
        code=code,
        concurrency=1,
        timeout_s=30,
        slots=asyncio.Semaphore(1),
        sms=provider if sms else None,
        voice=provider if voice else None,
    )


def routing(*carriers: Carrier, default: str = "smscru") -> Routing:
    return Routing({one.code: one for one in carriers}, default)


def test_the_default_provider_serves_who_names_none() -> None:
    chosen = routing(carrier("smscru"), carrier("twilio")).choose(None, Channel.SMS)
    assert chosen.code == "smscru"


@pytest.mark.parametrize("code", SMS_PROVIDERS)
def test_a_named_provider_is_taken(code: str) -> None:
    everyone = routing(*(carrier(each) for each in SMS_PROVIDERS))
    assert everyone.choose(code, Channel.SMS).code == code


def test_epochta_may_be_called_by_its_older_name() -> None:
    chosen = routing(carrier("epochtasmsru")).choose("epochtaru", Channel.SMS)
    assert chosen.code == "epochtasmsru"


@pytest.mark.parametrize("code", ["", "nobody", "Twilio", "dummy"])
def test_an_unknown_provider_is_answered_with_those_that_can(code: str) -> None:
    with pytest.raises(UnknownProviderError, match=r"These can send SMS here: smscru, twilio\."):
        routing(carrier("twilio"), carrier("smscru")).choose(code, Channel.SMS)


def test_a_provider_without_credentials_is_answered_with_those_that_can() -> None:
    with pytest.raises(
        ProviderNotConfiguredError, match=r"mobizonkz is not configured here\. .* call here: twilio"
    ):
        routing(carrier("smscru"), carrier("twilio", voice=True)).choose("mobizonkz", Channel.CALL)


def test_a_provider_without_voice_is_answered_with_those_that_can() -> None:
    with pytest.raises(ProviderCannotCallError, match=r"mobizonkz cannot call\. .*: smscru"):
        routing(carrier("mobizonkz"), carrier("smscru", voice=True)).choose(
            "mobizonkz", Channel.CALL
        )


def test_a_default_provider_without_voice_does_not_call_either() -> None:
    with pytest.raises(ProviderCannotCallError, match="None can call here"):
        routing(carrier("smscru")).choose(None, Channel.CALL)


@pytest.mark.parametrize(
    ("channel", "one"),
    [(Channel.CALL, carrier("smscru")), (Channel.SMS, carrier("smscru", sms=False, voice=True))],
)
async def test_a_carrier_is_never_handed_what_it_does_not_carry(
    channel: Channel, one: Carrier
) -> None:
    assert not one.carries(channel)
    with pytest.raises(ValueError, match=f"smscru does not serve {channel}"):
        await one.submit(a_message(channel=channel))
