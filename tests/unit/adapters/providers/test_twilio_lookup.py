from dataclasses import replace

import httpx
import pytest

from adapters.providers.twilio import Twilio
from domain.lookup import Attempt, Balance, Found, NoAnswer
from domain.message import Message
from tests.contracts.messages import NOW, a_message
from tests.contracts.providers import BalanceContract, LookupContract, Wire
from tests.unit.adapters.providers.twilio_exchanges import (
    AC,
    CA,
    SM,
    a_call,
    a_page,
    a_record,
    a_sid,
    error,
    found,
    twilio,
)


class TestSmsLookup(LookupContract):
    def lookup(self, transport: httpx.AsyncBaseTransport) -> Twilio:
        return twilio(transport)

    def knowing(self) -> httpx.Response:
        return a_page(a_record(status="delivered"))

    def not_knowing(self) -> httpx.Response:
        return a_page()


class TestCallLookup(TestSmsLookup):
    def message(self) -> Message:
        return a_call()

    def knowing(self) -> httpx.Response:
        return a_page(a_record(CA, status="completed", body=None), name="calls")

    def not_knowing(self) -> httpx.Response:
        return a_page(name="calls")


class TestKnownSmsLookup(TestSmsLookup):
    def message(self) -> Message:
        return a_message(provider_id=SM)

    def knowing(self) -> httpx.Response:
        return httpx.Response(200, json=a_record(status="delivered"))

    def not_knowing(self) -> httpx.Response:
        return error(404, 20404)


class TestKnownCallLookup(TestKnownSmsLookup):
    def message(self) -> Message:
        return replace(a_call(), provider_id=CA)

    def knowing(self) -> httpx.Response:
        return httpx.Response(200, json=a_record(CA, status="completed"))


class TestBalance(BalanceContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> Twilio:
        return twilio(transport)

    def telling(self, amount: str) -> httpx.Response:
        return httpx.Response(200, json={"balance": amount, "currency": "USD"})


@pytest.mark.parametrize(
    ("state", "code", "status"),
    [
        *((state, None, "submitted") for state in ("accepted", "scheduled", "queued", "sending")),
        *((state, None, "submitted") for state in ("sent", "partially_delivered", "received")),
        *((state, None, "submitted") for state in ("initiated", "ringing", "in-progress", "new!")),
        *((state, None, "delivered") for state in ("delivered", "read", "completed")),
        *((state, None, "undeliverable") for state in ("undelivered", "failed", "canceled")),
        *((state, None, "undeliverable") for state in ("busy", "no-answer")),
        *(("undelivered", code, "undeliverable") for code in (30003, 30004, 30005, 30006, 30007)),
        *(("undelivered", code, "undeliverable") for code in (30008, 30017, 30022, 30410, 30450)),
        *(("failed", code, "undeliverable") for code in (21610, 30001, 30002, 30018, 99999)),
        ("failed", 30036, "expired"),
        ("undelivered", 30036, "expired"),
        ("canceled", "30036", "expired"),
        ("delivered", 30036, "delivered"),
        ("sent", 30036, "submitted"),
    ],
)
async def test_a_state_means_what_the_manual_says(
    state: str, code: int | str | None, status: str
) -> None:
    record = httpx.Response(200, json=a_record(status=state, error_code=code))
    for lookup in (
        await found(record, a_message(provider_id=SM)),
        await found(a_page(a_record(status=state, error_code=code))),
    ):
        assert isinstance(lookup, Found)
        assert lookup.status == status
        assert lookup.provider_id == SM
        assert lookup.provider_code == (state if code is None else f"{state}/{code}")
        assert lookup.opted_out == (code == 21610)


async def test_the_providers_sentence_is_kept_without_the_number() -> None:
    lookup = await found(a_page(a_record(status="failed", error_message="No +77011234567")))
    assert isinstance(lookup, Found)
    assert lookup.text == "No 7701***4567"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (a_message(provider_id=SM), f"Messages/{SM}.json"),
        (replace(a_call(), provider_id=CA), f"Calls/{CA}.json"),
        (a_message(provider_id="../x?y"), "Messages/..%2Fx%3Fy.json"),
    ],
)
async def test_a_known_message_is_asked_for_by_its_sid(message: Message, path: str) -> None:
    wire = Wire(error(404, 20404))
    await twilio(wire.transport).find(Attempt(message=message, started_at=NOW))
    assert wire.request.method == "GET"
    assert wire.request.url.raw_path.decode() == f"/2010-04-01/Accounts/{AC}/{path}"
    assert wire.request.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<html>not found</html>"),
        error(404, None),
        error(401, 20003),
        httpx.Response(200, json=a_record(a_sid(1))),
        httpx.Response(200, json={"sid": SM, "status": None}),
    ],
)
async def test_only_twilios_own_404_says_that_a_message_is_not_there(
    answer: httpx.Response,
) -> None:
    assert isinstance(await found(answer, a_message(provider_id=SM)), NoAnswer)


async def test_a_busy_twilio_says_when_to_ask_again() -> None:
    lookup = await found(error(429, 20429, **{"retry-after": "7"}))
    assert lookup == NoAnswer("HTTP 429", retry_after_s=7)


async def test_the_balance_has_its_currency() -> None:
    wire = Wire(
        httpx.Response(200, json={"account_sid": AC, "balance": "-0.50", "currency": "USD"})
    )
    balance = await twilio(wire.transport).balance()
    assert isinstance(balance, Balance)
    assert (str(balance.amount), balance.currency) == ("-0.50", "USD")
    assert wire.request.url.path == f"/2010-04-01/Accounts/{AC}/Balance.json"


async def test_a_locked_account_tells_no_balance() -> None:
    balance = await twilio(Wire(error(401, 20003)).transport).balance()
    assert balance == NoAnswer("HTTP 401")
