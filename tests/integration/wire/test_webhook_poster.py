"""Webhooks on the wire: signed, to public addresses only, and no further."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from standardwebhooks.webhooks import Webhook

from adapters.http_engine import HttpEngine
from adapters.webhooks import poster as poster_module
from adapters.webhooks.poster import KEEP_BYTES, HttpPoster
from adapters.webhooks.resolver import PublicResolver
from adapters.webhooks.signature import read_secret
from application.ports.webhooks import Post
from domain.webhook import Answered, Delivery, DeliveryStatus
from tests.integration.wire.servers import Behaviour, Peer, Seen, serving

SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "QUJD" * 8)
BODY = b'{"type":"message.delivered"}'
NAME = "receiver.example"


class Names:
    """A name server whose answers change.

    Attributes:
        answers: one after another; the last one stays.
        asked: what for.
    """

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        del port
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def posting(
    names: Names | None = None, *, allow_private: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpPoster]:
    resolver = PublicResolver(names or Names(["127.0.0.1"]), allow_private=allow_private)
    engine = HttpEngine(connections=4, tls=tls, resolve=resolver, keep_bytes=KEEP_BYTES)
    poster = HttpPoster(engine, [read_secret(secret) for secret in SECRETS], "1.2.3")
    try:
        yield poster
    finally:
        await poster.close()


def post_to(url: str) -> Post:
    now = datetime.now(UTC)
    delivery = Delivery(
        id=uuid4(),
        event_id=uuid4(),
        event_type="message.delivered",
        message_id=uuid4(),
        url=url,
        status=DeliveryStatus.PENDING,
        attempts=0,
        created_at=now,
        updated_at=now,
        due_at=now,
    )
    return Post(delivery, BODY, uuid4())


def named(seen: Seen, path: str = "/habar?key=1") -> str:
    parts = urlsplit(seen.url)
    return f"{parts.scheme}://{NAME}:{parts.port}{path}"


def answering(status: int = 204, headers: bytes = b"", body: bytes = b"") -> Behaviour:
    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.answer(body, headers, status)

    return behave


async def told(behave: Behaviour, poster: HttpPoster) -> tuple[Answered, Seen]:
    async with serving(behave) as seen:
        return await poster.post(post_to(named(seen)), datetime.now(UTC)), seen


async def test_a_receiver_gets_what_the_standard_says() -> None:
    async with posting() as poster, serving(answering()) as seen:
        post = post_to(named(seen))
        assert await poster.post(post, datetime.now(UTC)) == Answered(status=204)
    head, _, body = seen.requests[0].partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(one.split(": ", 1) for one in lines)
    assert line == "POST /habar?key=1 HTTP/1.1"
    assert body == BODY
    assert headers["host"].startswith(f"{NAME}:")
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "habar/1.2.3"
    assert headers["webhook-id"] == str(post.delivery.event_id)
    for secret in SECRETS:
        assert Webhook(secret).verify(body, headers) == {"type": "message.delivered"}


@pytest.mark.parametrize("host", ["xn--80ak6aa92e.com", "xn--zzzz.com", "XN--Fa-HIA.de"])
async def test_a_name_is_asked_for_as_it_is_written(host: str) -> None:
    names = Names(["127.0.0.1"])
    async with posting(names) as poster, serving(answering()) as seen:
        url = named(seen).replace(NAME, host)
        assert await poster.post(post_to(url), datetime.now(UTC)) == Answered(status=204)
    assert names.asked == [host.lower()]
    assert f"host: {host.lower()}:".encode() in seen.requests[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    async with serving(answering()) as elsewhere, posting() as poster:
        location = f"Location: {elsewhere.url}/\r\n".encode()
        answer, seen = await told(answering(status, location), poster)
    assert answer.status == status
    assert not answer.good
    assert answer.error is not None
    assert answer.error.startswith(f"answered {status}")
    assert (len(seen.requests), elsewhere.connections) == (1, 0)


async def test_a_failure_says_how_long_the_receiver_wants_to_be_left_alone() -> None:
    async with posting() as poster:
        answer, _ = await told(answering(503, b"Retry-After: 120\r\n"), poster)
        assert (answer.error, answer.retry_after_s) == ("answered 503 Service Unavailable", 120)
        answer, _ = await told(answering(599), poster)
        assert (answer.error, answer.retry_after_s) == ("answered 599", 0)


async def test_no_more_of_an_answer_is_read_than_has_to_be() -> None:
    endless = asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        try:
            while True:
                await peer.say(b"x" * 65_536)
        finally:
            endless.set()

    async with posting() as poster:
        answer, _ = await told(behave, poster)
    assert answer == Answered(status=200)
    await asyncio.wait_for(endless.wait(), 10)


async def test_after_a_long_answer_the_next_post_has_a_connection_of_its_own() -> None:
    async with (
        posting() as poster,
        serving(answering(200, body=b"x" * (KEEP_BYTES + 1))) as seen,
    ):
        for _ in range(2):
            answer = await poster.post(post_to(named(seen)), datetime.now(UTC))
            assert answer == Answered(status=200)
        assert seen.connections == 2


async def test_an_answer_that_is_short_enough_leaves_the_connection_for_the_next() -> None:
    async with posting() as poster, serving(answering(200, body=b"x" * 1_000)) as seen:
        for _ in range(3):
            await poster.post(post_to(named(seen)), datetime.now(UTC))
        assert seen.connections == 1


async def test_a_receiver_that_never_answers_is_not_waited_for_longer_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poster_module, "TIMEOUT_S", 0.3)
    async with posting() as poster:
        answer, _ = await told(Peer.wait_ended, poster)
    assert answer.status is None
    assert answer.error == "no answer within 0.3 s"


async def test_a_receiver_that_is_not_there_is_told_without_its_address() -> None:
    async with serving(answering()) as seen:
        url = named(seen)
    async with posting() as poster:
        answer = await poster.post(post_to(url), datetime.now(UTC))
    assert (answer.status, answer.error) == (None, "ConnectionRefusedError")


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["93.184.215.14", "127.0.0.1"],
        ["127.0.0.1", "93.184.215.14"],
    ],
)
async def test_a_name_that_leads_inside_is_not_connected_to(found: list[str]) -> None:
    async with posting(Names(found), allow_private=False) as poster:
        answer, seen = await told(answering(), poster)
    assert answer.status is None
    assert answer.error == "the address is private; see WEBHOOK_ALLOW_PRIVATE"
    assert seen.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1", "localhost"])
async def test_the_machine_itself_is_not_connected_to_however_it_is_written(host: str) -> None:
    engine = HttpEngine(connections=4, resolve=PublicResolver(), keep_bytes=KEEP_BYTES)
    poster = HttpPoster(engine, [read_secret(SECRETS[0])], "1.2.3")
    async with serving(answering()) as seen:
        url = named(seen).replace(NAME, host)
        answer = await poster.post(post_to(url), datetime.now(UTC))
    await poster.close()
    assert answer.status is None
    assert seen.connections == 0


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name leads elsewhere as soon as it was asked for once."""
    names = Names(["192.0.2.1"], ["127.0.0.1"])
    dialled: list[object] = []
    loop = asyncio.get_running_loop()

    async def connect(make: object, host: str, port: int, **more: object) -> object:
        del make
        dialled.append((host, port, more))
        raise ConnectionRefusedError

    async with posting(names) as poster, serving(answering()) as seen:
        monkeypatch.setattr(loop, "create_connection", connect)
        await poster.post(post_to(named(seen)), datetime.now(UTC))
        monkeypatch.undo()
    port = urlsplit(seen.url).port
    assert dialled == [("192.0.2.1", port, {"ssl": None, "server_hostname": None})]
    assert names.asked == [NAME]


