"""Twilio's stand-in answers and refuses as the provider does."""

import aiohttp
import pytest

from entrypoints.simulator.accounts import SimulatorSettings, TwilioAccount
from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import PHONE, Client, twiml

TWILIO = ProviderCode.TWILIO
SERVICE = "MG" + "4f" * 16


async def test_a_message_is_created_and_queued(client: Client) -> None:
    answer = await client.twilio(From="AcmeBank")
    body = answer.json()
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Twilio-Request-Id"].startswith("RQ")
    assert list(body)[:8] == [
        *("sid", "account_sid", "status", "direction", "to", "from"),
        *("messaging_service_sid", "body"),
    ]
    assert (body["status"], body["num_segments"], body["date_sent"]) == ("queued", "1", None)
    assert body["to"] == f"+{PHONE}"
    assert body["error_code"] is None
    assert body["date_created"].endswith(" +0000")
    assert len(body["sid"]) == 34


async def test_a_message_is_kept_with_the_reference_of_its_callback(client: Client) -> None:
    sid = (await client.twilio(StatusCallback="https://example.kz/hook?ref=9f2c#rc=3")).json()[
        "sid"
    ]
    [message] = client.simulator.sent
    assert (message.reference, message.provider_id) == ("9f2c", sid)
    assert (message.recipient, message.sender, message.channel) == (PHONE, "+15005550006", "sms")


async def test_a_service_accepts_without_a_sender(client: Client) -> None:
    body = (await client.twilio(From=None, MessagingServiceSid=SERVICE)).json()
    assert (body["status"], body["from"], body["num_segments"]) == ("accepted", None, "0")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "+7701"}, 21211),
        ({"To": PHONE}, 21211),
        ({"To": "+15005550006"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550002"}, 21612),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550009"}, 21614),
        ({"From": "+15005550001"}, 21212),
        ({"From": "+15005550007"}, 21606),
        ({"From": "+15005550008"}, 21611),
        ({"From": None}, 21603),
        ({"From": "A name too long"}, 21212),
        ({"To": "+14155550100", "From": "AcmeBank"}, 21612),
        ({"From": None, "MessagingServiceSid": "MG1"}, 21705),
        ({"Body": None}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": ""}, 20001),
        ({"StatusCallback": "https://my_host.kz/"}, 21609),
        ({"StatusCallback": "ftp://example.kz/"}, 21609),
        ({"StatusCallback": "http://[::1"}, 21609),
    ],
)
async def test_a_bad_message_is_refused(
    client: Client, fields: dict[str, str | None], code: int
) -> None:
    answer = await client.twilio(**fields)
    body = answer.json()
    assert answer.status == 400
    assert list(body) == ["code", "message", "more_info", "status"]
    assert (body["code"], body["status"]) == (code, 400)
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert len(client.simulator.sent) == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": None}, 21201),
        ({"From": None}, 21213),
        ({"To": "+7701"}, 21217),
        ({"To": "+15005550001"}, 21217),
        ({"To": "+15005550002"}, 21214),
        ({"To": "+15005550003"}, 21215),
        ({"To": "+15005550004"}, 21216),
        ({"From": "AcmeBank"}, 21212),
        ({"From": "+15005550001"}, 21212),
        ({"Twiml": None}, 21205),
        ({"Twiml": twiml("x" * 4000)}, 32018),
        ({"Timeout": "601"}, 21208),
        ({"Timeout": "soon"}, 20001),
        ({"StatusCallbackEvent": "initiated completed"}, 21626),
    ],
)
async def test_a_bad_call_is_refused(
    client: Client, fields: dict[str, str | None], code: int
) -> None:
    answer = await client.twilio("Calls", **fields)
    assert (answer.status, answer.json()["code"]) == (400, code)
    assert len(client.simulator.sent) == 0


async def test_a_call_is_kept_with_its_document_and_its_speech(client: Client) -> None:
    document = twiml("Ваш код: 4, 8", ", 2 & 1")
    answer = await client.twilio("Calls", Twiml=document)
    assert answer.status == 201
    assert answer.json()["sid"].startswith("CA")
    assert (answer.json()["status"], answer.json()["duration"]) == ("queued", "")
    [call] = client.simulator.sent
    assert (call.channel, call.twiml) == ("call", document)
    assert (call.text, call.spoken) == ("Ваш код: 4, 8, 2 & 1", ("Ваш код: 4, 8", ", 2 & 1"))
    assert call.problems == ()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("<Response><Say>Tom & Jerry</Say></Response>", "12100"),
        ("<Say>hello</Say>", "12100"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>', "12100"),
        (twiml("ж" * 751), "13521"),
        (twiml("x" * 3001), "13521"),
        ('<Response><Say language="kk-KZ">s</Say></Response>', "kk-KZ"),
        ("<Response><Pause/></Response>", "says nothing"),
        (twiml(" "), "empty"),
    ],
)
async def test_a_document_that_would_go_wrong_is_taken_and_told(
    client: Client, document: str, problem: str
) -> None:
    assert (await client.twilio("Calls", Twiml=document)).status == 201
    [call] = client.simulator.sent
    assert len(call.problems) == 1
    assert problem in call.problems[0]


