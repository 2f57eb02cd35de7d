"""The HTTP engine and ``exchange``: what may have been written is never ``Unavailable``."""

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from adapters import http_engine
from adapters.exchange import Answer, exchange
from adapters.http_connection import MAX_ANSWER_BYTES
from adapters.http_engine import HttpEngine
from domain.outcome import Unavailable, UnavailableKind, Unconfirmed
from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.faults import Fault, FaultKind
from entrypoints.simulator.wire import Operation
from tests.integration.wire.servers import Behaviour, Peer, serving

TIMEOUT_S = 2.0
SHORTEST_KEEP_ALIVE_S = 5.0
"""Common servers close an idle connection after so long."""
BODY = b"mes=" + b"x" * 100
Outcome = Answer | Unavailable | Unconfirmed


@pytest.fixture
async def engine() -> AsyncIterator[HttpEngine]:
    engine = HttpEngine(connections=4)
    yield engine
    await engine.aclose()


async def post(
    engine: HttpEngine, url: str, body: bytes = BODY, *, timeout_s: float = TIMEOUT_S
) -> Outcome:
    request = httpx.Request("POST", url, headers={"Accept-Encoding": "identity"}, content=body)
    return await exchange(engine, request, timeout_s=timeout_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Nothing was written: Unavailable.


async def test_a_refused_connection_is_unavailable(engine: HttpEngine) -> None:
    outcome = await post(engine, f"http://127.0.0.1:{free_port()}/")
    assert isinstance(outcome, Unavailable)
    assert outcome.kind is UnavailableKind.NETWORK


async def test_a_name_that_does_not_resolve_is_unavailable(engine: HttpEngine) -> None:
    assert isinstance(await post(engine, "http://nobody.invalid/"), Unavailable)


async def test_tls_to_a_port_that_speaks_none_is_unavailable(engine: HttpEngine) -> None:
    async with serving(lambda peer: peer.say(b"220 smtp ready\r\n")) as seen:
        outcome = await post(engine, seen.url.replace("http", "https"))
    assert isinstance(outcome, Unavailable)


async def test_tls_that_never_answers_is_unavailable(engine: HttpEngine) -> None:
    async with serving(Peer.wait_ended) as seen:
        outcome = await post(engine, seen.url.replace("http", "https"))
        assert isinstance(outcome, Unavailable)
        await asyncio.wait_for(seen.ended.wait(), 20)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
async def test_a_self_signed_certificate_is_unavailable(engine: HttpEngine, tmp_path: Path) -> None:
    async with serving(_answering, _self_signed(tmp_path)) as seen:
        outcome = await post(engine, seen.url)
        assert isinstance(outcome, Unavailable)
        assert not seen.requests


async def test_a_server_that_accepts_nothing_is_unavailable(engine: HttpEngine) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):  # they fill the backlog
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        outcome = await post(engine, f"http://127.0.0.1:{port}/", timeout_s=1)
    assert isinstance(outcome, Unavailable)


async def test_no_free_connection_is_unavailable(engine: HttpEngine) -> None:
    async with serving(Peer.wait_ended) as seen:
        held = [asyncio.create_task(post(engine, seen.url, timeout_s=20)) for _ in range(4)]
        await seen.until(connections=4)
        outcome = await post(engine, seen.url, timeout_s=1)
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
    assert isinstance(outcome, Unavailable)
    assert seen.connections == 4


# It may have been written: Unconfirmed.