async def test_a_name_with_several_addresses_is_tried_one_by_one() -> None:
    async with posting(Names(["127.0.0.2", "127.0.0.1"])) as poster:
        answer, _ = await told(answering(), poster)
    assert answer == Answered(status=204)


@pytest.mark.parametrize("names", [[], ["no address"]])
async def test_a_name_without_addresses_is_a_failure(names: list[str]) -> None:
    async with posting(Names(names), allow_private=not names) as poster:
        answer, _ = await told(answering(), poster)
    assert answer.status is None
    assert answer.error


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
@pytest.mark.parametrize("name", [NAME, "another.example"])
async def test_certificates_are_checked_against_the_name_not_the_address(
    tmp_path: Path, name: str
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(  # noqa: S603, ASYNC221 - our own words
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-keyout", str(key), "-out", str(certificate)),
            *("-subj", "/CN=habar", "-addext", f"subjectAltName=DNS:{name}"),
        ],
        check=True,
        capture_output=True,
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    shown: list[str | None] = []
    server.sni_callback = lambda _, sni, __: shown.append(sni)
    client = ssl.create_default_context(cafile=str(certificate))
    async with posting(tls=client) as poster, serving(answering(), server) as seen:
        answer = await poster.post(post_to(named(seen)), datetime.now(UTC))
    assert shown == [NAME]
    assert answer.good is (name == NAME)
    assert bool(seen.requests) is (name == NAME)
