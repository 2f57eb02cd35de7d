"""What a caller sees when the database is away, the provider fails, or there is a defect."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from dependency_injector import providers

from application.errors import StoppingError, StorageUnavailableError
from domain.message import Message
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from tests.fakes import ScriptedProvider
from tests.integration.http.service import (
    DOORS,
    HELLO,
    HeldProvider,
    Service,
    dummy,
    refusal,
    serving,
    through,
    told,
)

PHONE, OTHER = "77011234567", "77070001234"
SECRET_TEXT = "code 4821 for 77011234567"
MESSAGE = "/messages/0193578a-1c2b-7d3e-8f40-5a6b7c8d9e0f"
CALLS = [
    *(("POST", f"{path}{door}", HELLO) for path in ("/sms", "/call") for door in DOORS),
    ("POST", "/blacklist", {"phone": PHONE}),
    ("GET", "/blacklist", {"phone": PHONE}),
    ("DELETE", "/blacklist", {"phone": PHONE}),
    ("GET", "/messages", None),
    ("GET", MESSAGE, None),
    ("POST", f"{MESSAGE}/cancel", None),
    ("GET", MESSAGE.replace("messages", "requests"), None),
]


class Failing:
    """Every port at once; every method fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method
        async def fail(*_: object, **__: object) -> NoReturn:
            raise self._error

        return fail


@pytest.fixture
async def away(tmp_path: Path) -> AsyncIterator[Service]:
    failing = Failing(StorageUnavailableError("database: OperationalError"))
    ports = dict.fromkeys(("outbox", "messages", "blacklist", "keys"), failing)
    async with serving(dummy(tmp_path), **ports) as service:
        yield service


@pytest.fixture
async def defective(tmp_path: Path) -> AsyncIterator[Service]:
    failing = Failing(RuntimeError(SECRET_TEXT))
    ports = dict.fromkeys(("outbox", "messages", "blacklist", "keys"), failing)
    async with serving(dummy(tmp_path), **ports) as service:
        yield service


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_database_that_is_away_is_told_with_when_to_come_back(
    away: Service, method: str, path: str, body: object
) -> None:
    answer = await away.client.request(method, path, json=body)
    refusal(answer, 503, "storage_unavailable")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_key_makes_no_difference_to_a_database_that_is_away(
    away: Service, method: str, path: str, body: object
) -> None:
    headers = {"Idempotency-Key": "order-17"}
    answer = await away.client.request(method, path, json=body, headers=headers)
    refusal(answer, 503, "storage_unavailable")


@pytest.mark.parametrize("path", [f"{path}{door}" for path in ("/sms", "/call") for door in DOORS])
async def test_a_service_that_is_stopping_says_when_to_come_back(tmp_path: Path, path: str) -> None:
    async def stop(*_: object) -> NoReturn:
        raise StoppingError

    async with serving(dummy(tmp_path), submission=stop) as service:
        answer = await service.client.post(path, json=HELLO)
    refusal(answer, 503, "stopping")
    assert "nothing was done" in answer.json()["message"]
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/sms", "/call"])
async def test_a_request_that_is_cut_short_is_told_that_it_may_have_been_sent(
    tmp_path: Path, path: str
) -> None:
    provider = HeldProvider()
    async with serving(dummy(tmp_path), routing=through(provider)) as service:
        asking = asyncio.create_task(service.client.post(path, json={**HELLO, "phones": PHONE}))
        async with asyncio.timeout(20):
            await provider.begun.wait()
        asking.cancel()
        answer = await asking
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["status_code"]) == (False, "unconfirmed")
    assert "may have been sent" in answer.json()["message"]
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("path", ["/sms", "/call"])
async def test_a_failing_database_is_told_alike_through_both_doors(
    away: Service, path: str
) -> None:
    first, second = [await away.client.post(f"{path}{door}", json=HELLO) for door in DOORS]
    assert first.content == second.content
    assert told(first) == told(second)


