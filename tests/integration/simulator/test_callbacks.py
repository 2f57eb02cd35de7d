"""What the providers post to the gateway: when, where to, how signed, how often."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from entrypoints.simulator.faults import Fault, FaultKind
from entrypoints.simulator.gateway import Gateway
from entrypoints.simulator.reporting import Reporting, Way
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import PHONE, Answer, Client, send_document
from tests.integration.simulator.receiver import Received, Receiver

URL = "https://sms.example.kz/callbacks/twilio/receipt?ref=9f2c"
SMSCRU, TWILIO, MOBIZONKZ = ProviderCode.SMSCRU, ProviderCode.TWILIO, ProviderCode.MOBIZONKZ
EVENTS = ("initiated", "ringing", "answered", "completed")
_PATIENCE_S = 30.0


def tell(client: Client, way: Way = Way.IN_ORDER, seconds: float = 0.05) -> None:
    client.simulator.reporting.set(Reporting(way=way, seconds=seconds))


async def told(client: Client) -> None:
    """Wait until there is nothing more to tell."""
    deadline = time.monotonic() + _PATIENCE_S
    while client.simulator.reporter.pending:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def words(client: Client, provider: ProviderCode) -> list[str]:
    return [posted.word for posted in client.simulator.callbacks.find(provider=provider)]


async def twilio_call(client: Client, status: str | None = None) -> list[str]:
    tell(client)
    client.simulator.states.set(State(provider=TWILIO, status=status))
    fields = aiohttp.FormData({"To": f"+{PHONE}", "From": "+15005550006", "StatusCallback": URL})
    fields.add_field("Twiml", "<Response><Say>Код</Say></Response>")
    for event in EVENTS:
        fields.add_field("StatusCallbackEvent", event)
    assert (await client.twilio_raw("POST", "Calls.json", data=fields)).status == 201
    await told(client)
    return words(client, TWILIO)


SENDS: dict[ProviderCode, tuple[Callable[[Client], Awaitable[Answer]], list[str]]] = {
    SMSCRU: (lambda client: client.smscru(id="h1"), ["0", "1"]),
    TWILIO: (lambda client: client.twilio(StatusCallback=URL), ["sent", "delivered"]),
    MOBIZONKZ: (lambda client: client.mobizonkz(), ["DELIVRD"]),
}
every_provider = pytest.mark.parametrize("provider", list(SENDS))


@every_provider
@pytest.mark.parametrize(
    ("way", "order"),
    [
        (Way.IN_ORDER, lambda story: story),
        (Way.LATE, lambda story: story),
        (Way.BEFORE_THE_ANSWER, lambda story: story),
        (Way.TWICE, lambda story: [word for word in story for _ in range(2)]),
        (Way.REVERSED, lambda story: story[::-1]),
        (Way.NEVER, lambda _: []),
    ],
)
async def test_each_way_has_its_order(
    client: Client,
    receiver: Receiver,
    provider: ProviderCode,
    way: Way,
    order: Callable[[list[str]], list[str]],
) -> None:
    send, story = SENDS[provider]
    tell(client, way)
    assert (await send(client)).status < 300
    if way is Way.BEFORE_THE_ANSWER:
        assert words(client, provider) == story
    await told(client)
    assert words(client, provider) == order(story)
    assert len(receiver.received) == len(order(story))


@every_provider
async def test_what_is_late_comes_after_the_answer(
    client: Client, receiver: Receiver, provider: ProviderCode
) -> None:
    tell(client, Way.LATE, seconds=600)
    await SENDS[provider][0](client)
    assert (client.simulator.reporter.pending, receiver.received) == (1, [])


async def test_epochta_tells_nothing(client: Client, receiver: Receiver) -> None:
    tell(client)
    await client.epochtasmsru(send_document())
    assert (client.simulator.reporter.pending, receiver.received) == (0, [])


async def test_smscru_signs_what_became_of_a_message(client: Client, receiver: Receiver) -> None:
    client.simulator.states.set(State(provider=SMSCRU, status=20, error_code=13))
    tell(client)
    await client.smscru(id="h1")
    await told(client)
    first, last = [received.form() for received in receiver.received]
    assert receiver.received[0].path == "/callbacks/smscru/receipt?charset=utf-8"
    assert (first["status"], first["err"]) == ("0", "0")
    assert (last["id"], last["phone"], last["status"], last["err"]) == ("h1", PHONE, "20", "13")
    checksum = hashlib.md5(f"h1:{PHONE}:20:smscru-phrase".encode(), usedforsecurity=False)
    assert last["md5"] == checksum.hexdigest()


async def test_smscru_says_that_it_was_a_call(client: Client, receiver: Receiver) -> None:
    client.simulator.states.set(State(provider=SMSCRU, status=20, error_code=240))
    tell(client)
    await client.smscru(id="h1", call="1")
    await told(client)
    last = receiver.received[-1].form()
    assert (last["type"], last["err"]) == ("7", "240")


async def test_twilio_signs_the_url_that_was_submitted(client: Client, receiver: Receiver) -> None:
    client.simulator.states.set(State(provider=TWILIO, status="undelivered", error_code=30003))
    tell(client)
    sid = (await client.twilio(StatusCallback=f"{URL}#rc=3&rp=ct,rt,5xx")).json()["sid"]
    await told(client)
    for received in receiver.received:
        assert received.path == "/callbacks/twilio/receipt?ref=9f2c"
        assert signed_by_twilio(client, URL, received)
    last = receiver.received[-1].form()
    assert (last["MessageSid"], last["MessageStatus"]) == (sid, "undelivered")
    assert (last["ErrorCode"], last["To"]) == ("30003", f"+{PHONE}")


@pytest.mark.parametrize(
    ("status", "story"),
    [
        (None, ["initiated", "ringing", "in-progress", "completed"]),
        ("busy", ["initiated", "ringing", "busy"]),
        ("no-answer", ["initiated", "ringing", "no-answer"]),
        ("failed", ["initiated", "failed"]),
    ],
)
async def test_a_call_at_twilio_tells_what_was_subscribed_to(
    client: Client, receiver: Receiver, status: str | None, story: list[str]
) -> None:
    assert await twilio_call(client, status) == story
    numbers = [received.form()["SequenceNumber"] for received in receiver.received]
    assert numbers == [str(number) for number in range(len(story))]
    last = receiver.received[-1].form()
    assert (last["CallStatus"], "CallDuration" in last) == (story[-1], True)
    assert signed_by_twilio(client, URL, receiver.received[-1])


async def test_a_call_without_a_subscription_tells_its_end(
    client: Client, receiver: Receiver
) -> None:
    tell(client)
    client.simulator.states.set(State(provider=TWILIO, status="busy"))
    await client.twilio("Calls", StatusCallback=URL)
    await told(client)
    assert [received.form()["CallStatus"] for received in receiver.received] == ["busy"]


async def test_mobizon_tells_final_states_alone(client: Client, receiver: Receiver) -> None:
    tell(client)
    client.simulator.states.set(State(provider=MOBIZONKZ, status="ACCEPTD"))
    await client.mobizonkz()
    assert client.simulator.reporter.pending == 0
    client.simulator.states.set(State(provider=MOBIZONKZ, status="UNDELIV"))
    message_id = (await client.mobizonkz()).json()["data"]["messageId"]
    await told(client)
    (received,) = receiver.received
    event = received.json()
    assert (event["data"]["messageId"], event["data"]["status"]) == (int(message_id), "UNDELIV")
    signed = f"{event['eventId']}|1|{event['eventCreateTs']}|mobizonkz-secret"
    sign = hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
    assert (received.path, event["sign"]) == ("/callbacks/mobizonkz/receipt", sign)


async def test_a_message_whose_answer_is_lost_is_told_of_all_the_same(
    client: Client, receiver: Receiver
) -> None:
    tell(client)
    client.simulator.faults.add(Fault(fault=FaultKind.ACCEPT_THEN_DROP, times=1))
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await client.smscru(id="h1")
    await told(client)
    assert [received.form()["id"] for received in receiver.received] == ["h1", "h1"]


@pytest.mark.parametrize(
    ("provider", "posts"), [(SMSCRU, 5 * 2), (MOBIZONKZ, 10), (TWILIO, 2)], ids=str
)
async def test_each_provider_insists_as_long_as_it_does(
    client: Client, receiver: Receiver, provider: ProviderCode, posts: int
) -> None:
    receiver.statuses = [503]
    tell(client, seconds=0)
    await SENDS[provider][0](client)
    await told(client)
    assert len(receiver.received) == posts
    assert {posted.http_status for posted in client.simulator.callbacks.find()} == {503}


async def test_twilio_insists_as_the_url_asks_and_under_one_token(
    client: Client, receiver: Receiver
) -> None:
    receiver.statuses = [500, 0, 404, 200]
    tell(client, seconds=0)
    await client.twilio(StatusCallback=f"{URL}#rc=3&rp=ct,rt,5xx")
    await told(client)
    posted = client.simulator.callbacks.find()
    assert [(item.word, item.attempt, item.http_status) for item in posted] == [
        ("sent", 1, 500),
        ("sent", 2, None),
        ("sent", 3, 404),
        ("delivered", 1, 200),
    ]
    tokens = [received.headers["I-Twilio-Idempotency-Token"] for received in receiver.received]
    assert (len(set(tokens[:3])), len(set(tokens))) == (1, 2)


async def test_mobizon_signs_each_attempt_anew(client: Client, receiver: Receiver) -> None:
    receiver.statuses = [500, 200]
    tell(client, seconds=0)
    await client.mobizonkz()
    await told(client)
    events = [received.json() for received in receiver.received]
    assert [event["attempt"] for event in events] == [1, 2]
    assert len({event["sign"] for event in events}) == 2
    assert len({event["eventId"] for event in events}) == 1


async def test_nobody_is_called_who_was_not_named(client: Client) -> None:
    tell(client, seconds=0)
    for send, _ in SENDS.values():
        await send(client)
    await told(client)
    assert client.simulator.callbacks.find() == []


async def test_twilio_calls_this_machine_without_being_told(
    client: Client, receiver: Receiver
) -> None:
    client.simulator.addresses.gateway = Gateway()
    tell(client, seconds=0)
    url = f"{receiver.url}/hook?ref=1"
    await client.twilio(StatusCallback=url)
    await told(client)
    assert [received.path for received in receiver.received] == ["/hook?ref=1"] * 2
    assert signed_by_twilio(client, url, receiver.received[0])


async def test_several_gateways_take_turns(client: Client, receiver: Receiver) -> None:
    tell(client, seconds=0)
    client.simulator.addresses.gateway = Gateway(urls=(f"{receiver.url}/a", f"{receiver.url}/b"))
    for _ in range(2):
        await client.smscru(id="h1")
        await told(client)
    assert sorted(received.path[:2] for received in receiver.received) == ["/a", "/a", "/b", "/b"]


async def test_a_gateway_that_is_down_is_written_down(client: Client, receiver: Receiver) -> None:
    receiver.statuses = [0]
    tell(client, seconds=0)
    await client.twilio(StatusCallback=URL)
    await told(client)
    posted = client.simulator.callbacks.find(provider=TWILIO, phone=f"+{PHONE}", reference="9f2c")
    assert [(item.http_status, bool(item.error)) for item in posted] == [(None, True)] * 2


async def test_a_state_that_changes_can_be_told_again(client: Client, receiver: Receiver) -> None:
    tell(client, seconds=0)
    await client.smscru(id="h1")
    await client.smscru(id="h2")
    await told(client)
    client.simulator.states.set(State(provider=SMSCRU, status=20))
    again = await client.request("POST", "/simulator/receipts/again?reference=h1")
    assert again.json() == {"messages": 1}
    await told(client)
    last = receiver.received[-1].form()
    assert (last["id"], last["status"], len(receiver.received)) == ("h1", "20", 6)


async def test_what_is_told_depends_on_the_phone(client: Client, receiver: Receiver) -> None:
    tell(client, seconds=0)
    quiet = Reporting(phone="+79031112233", way=Way.NEVER)
    client.simulator.reporting.set(quiet)
    await client.smscru(id="h1")
    await client.smscru(id="h2", phones="+79031112233")
    await told(client)
    assert {received.form()["id"] for received in receiver.received} == {"h1"}


def signed_by_twilio(client: Client, url: str, received: Received) -> bool:
    validator = RequestValidator(client.simulator.settings.twilio.token)
    signature = received.headers["X-Twilio-Signature"]
    return bool(validator.validate(url, received.form(), signature))
