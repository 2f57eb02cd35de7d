"""``/callbacks/{provider}``: what is genuine changes a message, and nothing else does anything."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from adapters.persistence import tables
from application.errors import StorageUnavailableError
from application.places import Places
from application.routing import Carrier, Routing
from domain.inbound import InboundMessage
from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome, Unconfirmed
from domain.receipt import Receipt
from entrypoints.http.callbacks import MAX_CALLBACK_BYTES
from entrypoints.settings import Secret, Settings
from tests.contracts.callbacks import JUNK
from tests.fakes import ScriptedProvider
from tests.integration.http.service import Service, dummy, refusal, serving
from tests.integration.http.signing import (
    ACCOUNT_SID,
    FORM,
    MOBIZON_SECRET,
    PHONE,
    PUBLIC_URL,
    SMSCRU_SECRET,
    TWILIO_TOKEN,
    Signed,
    mobizonkz_receipt,
    smscru_receipt,
    smscru_text,
    twilio,
    twilio_call,
    twilio_receipt,
    twilio_text,
)

PATHS = [
    f"/callbacks/{provider}/{kind}"
    for provider in ("smscru", "twilio", "mobizonkz")
    for kind in ("receipt", "inbound")
]
LOST = "a text whose outcome is lost"
NO_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def carrying(message: Message) -> SubmitOutcome:
    """Take a message as its provider does."""
    if message.text == LOST:
        return Unconfirmed("no answer")
    names = {
        ("smscru", "sms"): f"h{message.id.hex}",
        ("twilio", "sms"): f"SM{message.id.hex}",
        ("twilio", "call"): f"CA{message.id.hex}",
        ("mobizonkz", "sms"): str(message.id.int % 10**9),
    }
    return Accepted(names[message.provider, str(message.channel)])


def routes() -> Routing:
    provider = ScriptedProvider(carrying)
    carriers = {
        code: Carrier(code=code, timeout_s=30, places=Places(4), sms=provider, voice=provider)
        for code in ("smscru", "twilio", "mobizonkz")
    }
    return Routing(carriers, "smscru")


def a_deployment(folder: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    settings: dict[str, Any] = {
        "smscru_username": "acme",
        "smscru_password": Secret("x"),
        "smscru_callback_secret": Secret(SMSCRU_SECRET),
        "twilio_sid": ACCOUNT_SID,
        "twilio_token": Secret(TWILIO_TOKEN),
        "twilio_phone": "+15005550006",
        "mobizonkz_api_key": Secret("x"),
        "mobizonkz_webhook_secret": Secret(MOBIZON_SECRET),
        "public_url": PUBLIC_URL,
    }
    return dummy(folder, **settings | more)


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    settings = a_deployment(tmp_path_factory.mktemp("habar"))
    async with serving(settings, routing=routes()) as service:
        yield service


async def sent(service: Service, provider: str, path: str = "/sms", text: str = "Hello") -> UUID:
    answer = await service.send(path, phones=[PHONE], provider=provider, message=text)
    (row,) = answer.json()["content"]["messages"]
    assert row["status"] in {"submitted", "unknown"}, answer.text
    return UUID(row["id"])


async def post(service: Service, callback: Signed) -> httpx.Response:
    return await service.client.post(callback.path, content=callback.body, headers=callback.headers)


async def take(service: Service, callback: Signed) -> None:
    answer = await post(service, callback)
    assert answer.status_code == 200, answer.text


async def story(service: Service, message_id: UUID) -> dict[str, Any]:
    answer = await service.client.get(f"/messages/{message_id}")
    message: dict[str, Any] = answer.json()["content"]["message"]
    return message


async def ends(service: Service, message_id: UUID) -> tuple[str, str]:
    """Tell a message's status and the provider's last word on it."""
    message = await story(service, message_id)
    last = message["history"][-1]
    assert message["status"] == last["event"]
    return message["status"], last["provider_code"]


async def count(service: Service, table: sa.Table) -> int:
    query = sa.select(sa.func.count()).select_from(table)
    async with service.container.engines().reader.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


async def test_smscru_says_that_a_message_arrived(gateway: Service) -> None:
    message_id = await sent(gateway, "smscru")
    answer = await post(gateway, smscru_receipt(message_id))
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["content-type"].startswith("text/plain")
    assert await ends(gateway, message_id) == ("delivered", "1")


async def test_smscru_says_why_a_message_did_not_arrive(gateway: Service) -> None:
    message_id = await sent(gateway, "smscru")
    await take(gateway, smscru_receipt(message_id, "20", "13"))
    assert await ends(gateway, message_id) == ("undeliverable", "20/13")


async def test_smscru_may_ask_by_get(gateway: Service) -> None:
    message_id = await sent(gateway, "smscru")
    signed = smscru_receipt(message_id)
    answer = await gateway.client.get(f"{signed.path}&{signed.body.decode()}")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert await ends(gateway, message_id) == ("delivered", "1")


async def test_twilio_says_that_a_message_arrived(gateway: Service) -> None:
    message_id = await sent(gateway, "twilio")
    answer = await post(gateway, twilio_receipt(message_id))
    assert (answer.status_code, answer.text) == (200, NO_REPLY)
    assert answer.headers["content-type"].startswith("text/xml")
    assert await ends(gateway, message_id) == ("delivered", "delivered")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("completed", "delivered"),
        ("busy", "undeliverable"),
        ("no-answer", "undeliverable"),
        ("failed", "undeliverable"),
    ],
)
async def test_twilio_says_how_a_call_went(gateway: Service, word: str, status: str) -> None:
    message_id = await sent(gateway, "twilio", "/call")
    await take(gateway, twilio_call(message_id, "initiated"))
    await take(gateway, twilio_call(message_id, word, SequenceNumber="1"))
    assert await ends(gateway, message_id) == (status, word)


async def test_a_lost_answer_is_made_good_by_the_reference(gateway: Service) -> None:
    message_id = await sent(gateway, "twilio", text=LOST)
    assert (await story(gateway, message_id))["status"] == "unknown"
    await take(gateway, twilio_receipt(message_id, "sent"))
    assert await ends(gateway, message_id) == ("submitted", "sent")


async def test_mobizon_has_to_be_asked_before_its_word_counts(gateway: Service) -> None:
    message_id = await sent(gateway, "mobizonkz")
    parked = await count(gateway, tables.parked_receipts)
    await take(gateway, mobizonkz_receipt(message_id.int % 10**9))
    assert (await story(gateway, message_id))["status"] == "submitted"
    assert await count(gateway, tables.parked_receipts) == parked + 1


async def test_a_receipt_for_a_message_nobody_knows_yet_is_kept(gateway: Service) -> None:
    parked = await count(gateway, tables.parked_receipts)
    await take(gateway, twilio_receipt(UUID(int=2**100)))
    assert await count(gateway, tables.parked_receipts) == parked + 1


@pytest.mark.parametrize("provider", ["smscru", "twilio"])
async def test_late_and_repeated_receipts_change_nothing(gateway: Service, provider: str) -> None:
    message_id = await sent(gateway, provider)
    if provider == "smscru":
        final, late = smscru_receipt(message_id), smscru_receipt(message_id, "0")
    else:
        final, late = twilio_receipt(message_id), twilio_receipt(message_id, "sent")
    await take(gateway, final)
    told = await story(gateway, message_id)
    for callback in (final, late, final, late):
        await take(gateway, callback)
    assert await story(gateway, message_id) == told


async def test_what_subscribers_write_is_kept_once(gateway: Service) -> None:
    before = await count(gateway, tables.inbound)
    for callback in (twilio_text("Привет"), smscru_text("Привет")):
        for _ in range(3):
            await take(gateway, callback)
    assert await count(gateway, tables.inbound) == before + 2


async def test_no_answer_is_sent_to_who_writes(gateway: Service) -> None:
    text = twilio_text("Привет", f"SM{'0' * 31}2")
    either = replace(text, path="/callbacks/twilio/receipt")
    resigned = twilio(either.path, {"MessageSid": f"SM{'0' * 31}3", "From": "+1", "Body": "x"})
    for callback in (text, resigned):
        answer = await post(gateway, callback)
        assert (answer.status_code, answer.text) == (200, NO_REPLY)


async def test_either_address_takes_either(gateway: Service) -> None:
    message_id = await sent(gateway, "smscru")
    signed = smscru_receipt(message_id)
    await take(gateway, replace(signed, path="/callbacks/smscru/inbound"))
    assert await ends(gateway, message_id) == ("delivered", "1")


def forged(message_id: UUID) -> list[Signed]:
    genuine = [smscru_receipt(message_id), twilio_receipt(message_id)]
    other = UUID(int=message_id.int ^ 1)
    return [
        *(replace(one, body=one.body.replace(b"1", b"2")) for one in genuine),
        replace(genuine[0], body=genuine[0].body.replace(b"md5=", b"md6=")),
        replace(genuine[1], headers={"Content-Type": FORM}),
        replace(genuine[1], path=f"{genuine[1].path}0"),
        replace(genuine[1], path=genuine[1].path.replace("/receipt", "/inbound")),
        replace(genuine[1], path="/callbacks/twilio/receipt"),
        twilio(f"/callbacks/twilio/receipt?ref={message_id.hex}", {}, base="http://habar"),
        twilio(f"/callbacks/twilio/receipt?ref={message_id.hex}", {}, token="another"),
        replace(genuine[1], headers=twilio_receipt(other).headers),
        replace(
            mobizonkz_receipt(1),
            body=mobizonkz_receipt(1).body.replace(b'"attempt": 1', b'"attempt": 2'),
        ),
    ]


@pytest.mark.parametrize("provider", ["smscru", "twilio"])
async def test_forged_callbacks_change_nothing_and_leave_no_trace_of_what_they_hold(
    gateway: Service, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    message_id = await sent(gateway, provider)
    told = await story(gateway, message_id)
    parked = await count(gateway, tables.parked_receipts)
    with caplog.at_level(logging.DEBUG):
        for callback in forged(message_id):
            answer = await post(gateway, callback)
            refusal(answer, 403, "callback_refused")
            assert not any(word in answer.text for word in (PHONE, message_id.hex))
    assert await story(gateway, message_id) == told
    assert await count(gateway, tables.parked_receipts) == parked
    hidden = (PHONE, SMSCRU_SECRET, TWILIO_TOKEN, MOBIZON_SECRET)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "aiosqlite"))]
    assert len(ours) >= len(forged(message_id))
    assert not [line for line in ours if any(word in line for word in hidden)]


async def test_the_host_a_stranger_names_proves_nothing(gateway: Service) -> None:
    message_id = await sent(gateway, "twilio")
    path = f"/callbacks/twilio/receipt?ref={message_id.hex}"
    fields = {"MessageSid": f"SM{message_id.hex}", "MessageStatus": "delivered"}
    signed = twilio(path, fields, base="https://evil.example")
    headers = {**signed.headers, "Host": "evil.example", "X-Forwarded-Proto": "https"}
    refusal(await post(gateway, replace(signed, headers=headers)), 403, "callback_refused")
    genuine = twilio_receipt(message_id)
    headers = {**genuine.headers, "Host": "evil.example"}
    await take(gateway, replace(genuine, headers=headers))


async def test_the_address_is_checked_as_it_was_written(gateway: Service) -> None:
    message_id = await sent(gateway, "twilio")
    path = f"/callbacks/twilio/%72eceipt?a=%41+%20&&ref={message_id.hex}&b"
    fields = {"MessageSid": f"SM{message_id.hex}", "MessageStatus": "delivered"}
    await take(gateway, twilio(path, fields))
    assert await ends(gateway, message_id) == ("delivered", "delivered")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [MAX_CALLBACK_BYTES + 1, 10_000_000])
async def test_too_large_a_callback_is_not_read(gateway: Service, path: str, size: int) -> None:
    answer = await gateway.client.post(path, content=b"a" * size, headers={"Content-Type": FORM})
    refusal(answer, 413, "body_too_large")


async def test_a_genuine_callback_that_is_too_large_is_not_taken(gateway: Service) -> None:
    message_id = await sent(gateway, "twilio")
    told = await story(gateway, message_id)
    signed = twilio_receipt(message_id, More="x" * MAX_CALLBACK_BYTES)
    refusal(await post(gateway, signed), 413, "body_too_large")

    async def in_pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(signed.body), 1000):
            yield signed.body[at : at + 1000]

    answer = await gateway.client.post(signed.path, content=in_pieces(), headers=signed.headers)
    refusal(answer, 413, "body_too_large")
    assert await story(gateway, message_id) == told


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk[:12]))
async def test_garbage_is_refused(gateway: Service, path: str, junk: bytes) -> None:
    for content_type in (FORM, "application/json", "\xff", "multipart/form-data"):
        headers = {"Content-Type": content_type, "X-Twilio-Signature": "\xff"}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await gateway.client.post(path, content=junk, headers=raw)
        assert answer.status_code in {400, 403}, answer.text
    answer = await gateway.client.get(f"{path}?{quote(junk[:500], safe='=&')}")
    assert answer.status_code in {400, 403}, answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/callbacks/nobody/receipt",
        "/callbacks/epochtasmsru/receipt",
        "/callbacks/dummy/inbound",
        "/callbacks/%00/receipt",
        "/callbacks/twilio",
        "/callbacks/twilio/other",
        "/callbacks//receipt",
        "/callbacks/",
    ],
)
async def test_there_is_nothing_else(gateway: Service, path: str) -> None:
    refusal(await gateway.client.post(path, content=b"a=1"), 404, "not_found")


async def test_a_provider_without_credentials_here_has_no_callbacks(service: Service) -> None:
    refusal(await post(service, smscru_receipt(UUID(int=1))), 404, "not_found")


@pytest.mark.parametrize(
    ("unset", "callback"),
    [
        ("smscru_callback_secret", smscru_receipt(UUID(int=1))),
        ("mobizonkz_webhook_secret", mobizonkz_receipt(1)),
        ("public_url", twilio_receipt(UUID(int=1))),
    ],
    ids=["smscru", "mobizonkz", "twilio"],
)
async def test_what_cannot_be_checked_here_is_refused(
    tmp_path: Path, unset: str, callback: Signed
) -> None:
    async with serving(a_deployment(tmp_path, **{unset: None})) as service:
        refusal(await post(service, callback), 403, "callback_refused")
        assert await count(service, tables.parked_receipts) == 0


async def test_callbacks_need_no_key_and_open_no_other_door(tmp_path: Path) -> None:
    settings = a_deployment(
        tmp_path, api_keys=(Secret("k"),), twilio_callback_tokens=(Secret("former"),)
    )
    async with serving(settings) as service:
        await take(service, smscru_receipt(UUID(int=1)))
        for token in ("former", TWILIO_TOKEN):
            fields = {"MessageSid": f"SM{'0' * 32}", "MessageStatus": "sent"}
            await take(service, twilio("/callbacks/twilio/receipt", fields, token=token))
        for path in ("/callbacks/../sms", "/callbacks/%2e%2e/sms", "/callbacks//sms"):
            answer = await service.client.post(path, json={})
            assert answer.status_code in {401, 404}


class Away:
    """A database that cannot be reached."""

    async def __call__(self, _: Receipt | InboundMessage) -> None:
        raise StorageUnavailableError("away")


@pytest.mark.parametrize(
    "callback",
    [smscru_receipt(UUID(int=1)), smscru_text("x"), twilio_text("x")],
    ids=["receipt", "smscru text", "twilio text"],
)
async def test_while_the_database_is_away_it_has_to_come_again(
    tmp_path: Path, callback: Signed
) -> None:
    ports = {"record_receipt": Away(), "receive_inbound": Away()}
    async with serving(a_deployment(tmp_path), **ports) as service:
        answer = await post(service, callback)
        refusal(answer, 503, "storage_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
