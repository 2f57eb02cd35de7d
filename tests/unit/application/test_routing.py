"""Which provider carries a message, and who stands in for it."""

import pytest

from application.places import Places
from application.routing import SMS_PROVIDERS, Carrier, Routing
from domain.errors import (
    MessageTooLongError,
    ProviderCannotCallError,
    ProviderNotConfiguredError,
    UnknownProviderError,
)
from domain.message import Channel
from tests.contracts.messages import a_message
from tests.fakes import ScriptedProvider


def carrier(code: str, *, sms: bool = True, voice: bool = False, limit: int = 1000) -> Carrier:
    provider = ScriptedProvider(limit=limit)
    return Carrier(
        code=code,
        timeout_s=30,
        places=Places(1),
        sms=provider if sms else None,
        voice=provider if voice else None,
    )


def routing(*carriers: Carrier, default: str = "smscru", fallback: tuple[str, ...] = ()) -> Routing:
    return Routing({one.code: one for one in carriers}, default, fallback)


def codes(carriers: tuple[Carrier, ...]) -> list[str]:
    return [one.code for one in carriers]


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


# Who stands in for whom.

TRIO = (carrier("smscru", voice=True), carrier("twilio", voice=True), carrier("mobizonkz"))


def test_without_any_wish_the_default_provider_is_alone() -> None:
    assert codes(routing(*TRIO).route(None, None, Channel.SMS, "Hi")) == ["smscru"]


def test_a_caller_names_who_is_tried_in_which_order() -> None:
    route = routing(*TRIO).route("mobizonkz", ["twilio", "smscru"], Channel.SMS, "Hi")
    assert codes(route) == ["mobizonkz", "twilio", "smscru"]


def test_the_default_provider_leads_a_route_whose_first_was_not_named() -> None:
    assert codes(routing(*TRIO).route(None, ["twilio"], Channel.SMS, "Hi")) == ["smscru", "twilio"]


def test_the_deployments_own_fallback_serves_who_names_none() -> None:
    deployment = routing(*TRIO, fallback=("twilio", "mobizonkz"))
    assert codes(deployment.route(None, None, Channel.SMS, "Hi")) == [
        "smscru",
        "twilio",
        "mobizonkz",
    ]
    assert codes(deployment.route("twilio", None, Channel.SMS, "Hi")) == ["twilio", "mobizonkz"]


def test_a_caller_may_do_without_the_deployments_fallback() -> None:
    deployment = routing(*TRIO, fallback=("twilio",))
    assert codes(deployment.route(None, [], Channel.SMS, "Hi")) == ["smscru"]


def test_each_provider_is_tried_once_in_a_round() -> None:
    epochta = carrier("epochtasmsru")
    route = routing(*TRIO, epochta, fallback=("smscru",)).route(
        "twilio", ["epochtaru", "twilio", "epochtasmsru"], Channel.SMS, "Hi"
    )
    assert codes(route) == ["twilio", "epochtasmsru"]


@pytest.mark.parametrize(
    ("named", "channel", "error"),
    [
        (["nobody"], Channel.SMS, UnknownProviderError),
        (["twilio", ""], Channel.SMS, UnknownProviderError),
        (["epochtasmsru"], Channel.SMS, ProviderNotConfiguredError),
        (["twilio", "mobizonkz"], Channel.CALL, ProviderCannotCallError),
    ],
)
def test_every_provider_a_caller_names_has_to_be_able(
    named: list[str], channel: Channel, error: type[Exception]
) -> None:
    with pytest.raises(error):
        routing(*TRIO).route(None, named, channel, "Hi")


def test_every_provider_a_caller_names_has_to_take_the_text() -> None:
    narrow = routing(carrier("smscru"), carrier("twilio", limit=5))
    assert codes(narrow.route(None, ["twilio"], Channel.SMS, "short")) == ["smscru", "twilio"]
    with pytest.raises(MessageTooLongError):
        narrow.route(None, ["twilio"], Channel.SMS, "longer")
    with pytest.raises(MessageTooLongError):
        narrow.route("twilio", ["smscru"], Channel.SMS, "longer")


@pytest.mark.parametrize(
    ("channel", "text", "route"),
    [
        (Channel.SMS, "short", ["smscru", "twilio", "mobizonkz"]),
        (Channel.SMS, "longer", ["smscru", "mobizonkz"]),
        (Channel.CALL, "short", ["smscru", "twilio"]),
    ],
)
def test_of_the_deployments_fallback_only_the_able_stand_in(
    channel: Channel, text: str, route: list[str]
) -> None:
    deployment = routing(
        carrier("smscru", voice=True),
        carrier("twilio", voice=True, limit=5),
        carrier("mobizonkz"),
        fallback=("twilio", "epochtasmsru", "mobizonkz"),
    )
    assert codes(deployment.route(None, None, channel, text)) == route


def test_the_first_provider_has_to_be_able_whoever_could_stand_in() -> None:
    with pytest.raises(MessageTooLongError):
        routing(carrier("smscru", limit=5), carrier("twilio"), fallback=("twilio",)).route(
            None, None, Channel.SMS, "longer"
        )


def test_a_carrier_that_is_not_configured_any_more_is_nobody() -> None:
    assert routing(*TRIO).carrier("twilio") is TRIO[1]
    assert routing(*TRIO).carrier("epochtasmsru") is None