async def _answering(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.answer()


async def _nothing(_: Peer) -> None:
    await asyncio.sleep(60)


async def _close_at_once(peer: Peer) -> None:
    peer.writer.close()


async def _reset_at_once(peer: Peer) -> None:
    peer.reset()


async def _close_after_the_head(peer: Peer) -> None:
    await peer.reader.readuntil(b"\r\n\r\n")


async def _close_after_the_request(peer: Peer) -> None:
    await peer.request()


async def _reset_after_the_request(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def _close_inside_the_status_line(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 2")


async def _close_inside_the_headers(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Le")


async def _close_inside_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


async def _reset_inside_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await asyncio.sleep(0.05)
    peer.reset()


async def _close_inside_a_chunk(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhalf")


async def _rubbish_for_a_chunk(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n")
    await asyncio.sleep(0.05)
    await peer.say(b"zz\r\nrubbish\r\n\r\n")


async def _rubbish_chunk_at_once(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nrubbish\r\n\r\n")


async def _rubbish(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


async def _rubbish_before_the_request(peer: Peer) -> None:
    await peer.say(b"421 too many connections\r\n")
    await peer.reader.read()


async def _two_lengths(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nOK!")


async def _endless_header(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        await peer.say(b"x" * 1000)


async def _endless_headers(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\n")
    while True:
        await peer.say(b"X: " + b"x" * 1000 + b"\r\n")


async def _silence(peer: Peer) -> None:
    await peer.request()
    await peer.wait_ended()


async def _drip_in_the_head(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        await peer.say(b".")
        await asyncio.sleep(0.1)


async def _drip_in_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await peer.say(b".")
        await asyncio.sleep(0.1)


async def _answer_after_the_deadline(peer: Peer) -> None:
    await peer.request()
    await asyncio.sleep(TIMEOUT_S)
    await peer.answer()


async def _continue_for_ever(peer: Peer) -> None:
    await peer.request()
    while True:
        await peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.1)


async def _oversize(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
    while True:
        await peer.say(b"x" * 65536)


async def _oversize_without_length(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await peer.say(b"10000\r\n" + b"x" * 65536 + b"\r\n")


QUICK: list[Behaviour] = [
    _close_after_the_head,
    _close_after_the_request,
    _reset_after_the_request,
    _close_inside_the_status_line,
    _close_inside_the_headers,
    _close_inside_the_body,
    _reset_inside_the_body,
    _close_inside_a_chunk,
    _rubbish_chunk_at_once,
    _rubbish,
    _two_lengths,
    _endless_header,
    _endless_headers,
    _rubbish_for_a_chunk,
    _oversize,
    _oversize_without_length,
]
SLOW: list[Behaviour] = [
    _nothing,
    _silence,
    _drip_in_the_head,
    _drip_in_the_body,
    _answer_after_the_deadline,
    _continue_for_ever,
]


@pytest.mark.parametrize("behave", QUICK)
async def test_a_connection_that_goes_wrong_leaves_the_outcome_open(
    engine: HttpEngine, behave: Behaviour
) -> None:
    async with serving(behave) as seen:
        outcome = await post(engine, seen.url)
    assert isinstance(outcome, Unconfirmed), outcome
    assert not outcome.text.startswith("no answer within")


async def test_an_answer_that_is_late_leaves_the_outcome_open() -> None:
    async def late(behave: Behaviour) -> Outcome:
        engine = HttpEngine(connections=1)
        async with serving(behave) as seen:
            outcome = await post(engine, seen.url, timeout_s=1)
        await engine.aclose()
        return outcome

    outcomes = await asyncio.gather(*map(late, SLOW))
    assert outcomes == [Unconfirmed("no answer within 1 s")] * len(SLOW)


async def test_a_body_that_is_not_taken_leaves_the_outcome_open(engine: HttpEngine) -> None:
    async def close_inside(peer: Peer) -> None:
        await peer.reader.readexactly(1000)
        peer.reset()

    async with serving(close_inside) as seen:
        outcome = await post(engine, seen.url, b"x" * 1_000_000)
    assert isinstance(outcome, Unconfirmed)


async def test_a_failure_is_told_without_the_address(engine: HttpEngine) -> None:
    async with serving(_close_after_the_request) as seen:
        outcomes = [
            await post(engine, f"{seen.url}/?psw=s3cret"),
            await post(engine, f"http://127.0.0.1:{free_port()}/?psw=s3cret"),
            await post(engine, "http://nobody.invalid/?psw=s3cret"),
        ]
    assert "s3cret" not in repr(outcomes)
    assert "127.0.0.1" not in repr(outcomes)


@pytest.mark.parametrize("behave", [_close_at_once, _reset_at_once, _rubbish_before_the_request])
async def test_a_server_that_does_not_listen_is_noticed_at_once(
    engine: HttpEngine, behave: Behaviour
) -> None:
    async with serving(behave) as seen, asyncio.timeout(25):
        outcomes = [await post(engine, seen.url, timeout_s=30) for _ in range(30)]
    assert not any(isinstance(outcome, Answer) for outcome in outcomes)
    assert not seen.requests


# Connections that are kept.


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_a_kept_connection_that_was_ended_is_never_unavailable(
    engine: HttpEngine, ending: str
) -> None:
    async def once(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        if ending == "reset":
            await asyncio.sleep(0.01)
            peer.reset()

    async with serving(once) as seen:
        for pause_s in (0, 0, 0.001, 0.005, 0.01, 0.02, 0.05):
            outcome = await post(engine, seen.url)
            assert isinstance(outcome, Answer | Unconfirmed), outcome
            await asyncio.sleep(pause_s)


async def test_a_kept_connection_that_dies_under_the_next_request_leaves_it_open(
    engine: HttpEngine,
) -> None:
    async def die_on_the_second(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()
        peer.reset()

    async with serving(die_on_the_second) as seen:
        assert isinstance(await post(engine, seen.url), Answer)
        outcome = await post(engine, seen.url)
        assert isinstance(outcome, Unconfirmed)
        assert len(seen.requests) == 2  # it was not sent again


@pytest.mark.parametrize(
    "rest",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTT",
        b"\r\nrubbish",
    ],
)
@pytest.mark.parametrize("pause_s", [0.0, 0.02])
async def test_what_nobody_asked_for_answers_no_later_request(
    engine: HttpEngine, rest: bytes, pause_s: float
) -> None:
    async def say_too_much(peer: Peer) -> None:
        await peer.request()
        if pause_s:
            await peer.answer(b"first")
            await asyncio.sleep(pause_s)
            await peer.say(rest)
        else:
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst" + rest)
        await peer.request()
        await peer.say(b"other")

    async with serving(say_too_much) as seen:
        for _ in range(2):
            outcome = await post(engine, seen.url)
            assert isinstance(outcome, Answer)
            assert outcome.content == b"first"
            await asyncio.sleep(2 * pause_s)
        assert seen.connections == 2


async def test_a_connection_is_used_again(engine: HttpEngine) -> None:
    async with serving(_answering) as seen:
        for _ in range(5):
            assert isinstance(await post(engine, seen.url), Answer)
        assert seen.connections == 1


async def test_no_connection_is_kept_for_longer_than_servers_keep_them(
    engine: HttpEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert http_engine.IDLE_CONNECTION_S < SHORTEST_KEEP_ALIVE_S
    monkeypatch.setattr(http_engine, "IDLE_CONNECTION_S", 0.3)

    async def keep(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.wait_ended()

    async with serving(keep) as seen:
        await post(engine, seen.url)
        await asyncio.wait_for(seen.ended.wait(), 20)


async def test_there_are_never_more_connections_than_allowed(engine: HttpEngine) -> None:
    open_now, most = 0, 0

    async def count(peer: Peer) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            while True:
                await peer.request()
                await asyncio.sleep(0.02)
                await peer.answer()
        finally:
            open_now -= 1

    async with serving(count) as seen:
        outcomes = await asyncio.gather(*(post(engine, seen.url, timeout_s=20) for _ in range(40)))
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert most == 4


@pytest.mark.parametrize("pause_s", [0.0, 0.05])
async def test_a_cancelled_exchange_closes_its_connection(
    engine: HttpEngine, pause_s: float
) -> None:
    async with serving(_silence) as seen:
        task = asyncio.create_task(post(engine, seen.url, timeout_s=30))
        await seen.until(requests=1)
        await asyncio.sleep(pause_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(seen.ended.wait(), 20)


async def test_a_deadline_closes_the_connection(engine: HttpEngine) -> None:
    async with serving(_silence) as seen:
        await post(engine, seen.url, timeout_s=1)
        await asyncio.wait_for(seen.ended.wait(), 20)


# What is asked for, and what comes back.


async def test_nothing_is_added_that_changes_the_answer(
    engine: HttpEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def bake(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.answer(headers=b"Set-Cookie: session=1; Path=/\r\n")

    async with serving(bake) as seen:
        for _ in range(2):
            assert isinstance(await post(engine, seen.url), Answer)
    heads = [request.partition(b"\r\n\r\n")[0].lower() for request in seen.requests]
    assert len(heads) == 2
    for head in heads:
        assert b"authorization" not in head
        assert b"cookie" not in head
        assert b"gzip" not in head
        assert head.count(b"content-length") == 1


async def test_a_redirect_is_an_answer(engine: HttpEngine) -> None:
    async def redirect(peer: Peer) -> None:
        await peer.request()
        await peer.answer(b"", b"Location: /elsewhere\r\n", 307)

    async with serving(redirect) as seen:
        outcome = await post(engine, seen.url)
        assert isinstance(outcome, Answer)
        assert outcome.status_code == 307
        assert len(seen.requests) == 1


async def test_an_interim_answer_is_not_the_answer(engine: HttpEngine) -> None:
    async def interim(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        await peer.answer(b"final")

    async with serving(interim) as seen:
        outcome = await post(engine, seen.url)
    assert isinstance(outcome, Answer)
    assert (outcome.status_code, outcome.content) == (200, b"final")


async def test_a_packed_answer_comes_as_it_is(engine: HttpEngine) -> None:
    packed = gzip.compress(b"0" * 50_000_000)

    async def pack(peer: Peer) -> None:
        await peer.request()
        await peer.answer(packed, b"Content-Encoding: gzip\r\n")

    async with serving(pack) as seen:
        outcome = await post(engine, seen.url)
    assert isinstance(outcome, Answer)
    assert outcome.content == packed


async def test_an_answer_of_the_largest_size_is_read(engine: HttpEngine) -> None:
    async def large(peer: Peer) -> None:
        await peer.request()
        await peer.answer(b"x" * MAX_ANSWER_BYTES)

    async with serving(large) as seen:
        outcome = await post(engine, seen.url)
    assert isinstance(outcome, Answer)
    assert len(outcome.content) == MAX_ANSWER_BYTES


async def test_an_answer_that_ends_with_its_connection_is_read(engine: HttpEngine) -> None:
    async def old(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.0 200 OK\r\n\r\nwhole")

    async with serving(old) as seen:
        outcome = await post(engine, seen.url)
    assert isinstance(outcome, Answer)
    assert outcome.content == b"whole"


async def test_no_fault_of_a_provider_is_unavailable_by_itself() -> None:
    engine = HttpEngine(connections=len(FaultKind))
    async with serve_simulator() as simulator:
        for kind in FaultKind:
            path = f"/{kind}.php"
            fault = Fault(fault=kind, operation=Operation.OTHER, path=path, code=1, seconds=0.1)
            simulator.faults.add(fault)
        urls = [f"{simulator.url}/sys/{kind}.php" for kind in FaultKind]
        outcomes = await asyncio.gather(*(post(engine, url, timeout_s=1) for url in urls))
        await engine.aclose()
    silent = {"accept_then_hang", "accept_then_drop", "hang", "drop", "oversize"}
    for kind, outcome in zip(FaultKind, outcomes, strict=True):
        assert isinstance(outcome, Unconfirmed if kind in silent else Answer), (kind, outcome)


def _self_signed(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(  # noqa: S603 - our own words
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-keyout", str(key), "-out", str(certificate)),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
