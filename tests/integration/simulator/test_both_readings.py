"""What the stand-ins sign the adapters believe, and what they tell is what is read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urldefrag, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.mobizonkz_callbacks import MobizonkzCallbacks
from adapters.providers.smscru_callbacks import SmscruCallbacks
from adapters.providers.twilio_callbacks import TwilioCallbacks
from application.ports.callbacks import Callback, CallbackOutcome, CallbackReader, Refused
from domain.inbound import InboundMessage, Keyword
from domain.message import MessageStatus
from domain.receipt import Receipt
from entrypoints.simulator.accounts import MobizonkzAccount, SmscruAccount, TwilioAccount
from entrypoints.simulator.callbacks import Callback as Told
from entrypoints.simulator.gateway import Addresses, Gateway
from entrypoints.simulator.inbound import Inbound, OptOutType
from entrypoints.simulator.mobizonkz_callbacks import MobizonkzTeller
from entrypoints.simulator.reporter import Teller
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.smscru_callbacks import SmscruTeller
from entrypoints.simulator.states import State
from entrypoints.simulator.twilio_callbacks import TwilioTeller
from entrypoints.simulator.wire import ProviderCode
from tests.fakes.system import CountingIds, FixedClock

PHONE, OURS = "77011234567", "15005550006"
ID = UUID("01a2084b-baf8-7a6c-99b5-f12578d75454")
ADDRESSES = Addresses(Gateway(public_url="https://sms.example.kz"))
SMSCRU, TWILIO, MOBIZONKZ = SmscruAccount(), TwilioAccount(), MobizonkzAccount()
HANDLERS = [
    "/callbacks/smscru/receipt?charset=utf-8",
    "/callbacks/smscru/receipt?charset=utf-8&sha1",
    "/callbacks/smscru/receipt?charset=koi8-r",
    "/callbacks/smscru/receipt",
]
STATES: list[tuple[ProviderCode, int | str, int, str, str]] = [
    (ProviderCode.SMSCRU, 1, 0, "delivered", "1"),
    (ProviderCode.SMSCRU, 20, 240, "undeliverable", "20/240"),
    (ProviderCode.SMSCRU, 3, 6, "expired", "3/6"),
    (ProviderCode.TWILIO, "delivered", 0, "delivered", "delivered"),
    (ProviderCode.TWILIO, "undelivered", 30003, "undeliverable", "undelivered/30003"),
    (ProviderCode.TWILIO, "failed", 21610, "undeliverable", "failed/21610"),
    (ProviderCode.MOBIZONKZ, "DELIVRD", 0, "delivered", "DELIVRD"),
    (ProviderCode.MOBIZONKZ, "UNDELIV", 0, "undeliverable", "UNDELIV"),
]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)


def readers() -> dict[ProviderCode, CallbackReader]:
    clock, ids = FixedClock(datetime(2026, 11, 23, tzinfo=UTC)), CountingIds()
    return {
        ProviderCode.SMSCRU: SmscruCallbacks(SMSCRU.callback_secret, clock, ids),
        ProviderCode.TWILIO: TwilioCallbacks(TWILIO.sid, [TWILIO.token], clock, ids),
        ProviderCode.MOBIZONKZ: MobizonkzCallbacks(MOBIZONKZ.webhook_secret, clock),
    }


def read(told: Told | None, *, spoilt: bool = False) -> CallbackOutcome:
    assert told is not None
    post = told.write(1)
    callback = Callback(
        method="POST",
        url=urldefrag(told.url).url,
        query=urlsplit(told.url).query.encode(),
        headers={name.lower(): value for name, value in post.headers.items()},
        body=post.body.replace(b"1", b"2") if spoilt else post.body,
    )
    return readers()[told.provider].read(callback)


def story(provider: ProviderCode, status: int | str, error_code: int) -> Sequence[Told]:
    message = SentMessage(
        provider=provider,
        channel="sms",
        recipient=PHONE,
        wire_recipient=f"+{PHONE}",
        text="Код",
        sent_at=datetime.now(UTC),
        arrival=1,
        reference=f"h{ID.hex}" if provider is ProviderCode.SMSCRU else ID.hex,
        provider_id={
            ProviderCode.SMSCRU: f"h{ID.hex}",
            ProviderCode.TWILIO: "SM" + "0" * 32,
        }.get(provider, "169275418"),
        parameters={
            "campaignId": "245455096",
            "From": f"+{OURS}",
            "StatusCallback": f"https://sms.example.kz/callbacks/twilio/receipt?ref={ID.hex}#rc=3",
        },
    )
    tellers: dict[ProviderCode, Teller] = {
        ProviderCode.SMSCRU: SmscruTeller(SMSCRU, ADDRESSES),
        ProviderCode.TWILIO: TwilioTeller(TWILIO, ADDRESSES),
        ProviderCode.MOBIZONKZ: MobizonkzTeller(MOBIZONKZ, ADDRESSES),
    }
    state = State(provider=provider, status=status, error_code=error_code)
    return tellers[provider].receipts(message, state)


@pytest.mark.parametrize(("provider", "status", "error_code", "expected", "word"), STATES)
def test_a_receipt_says_the_same_on_both_sides(
    provider: ProviderCode, status: int | str, error_code: int, expected: str, word: str
) -> None:
    outcome = read(story(provider, status, error_code)[-1])
    assert isinstance(outcome, Receipt)
    assert (outcome.status, outcome.provider_code) == (MessageStatus(expected), word)
    assert outcome.message_id == (None if provider is ProviderCode.MOBIZONKZ else ID)
    assert outcome.opted_out == (error_code == 21610)
    assert outcome.weak == (provider is ProviderCode.MOBIZONKZ)


@pytest.mark.parametrize("provider", [ProviderCode.SMSCRU, ProviderCode.TWILIO])
def test_what_is_changed_on_the_way_is_refused(provider: ProviderCode) -> None:
    _, status, error_code, _, _ = next(item for item in STATES if item[0] is provider)
    assert isinstance(read(story(provider, status, error_code)[-1], spoilt=True), Refused)


@given(text=texts, opted=st.sampled_from([None, *OptOutType]))
def test_twilio_tells_every_text_as_it_was_written(text: str, opted: OptOutType | None) -> None:
    inbound = Inbound(
        provider=ProviderCode.TWILIO, phone=PHONE, to=OURS, text=text, opt_out_type=opted
    )
    outcome = read(TwilioTeller(TWILIO, ADDRESSES).inbound(inbound))
    assert isinstance(outcome, InboundMessage)
    assert (outcome.phone, outcome.to, outcome.text) == (PHONE, OURS, text)
    if opted is not None:
        assert outcome.keyword is Keyword(opted.lower())


@pytest.mark.parametrize("handler", HANDLERS)
def test_smscru_tells_a_text_in_each_charset(handler: str) -> None:
    inbound = Inbound(provider=ProviderCode.SMSCRU, phone=PHONE, to=OURS, text="Стоп: & 50%")
    teller = SmscruTeller(replace(SMSCRU, handler=handler), ADDRESSES)
    outcome = read(teller.inbound(inbound))
    assert isinstance(outcome, InboundMessage)
    assert (outcome.phone, outcome.to, outcome.text) == (PHONE, OURS, "Стоп: & 50%")


@given(text=texts)
def test_smscru_tells_every_text_as_it_was_written(text: str) -> None:
    inbound = Inbound(provider=ProviderCode.SMSCRU, phone=PHONE, to=OURS, text=text)
    outcome = read(SmscruTeller(SMSCRU, ADDRESSES).inbound(inbound))
    assert isinstance(outcome, InboundMessage)
    assert outcome.text == text
