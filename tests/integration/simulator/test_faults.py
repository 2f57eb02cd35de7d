"""Each fault breaks exactly what it says, and records exactly what it should."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from entrypoints.simulator.faults import Fault, FaultKind
from entrypoints.simulator.wire import Operation, ProviderCode
from tests.integration.simulator.client import PHONE, Answer, Client, send_document

SHORT = aiohttp.ClientTimeout(total=0.3)
SENDS: dict[ProviderCode, Callable[[Client], Awaitable[Answer]]] = {
    ProviderCode.SMSCRU: lambda client: client.smscru(),
    ProviderCode.TWILIO: lambda client: client.twilio(),
    ProviderCode.EPOCHTASMSRU: lambda client: client.epochtasmsru(send_document()),
    ProviderCode.MOBIZONKZ: lambda client: client.mobizonkz(),
}
every_provider = pytest.mark.parametrize("provider", list(ProviderCode))


def break_once(client: Client, kind: FaultKind, **more: object) -> None:
    fault = Fault(fault=kind, times=1, **more)  # type: ignore[arg-type]
    client.simulator.faults.add(fault)


async def outcome(client: Client, provider: ProviderCode) -> Answer | None:
    try:
        return await asyncio.wait_for(SENDS[provider](client), 0.3)
    except TimeoutError:
        return None


@every_provider
@pytest.mark.parametrize(
    ("kind", "recorded"), [(FaultKind.HANG, 0), (FaultKind.ACCEPT_THEN_HANG, 1)]
)
async def test_a_provider_that_hangs_never_answers(
    client: Client, provider: ProviderCode, kind: FaultKind, recorded: int
) -> None:
    break_once(client, kind, provider=provider)
    assert await outcome(client, provider) is None
    assert len(client.simulator.sent) == recorded
    assert await outcome(client, provider) is not None


@every_provider
@pytest.mark.parametrize(
    ("kind", "recorded"), [(FaultKind.DROP, 0), (FaultKind.ACCEPT_THEN_DROP, 1)]
)
async def test_a_dropped_connection_is_reset(
    client: Client, provider: ProviderCode, kind: FaultKind, recorded: int
) -> None:
    break_once(client, kind, provider=provider)
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await SENDS[provider](client)
    assert len(client.simulator.sent) == recorded


@pytest.mark.parametrize(
    ("provider", "code", "status", "part"),
    [
        (ProviderCode.SMSCRU, 4, 200, b'"error": "ip is blocked",\n"error_code": 4\n'),
        (ProviderCode.SMSCRU, 3, 200, b'"error_code": 3,\n"id": '),
        (ProviderCode.TWILIO, 20003, 401, b'"code": 20003'),
        (ProviderCode.TWILIO, 20429, 429, b'"Too Many Requests"'),
        (ProviderCode.TWILIO, 21610, 400, b'"code": 21610'),
        (ProviderCode.TWILIO, 21701, 404, b'"status": 404'),
        (ProviderCode.EPOCHTASMSRU, -3, 200, b"<RESPONSE><status>-3</status></RESPONSE>"),
        (ProviderCode.MOBIZONKZ, 30, 200, b'"code":30,"data":[]'),
        (ProviderCode.MOBIZONKZ, 13, 200, b'"data":"api.mobizon.ua"'),
    ],
)
async def test_a_refusal_comes_in_the_providers_own_envelope(
    client: Client, provider: ProviderCode, code: int, status: int, part: bytes
) -> None:
    break_once(client, FaultKind.REFUSE, provider=provider, code=code)
    answer = await SENDS[provider](client)
    assert answer.status == status
    assert part in answer.body
    assert len(client.simulator.sent) == 0


async def test_a_refusal_can_have_its_own_words_and_status(client: Client) -> None:
    break_once(client, FaultKind.REFUSE, code=20003, http_status=403, text="No right")
    answer = await client.twilio()
    assert (answer.status, answer.json()["message"]) == (403, "No right")


@every_provider
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failing_provider_answers_with_its_status(
    client: Client, provider: ProviderCode, status: int
) -> None:
    break_once(client, FaultKind.STATUS, http_status=status, retry_after=7)
    answer = await SENDS[provider](client)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
    if provider is ProviderCode.TWILIO:
        assert answer.json()["code"] == 20000 + status
    else:
        assert answer.body.startswith(b"<html>")
    assert len(client.simulator.sent) == 0


async def test_a_provider_can_take_a_message_and_fail_all_the_same(client: Client) -> None:
    break_once(client, FaultKind.STATUS, http_status=502, accept=True)
    answer = await client.twilio()
    assert (answer.status, answer.headers["Content-Type"]) == (502, "text/html")
    assert len(client.simulator.sent) == 1


@every_provider
async def test_garbage_is_a_web_page_with_200(client: Client, provider: ProviderCode) -> None:
    break_once(client, FaultKind.GARBAGE)
    answer = await SENDS[provider](client)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    assert len(client.simulator.sent) == 0


@every_provider
async def test_a_slow_answer_comes_in_drips_and_whole(
    client: Client, provider: ProviderCode
) -> None:
    whole = await SENDS[provider](client)
    break_once(client, FaultKind.SLOW, seconds=0.2)
    start = time.monotonic()
    answer = await SENDS[provider](client)
    assert time.monotonic() - start >= 0.2
    assert (answer.status, len(answer.body)) == (whole.status, len(whole.body))
    assert len(client.simulator.sent) == 2


async def test_latency_delays_a_normal_answer(client: Client) -> None:
    break_once(client, FaultKind.LATENCY, seconds=0.2)
    start = time.monotonic()
    assert (await client.smscru()).json()["cnt"] == 1
    assert time.monotonic() - start >= 0.2


async def test_an_oversize_body_is_as_long_as_it_says(client: Client) -> None:
    break_once(client, FaultKind.OVERSIZE, size=300_000)
    answer = await client.mobizonkz()
    assert (len(answer.body), answer.headers["Content-Length"]) == (300_000, "300000")


async def test_a_fault_strikes_as_often_as_it_says(client: Client) -> None:
    client.simulator.faults.add(Fault(fault=FaultKind.STATUS, times=2))
    statuses = [(await client.smscru()).status for _ in range(3)]
    assert statuses == [503, 503, 200]
    client.simulator.faults.add(Fault(fault=FaultKind.STATUS))
    assert [(await client.smscru()).status for _ in range(3)] == [503] * 3
    client.simulator.faults.clear()
    assert (await client.smscru()).status == 200


async def test_faults_strike_in_the_order_they_were_set(client: Client) -> None:
    break_once(client, FaultKind.STATUS, http_status=500)
    break_once(client, FaultKind.STATUS, http_status=503)
    assert [(await client.smscru()).status for _ in range(3)] == [500, 503, 200]


async def test_a_fault_strikes_sends_of_its_provider_only(client: Client) -> None:
    client.simulator.faults.add(Fault(fault=FaultKind.STATUS, provider=ProviderCode.SMSCRU))
    assert (await client.smscru()).status == 503
    assert (await client.smscru("balance")).status == 200
    assert (await client.smscru("status", phone=PHONE, id="a")).status == 200
    assert (await client.twilio()).status == 201
    client.simulator.faults.clear(ProviderCode.TWILIO)
    assert (await client.smscru()).status == 503
    client.simulator.faults.clear(ProviderCode.SMSCRU)
    assert (await client.smscru()).status == 200


async def test_a_fault_can_strike_lookups_or_anything(client: Client) -> None:
    client.simulator.faults.add(Fault(fault=FaultKind.STATUS, operation=Operation.LOOKUP))
    assert (await client.smscru()).status == 200
    assert (await client.smscru("status", phone=PHONE, id="a")).status == 503
    client.simulator.faults.clear()
    client.simulator.faults.add(Fault(fault=FaultKind.STATUS, operation=None))
    assert (await client.smscru("balance")).status == 503


async def test_a_fault_can_strike_one_path_or_one_recipient(client: Client) -> None:
    client.simulator.faults.add(Fault(fault=FaultKind.STATUS, path="calls.json"))
    assert (await client.twilio()).status == 201
    assert (await client.twilio("Calls")).status == 503
    client.simulator.faults.clear()
    client.simulator.faults.add(Fault(fault=FaultKind.STATUS, contains="79031112233"))
    assert (await client.twilio()).status == 201
    assert (await client.twilio(To="+79031112233")).status == 503


async def test_a_client_that_gives_up_frees_its_place(client: Client) -> None:
    client.simulator.faults.add(Fault(fault=FaultKind.HANG))
    for _ in range(20):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.smscru(), 0.02)
    client.simulator.faults.clear()
    await asyncio.sleep(0.05)
    assert (await client.smscru()).json()["cnt"] == 1
