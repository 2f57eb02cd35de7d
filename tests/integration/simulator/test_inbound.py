"""Subscribers write, and some of them want nothing more."""

import hashlib

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import PHONE, Answer, Client
from tests.integration.simulator.receiver import Receiver

OURS = "+15005550006"
SERVICE = "MG" + "0" * 32


async def write(client: Client, **fields: object) -> Answer:
    order = {"provider": "twilio", "phone": PHONE, "to": OURS, "text": "Стоп & 50%"} | fields
    return await client.request("POST", "/simulator/inbound", json=order)


async def test_twilio_signs_what_a_subscriber_wrote(client: Client, receiver: Receiver) -> None:
    answer = await write(client, opt_out_type="STOP", service=SERVICE)
    assert answer.json() == {"http_statuses": [200]}
    (received,) = receiver.received
    fields = received.form()
    assert (fields["From"], fields["To"], fields["Body"]) == (f"+{PHONE}", OURS, "Стоп & 50%")
    assert (fields["OptOutType"], fields["MessagingServiceSid"]) == ("STOP", SERVICE)
    assert fields["FromCity"] == ""
    url = "https://sms.example.kz/callbacks/twilio/inbound"
    validator = RequestValidator(client.simulator.settings.twilio.token)
    assert validator.validate(url, fields, received.headers["X-Twilio-Signature"])


async def test_smscru_signs_what_a_subscriber_wrote(client: Client, receiver: Receiver) -> None:
    answer = await write(client, provider="smscru", to="79990001122", times=2, id="17")
    assert answer.json() == {"http_statuses": [200, 200]}
    first, again = receiver.received
    assert first.body == again.body
    fields = first.form()
    assert (fields["phone"], fields["mes"]) == (PHONE, "Стоп & 50%")
    signed = f"{PHONE}:Стоп & 50%:79990001122:smscru-phrase"
    assert fields["md5"] == hashlib.md5(signed.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "epochtasmsru"},
        {"provider": "mobizonkz"},
        {"provider": "nobody"},
        {"opt_out_type": "PERHAPS"},
        {"times": 0},
        {"from": PHONE},
    ],
    ids=str,
)
async def test_a_wrong_order_is_refused(
    client: Client, receiver: Receiver, wrong: dict[str, object]
) -> None:
    answer = await write(client, **wrong)
    assert (answer.status, receiver.received) == (400, [])


async def test_nobody_can_be_told_before_a_gateway_is_set(client: Client) -> None:
    assert (await write(client)).status == 400


@pytest.mark.parametrize("text", ["STOP", "stop ", "Unsubscribe"])
async def test_twilio_sends_nothing_more_to_who_opted_out(
    client: Client, receiver: Receiver, text: str
) -> None:
    await write(client, text=text)
    refused = await client.twilio()
    assert (refused.status, refused.json()["code"]) == (400, 21610)
    assert (await client.twilio(From="+15005550009")).status == 201
    await write(client, text="start")
    assert (await client.twilio()).status == 201
    assert len(receiver.received) == 2


async def test_a_word_among_others_is_no_opt_out(client: Client, receiver: Receiver) -> None:
    await write(client, text="don't stop")
    assert (await client.twilio()).status == 201
    assert receiver.received


async def test_a_service_takes_the_message_and_fails_it_later(
    client: Client, receiver: Receiver
) -> None:
    await write(client, text="STOP", service=SERVICE)
    url = "https://sms.example.kz/callbacks/twilio/receipt?ref=1"
    answer = await client.twilio(From=None, MessagingServiceSid=SERVICE, StatusCallback=url)
    assert (answer.status, answer.json()["status"]) == (201, "accepted")
    sid = answer.json()["sid"]
    known = (await client.twilio_raw("GET", f"Messages/{sid}.json")).json()
    assert (known["status"], known["error_code"]) == ("failed", 21610)
    assert client.simulator.reporter.pending == 1
    assert receiver.received


async def test_opt_outs_are_set_listed_and_cleared(client: Client) -> None:
    path = "/simulator/opt-outs"
    assert (await client.request("POST", path, json={"phone": f"+{PHONE}"})).status == 200
    assert (await client.twilio()).status == 400
    listed = (await client.request("GET", path)).json()
    assert listed == [{"phone": f"+{PHONE}", "sender": None}]
    assert (await client.smscru()).json()["cnt"]
    await client.request("DELETE", path)
    assert (await client.twilio()).status == 201


async def test_the_rest_is_set_over_http_as_well(client: Client, receiver: Receiver) -> None:
    way = {"provider": ProviderCode.SMSCRU, "way": "late", "seconds": 0}
    assert (await client.request("POST", "/simulator/receipts", json=way)).status == 200
    listed = (await client.request("GET", "/simulator/receipts")).json()
    assert [item["way"] for item in listed] == ["late"]
    gateway = {"urls": [receiver.url]}
    assert (await client.request("POST", "/simulator/gateway", json=gateway)).status == 200
    known = (await client.request("GET", "/simulator/gateway")).json()
    assert (known["urls"], known["pending"]) == ([receiver.url], 0)
    await write(client, provider="smscru")
    path = f"/simulator/callbacks?kind=inbound&phone={PHONE}"
    (posted,) = (await client.request("GET", path)).json()
    assert (posted["http_status"], posted["attempt"]) == (200, 1)
    for what in ("receipts", "callbacks"):
        await client.request("DELETE", f"/simulator/{what}")
        assert (await client.request("GET", f"/simulator/{what}")).json() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("gateway", {"urls": ["127.0.0.1:8080"]}),
        ("gateway", {"urls": [], "public_url": "ftp://example.com"}),
        ("gateway", {"retry_s": 0}),
        ("receipts", {"way": "never ever"}),
        ("receipts", {"seconds": -1}),
        ("opt-outs", {}),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(
    client: Client, path: str, body: dict[str, object]
) -> None:
    answer = await client.request("POST", f"/simulator/{path}", json=body)
    assert answer.status == 400
    assert answer.json()["error"]
