import json
from hashlib import sha1

import pytest

from adapters.providers.mobizonkz_callbacks import MobizonkzCallbacks
from application.ports.callbacks import Callback, CallbackOutcome, Ignored, Malformed, Refused
from domain.receipt import Receipt
from tests.contracts.callbacks import JSON, SECRET, CallbackReaderContract, a_callback
from tests.fakes import FixedClock

REPORT = {
    "campaignId": 245455096,
    "messageId": 169275418,
    "segNum": 1,
    "statusUpdateTs": "2026-03-02 09:14:41",
    "status": "DELIVRD",
    "to": "77011234567",
}
EVENT = {
    "eventId": 7001,
    "eventType": "sms-delivery-report",
    "eventCreateTs": "2026-03-02 09:15:00",
    "webhookId": 3,
    "attempt": 1,
    "data": REPORT,
}


def reader(secret: str = SECRET) -> MobizonkzCallbacks:
    return MobizonkzCallbacks(secret, FixedClock())


def posted(event: dict[str, object]) -> Callback:
    return a_callback(json.dumps(event).encode(), content_type=JSON)


def signed(**more: object) -> Callback:
    event = {**EVENT, **more}
    text = f"{event['eventId']}|{event['attempt']}|{event['eventCreateTs']}|{SECRET}"
    sign = sha1(text.encode()).hexdigest()  # noqa: S324 - the provider's
    return posted({"sign": sign, **event})


def told(**report: object) -> CallbackOutcome:
    return reader().read(signed(data={**REPORT, **report}))


class TestReader(CallbackReaderContract):
    def reader(self, secret: str = SECRET) -> MobizonkzCallbacks:
        return reader(secret)

    def delivered(self) -> Callback:
        return signed()

    def unsigned(self, body: bytes, query: bytes) -> Callback:
        return a_callback(body, query=query.decode("latin-1"), content_type=JSON)

    def signed(self, status: str, provider_id: str) -> Callback:
        return signed(data={**REPORT, "status": status, "messageId": provider_id})


def test_the_vector_is_accepted() -> None:
    event = {**EVENT, "sign": "8d0ffb0f70865f6a96249d8201925ad1a1f1c39d"}
    assert isinstance(reader("hook-secret").read(posted(event)), Receipt)


def test_every_other_letter_of_the_sign_is_refused() -> None:
    sign = "8d0ffb0f70865f6a96249d8201925ad1a1f1c39d"
    for at, letter in enumerate(sign):
        other = sign[:at] + chr(ord(letter) ^ 1) + sign[at + 1 :]
        assert isinstance(reader("hook-secret").read(posted({**EVENT, "sign": other})), Refused)
    for other in (sign.upper(), sign[:-1], f"{sign} ", "", "ж"):
        assert isinstance(reader("hook-secret").read(posted({**EVENT, "sign": other})), Refused)
    assert isinstance(reader("hook-secret").read(posted(dict(EVENT))), Refused)


@pytest.mark.parametrize(
    "change", [{"eventId": 7002}, {"attempt": 2}, {"eventCreateTs": "2026-03-02 09:15:01"}]
)
def test_what_is_covered_cannot_be_changed(change: dict[str, object]) -> None:
    event = {**EVENT, "sign": "8d0ffb0f70865f6a96249d8201925ad1a1f1c39d", **change}
    assert isinstance(reader("hook-secret").read(posted(event)), Refused)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("DELIVRD", "delivered"),
        ("UNDELIV", "undeliverable"),
        ("REJECTD", "undeliverable"),
        ("DELETED", "undeliverable"),
        ("EXPIRED", "expired"),
        ("ACCEPTD", "submitted"),
        ("BRANDNEW", "submitted"),
    ],
)
def test_the_states_and_that_the_provider_has_to_confirm_them(word: str, status: str) -> None:
    found = told(status=word)
    assert isinstance(found, Receipt)
    assert (found.status, found.provider_code) == (status, word)
    assert found.weak
    assert found.message_id is None


@pytest.mark.parametrize("id_", [169275418, "169275418"], ids=repr)
def test_the_id_is_text_whether_it_came_as_a_number_or_not(id_: object) -> None:
    found = told(messageId=id_)
    assert isinstance(found, Receipt)
    assert found.provider_id == "169275418"


@pytest.mark.parametrize("id_", [None, 0, -1, 1.5, 10**400, "", "a b", "x" * 65, [], {}])
def test_what_is_no_id_is_malformed(id_: object) -> None:
    assert isinstance(told(messageId=id_), Malformed)


@pytest.mark.parametrize("data", [None, [], "", {}, {"messageId": 1}, {"status": "DELIVRD"}])
def test_a_report_that_says_nothing_is_malformed(data: object) -> None:
    assert isinstance(reader().read(signed(data=data)), Malformed)


@pytest.mark.parametrize(
    "kind", ["form-submission", "form-contact-confirmation", "form-contact-unsubscribe", ""]
)
def test_events_of_other_kinds_are_ignored(kind: str) -> None:
    assert reader().read(signed(eventType=kind, data=[1])) == Ignored()


def test_numbers_may_come_as_text() -> None:
    assert isinstance(reader().read(signed(eventId="7001", attempt="1")), Receipt)


@pytest.mark.parametrize("event_id", [-1, 10**30, 1.5, "x", "9" * 30, None, True])
def test_an_event_without_a_number_is_malformed(event_id: object) -> None:
    assert isinstance(reader().read(signed(eventId=event_id)), Malformed)


def test_a_form_is_malformed() -> None:
    assert isinstance(reader().read(a_callback(b"eventId=1&attempt=1")), Malformed)
