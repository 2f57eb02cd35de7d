"""ePochta's stand-in answers and refuses as the provider does."""

from http import HTTPStatus

import aiohttp
import pytest

from entrypoints.simulator.accounts import EpochtasmsruAccount, SimulatorSettings
from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import (
    PHONE,
    Client,
    envelope,
    send_document,
    status_document,
)

EPOCHTA = ProviderCode.EPOCHTASMSRU
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'


async def test_a_send_is_answered_with_a_count_and_a_price(client: Client) -> None:
    answer = await client.epochtasmsru(send_document())
    assert answer.status == HTTPStatus.OK
    assert answer.body == HEAD + (
        b"<RESPONSE><status>1</status><credits>0.2235</credits>"
        b"<amount>0.0916</amount><currency>RUB</currency></RESPONSE>"
    )


async def test_a_send_is_kept_under_our_own_id(client: Client) -> None:
    await client.epochtasmsru(send_document(text="A & B <3", numbers={"m-7": f"+{PHONE}"}))
    [message] = client.simulator.sent
    assert (message.text, message.sender) == ("A & B <3", "Habar")
    assert (message.reference, message.provider_id) == ("m-7", "m-7")
    assert (message.recipient, message.wire_recipient) == (PHONE, f"+{PHONE}")
    assert message.problems == ()


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (send_document(password="wrong"), -1),
        ("<SMS>", -2),
        ("", -2),
        ("<RESPONSE/>", -2),
        (envelope("DELETE"), -2),
        (f'<!DOCTYPE SMS [<!ENTITY a "b">]>{envelope("BALANCE")[38:]}', -2),
        ("<SMS>" * 100_000, -2),
        (send_document(numbers={"m": "123"}), -4),
        (send_document(numbers={"m": "abc"}), -4),
        (send_document(text=""), -5),
        (send_document(sender="A name too long"), -7),
        (send_document(sender=""), -7),
        (send_document(sender="Журнал"), -7),
    ],
)
async def test_a_refusal_is_a_status_below_zero(client: Client, document: str, code: int) -> None:
    answer = await client.epochtasmsru(document)
    assert answer.status == HTTPStatus.OK
    assert answer.body == HEAD + f"<RESPONSE><status>{code}</status></RESPONSE>".encode()
    assert len(client.simulator.sent) == 0


async def test_a_bare_document_or_another_field_is_no_request(client: Client) -> None:
    for options in (
        {"data": send_document().encode(), "headers": {"Content-Type": "text/xml"}},
        {"data": {"xml": send_document()}},
    ):
        answer = await client.request("POST", "/members/sms/xml.php", **options)
        assert answer.xml().findtext("status") == "-2"


async def test_a_multipart_form_works_too(client: Client) -> None:
    form = aiohttp.FormData({"XML": send_document()}, default_to_multipart=True)
    answer = await client.request("POST", "/sms/xml.php", data=form)
    assert answer.xml().findtext("status") == "1"


async def test_a_wrong_number_among_good_ones_shows_in_the_price_alone(client: Client) -> None:
    answer = await client.epochtasmsru(send_document(numbers={"a": PHONE, "b": "123"}))
    assert answer.xml().findtext("status") == "2"
    assert answer.xml().findtext("credits") == "0.2235"
    assert [message.reference for message in client.simulator.sent] == ["a"]


async def test_a_report_names_what_is_known_only(client: Client) -> None:
    await client.epochtasmsru(send_document(numbers={"a": PHONE}))
    report = (await client.epochtasmsru(status_document("a", "never"))).xml()
    assert report.tag == "deliveryreport"
    [message] = report
    assert (message.get("id"), message.get("status")) == ("a", "DELIVERED")
    empty = await client.epochtasmsru(status_document("never"))
    assert empty.body == HEAD + b"<deliveryreport></deliveryreport>"


async def test_a_repeated_id_is_sent_and_reported_twice(client: Client) -> None:
    for _ in range(2):
        await client.epochtasmsru(send_document(numbers={"a": PHONE}))
    report = (await client.epochtasmsru(status_document("a"))).xml()
    assert [message.get("id") for message in report] == ["a", "a"]


@pytest.mark.parametrize(
    ("status", "sent", "done"), [("0", False, False), ("SENT", True, False), ("SPAM", True, True)]
)
async def test_dates_that_are_not_yet_are_noughts(
    client: Client, status: str, *, sent: bool, done: bool
) -> None:
    client.simulator.states.set(State(provider=EPOCHTA, reference="a", status=status))
    await client.epochtasmsru(send_document(numbers={"a": PHONE}))
    [message] = (await client.epochtasmsru(status_document("a"))).xml()
    assert message.get("status") == status
    assert (message.get("sentdate") != "0000-00-00 00:00:00") is sent
    assert (message.get("donedate") != "0000-00-00 00:00:00") is done


async def test_variables_fill_the_text_and_what_is_left_is_a_problem(client: Client) -> None:
    document = send_document(text="Hi %1%, %2%").replace(
        "messageID=", 'variables="Ann;;" messageID='
    )
    await client.epochtasmsru(document)
    [message] = client.simulator.sent
    assert (message.text, message.problems) == (
        "Hi Ann, %2%",
        ("a placeholder without a variable",),
    )


async def test_a_message_without_an_id_is_a_problem(client: Client) -> None:
    await client.epochtasmsru(send_document().replace(' messageID="m-1"', ""))
    [message] = client.simulator.sent
    assert message.reference is None
    assert len(message.problems) == 1


async def test_balance_and_price_succeed_with_nought(client: Client) -> None:
    balance = (await client.epochtasmsru(envelope("BALANCE"))).xml()
    assert [balance.findtext(name) for name in ("status", "credits")] == ["0", "780.64"]
    price = (await client.epochtasmsru(send_document(operation="GETPRICE"))).xml()
    assert price.findtext("status") == "0"
    assert len(client.simulator.sent) == 0
    refused = (await client.epochtasmsru(envelope("BALANCE", password="x"))).xml()
    assert refused.findtext("status") == "-1"


async def test_an_unregistered_sender_is_refused() -> None:
    account = EpochtasmsruAccount(senders=frozenset({"Habar"}))
    settings = SimulatorSettings(epochtasmsru=account)
    async with serve_simulator(settings) as simulator, aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        assert (await client.epochtasmsru(send_document())).xml().findtext("status") == "1"
        answer = await client.epochtasmsru(send_document(sender="Other"))
        assert answer.xml().findtext("status") == "-7"