async def test_a_forced_message_that_cannot_be_stored_is_not_sent(tmp_path: Path) -> None:
    provider = ScriptedProvider()
    failing = Failing(StorageUnavailableError("database: OperationalError"))
    async with serving(dummy(tmp_path), outbox=failing, routing=through(provider)) as service:
        answer = await service.client.post("/sms", json={**HELLO, "force": True})
        refusal(answer, 503, "storage_unavailable")
        assert provider.submitted == []


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_defect_is_an_envelope_and_its_text_is_nowhere(
    defective: Service,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    body: object,
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await defective.client.request(method, path, json=body)
    refusal(answer, 500, "internal_error")
    assert SECRET_TEXT not in answer.text
    assert "RuntimeError" not in answer.text
    assert "unforeseen RuntimeError" in caplog.text
    assert "test_failures.py" in caplog.text
    shown = [logging.Formatter().format(record) for record in caplog.records]
    assert not any(SECRET_TEXT in line or PHONE in line for line in shown)


def answering(outcomes: dict[str, SubmitOutcome]) -> ScriptedProvider:
    return ScriptedProvider(lambda m: outcomes.get(m.recipient.msisdn, Accepted("1")))


REFUSED = Rejected(reason=RejectReason.RECIPIENT, provider_code="7", text="invalid number")
BROKE = Unavailable(kind=UnavailableKind.NO_MONEY, provider_code="3", text="no money")
LOST = Unconfirmed("no answer within 30 s")


@pytest.mark.parametrize("path", [f"{path}{door}" for path in ("/sms", "/call") for door in DOORS])
@pytest.mark.parametrize(
    ("outcomes", "code", "statuses"),
    [
        ({PHONE: REFUSED, OTHER: REFUSED}, "recipient_refused", ["rejected", "rejected"]),
        ({PHONE: BROKE}, "provider_no_money", ["failed", "submitted"]),
        ({OTHER: LOST}, "unconfirmed", ["submitted", "unknown"]),
        ({PHONE: LOST, OTHER: BROKE}, "not_all_accepted", ["unknown", "failed"]),
    ],
)
async def test_a_verdict_that_is_not_true_comes_with_one_row_per_recipient(
    tmp_path: Path,
    path: str,
    outcomes: dict[str, SubmitOutcome],
    code: str,
    statuses: Sequence[str],
) -> None:
    routing = through(answering(outcomes))
    async with serving(dummy(tmp_path), routing=routing) as service:
        answer = await service.client.post(path, json=HELLO)
        body = answer.json()
        assert answer.status_code == 200
        assert list(body) == ["status", "status_code", "message", "content"]
        assert (body["status"], body["status_code"]) == (False, code)
        assert body["message"].endswith(".")
        rows = body["content"]["messages"]
        assert [row["status"] for row in rows] == statuses
        for row in rows:
            outcome = outcomes.get(row["phone"])
            error = row["error"]
            assert (error is None) == (outcome is None)
            if outcome is not None and not isinstance(outcome, Accepted):
                assert error["provider_code"] == outcome.provider_code
                assert error["text"] == outcome.text
            stored = (await service.client.get(f"/messages/{row['id']}")).json()
            assert stored["content"]["message"]["error"] == error


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("phones", [[PHONE], [PHONE, OTHER]], ids=["one", "many"])
async def test_a_defect_in_a_provider_leaves_the_message_in_doubt(
    tmp_path: Path, phones: list[str], door: str
) -> None:
    def defect(_: Message) -> SubmitOutcome:
        raise RuntimeError(SECRET_TEXT)

    routing = through(ScriptedProvider(defect))
    async with serving(dummy(tmp_path), routing=routing) as service:
        answer = await service.client.post(f"/sms{door}", json={**HELLO, "phones": phones})
        assert (answer.status_code, answer.json()["status_code"]) == (200, "unconfirmed")
        assert SECRET_TEXT not in answer.text
        rows = answer.json()["content"]["messages"]
        assert len(rows) == len(phones)
        for row in rows:
            stored = (await service.client.get(f"/messages/{row['id']}")).json()
            assert stored["content"]["message"]["status"] == "unknown"


class NotReady:
    """A database that does not answer."""

    async def problem(self) -> str:
        return "The database does not answer."


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_database_that_does_not_answer_makes_it_not_ready(
    service: Service, method: str
) -> None:
    with service.container.storage.override(providers.Object(NotReady())):
        answer = await service.client.request(method, "/readyz")
        assert (await service.client.get("/livez")).status_code == 200
    assert answer.status_code == 503
    if method == "GET":
        refusal(answer, 503, "not_ready")
    assert (await service.client.request(method, "/readyz")).status_code == 200