async def test_a_document_is_ignored_beside_an_address(client: Client) -> None:
    await client.twilio("Calls", Url="https://example.kz/twiml")
    [call] = client.simulator.sent
    assert call.problems == ("32019: Twiml is ignored beside Url",)


async def test_wrong_credentials_are_401(client: Client) -> None:
    answer = await client.twilio_raw("POST", "Messages.json", token="wrong")
    assert (answer.status, answer.json()["code"]) == (401, 20003)
    path = f"/2010-04-01/Accounts/{client.simulator.settings.twilio.sid}/Messages.json"
    assert (await client.request("GET", path)).status == 401


@pytest.mark.parametrize("tail", ["messages.json", "Messages", "Media.json", "Messages/.json"])
async def test_another_path_is_404(client: Client, tail: str) -> None:
    answer = await client.twilio_raw("POST", tail)
    assert (answer.status, answer.json()["code"]) == (404, 20404)


async def test_another_account_is_404(client: Client) -> None:
    answer = await client.twilio_raw("GET", "Messages.json", sid="AC" + "f" * 32)
    assert answer.status == 404


async def test_another_method_is_405(client: Client) -> None:
    assert (await client.twilio_raw("PUT", "Messages.json")).status == 405


async def test_a_json_body_is_not_read(client: Client) -> None:
    answer = await client.twilio_raw("POST", "Messages.json", json={"To": f"+{PHONE}"})
    assert answer.json()["code"] == 21604


async def test_a_message_is_fetched_by_its_sid(client: Client) -> None:
    sid = (await client.twilio()).json()["sid"]
    body = (await client.twilio_raw("GET", f"Messages/{sid}.json")).json()
    assert (body["sid"], body["status"]) == (sid, "delivered")
    assert body["date_sent"] is not None
    missing = await client.twilio_raw("GET", f"Messages/SM{'0' * 32}.json")
    assert (missing.status, missing.json()["code"]) == (404, 20404)
    assert (await client.twilio_raw("GET", f"Calls/{sid}.json")).status == 404


async def test_a_call_is_completed_or_what_was_set(client: Client) -> None:
    sid = (await client.twilio("Calls")).json()["sid"]
    body = (await client.twilio_raw("GET", f"Calls/{sid}.json")).json()
    assert (body["status"], body["duration"]) == ("completed", "12")
    client.simulator.states.set(State(provider=TWILIO, id=sid, status="busy"))
    body = (await client.twilio_raw("GET", f"Calls/{sid}.json")).json()
    assert (body["status"], body["duration"]) == ("busy", "0")


async def test_a_failed_message_carries_its_error_code(client: Client) -> None:
    sid = (await client.twilio()).json()["sid"]
    state = State(provider=TWILIO, phone=PHONE, status="undelivered", error_code=30003)
    client.simulator.states.set(state)
    body = (await client.twilio_raw("GET", f"Messages/{sid}.json")).json()
    assert (body["status"], body["error_code"]) == ("undelivered", 30003)


async def test_a_list_is_newest_first_and_goes_by_pages(client: Client) -> None:
    sids = [(await client.twilio(Body=str(i))).json()["sid"] for i in range(3)]
    await client.twilio(To="+79031112233")
    await client.twilio("Calls")
    query = {"To": f"+{PHONE}", "From": "+15005550006", "PageSize": "2"}
    first = (await client.twilio_raw("GET", "Messages.json", params=query)).json()
    assert [message["sid"] for message in first["messages"]] == [sids[2], sids[1]]
    assert (first["page"], first["page_size"], first["start"], first["end"]) == (0, 2, 0, 1)
    assert first["first_page_uri"].endswith(
        "?To=%2B77011234567&From=%2B15005550006&PageSize=2&Page=0"
    )
    tail = first["next_page_uri"].rpartition("/")[2]
    assert "%2B" in tail
    query["Page"] = "1"
    last = (await client.twilio_raw("GET", "Messages.json", params=query)).json()
    assert [message["sid"] for message in last["messages"]] == [sids[0]]
    assert last["next_page_uri"] is None
    calls = (await client.twilio_raw("GET", "Calls.json", params={"To": f"+{PHONE}"})).json()
    assert len(calls["calls"]) == 1


async def test_a_list_can_be_empty_or_asked_for_wrongly(client: Client) -> None:
    empty = (await client.twilio_raw("GET", "Messages.json")).json()
    assert (empty["messages"], empty["next_page_uri"]) == ([], None)
    wrong = await client.twilio_raw("GET", "Messages.json", params={"PageSize": "many"})
    assert (wrong.status, wrong.json()["code"]) == (400, 20001)


async def test_the_balance_is_told(client: Client) -> None:
    body = (await client.twilio_raw("GET", "Balance.json")).json()
    sid = client.simulator.settings.twilio.sid
    assert body == {"account_sid": sid, "balance": "42.17", "currency": "USD"}


async def test_a_sender_of_somebody_else_is_refused() -> None:
    settings = SimulatorSettings(twilio=TwilioAccount(senders=frozenset({"+15005550006"})))
    async with serve_simulator(settings) as simulator, aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        assert (await client.twilio()).status == 201
        assert (await client.twilio(From="+15005550010")).json()["code"] == 21606
        assert (await client.twilio("Calls", From="+15005550010")).json()["code"] == 21210
