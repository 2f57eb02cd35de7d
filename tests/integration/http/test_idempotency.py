"""``Idempotency-Key``: what is asked for twice is done once, through both doors."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.idempotency import SqlIdempotency
from application.errors import StorageUnavailableError
from application.ports.idempotency import StoredAnswer
from domain.idempotency import IdempotencyKey
from domain.message import MessageStatus
from domain.outcome import Rejected, RejectReason, SubmitOutcome, Unconfirmed
from entrypoints.settings import Secret
from tests.fakes import FixedClock, MemoryIdempotency, MemoryOutbox, ScriptedProvider
from tests.integration.http.service import (
    DOORS,
    HELLO,
    HeldProvider,
    Service,
    dummy,
    dummy_on,
    in_memory,
    refusal,
    serving,
    through,
    told,
)

PHONE, OTHER = "77011234567", "77070001234"
NAME = "order-17-b0b5"
KEY = {"Idempotency-Key": NAME}
SENDS = [f"{path}{door}" for path in ("/sms", "/call") for door in DOORS]
Post = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture(params=SENDS)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def replayed(answer: httpx.Response) -> bool:
    return "idempotent-replayed" in answer.headers


@pytest.mark.parametrize("wishes", ["", "return=representation", "respond-async"])
async def test_the_same_request_gets_the_first_answer_again(
    target: DatabaseTarget, path: str, wishes: str
) -> None:
    provider = ScriptedProvider()
    headers = {**KEY, "Prefer": wishes}
    async with serving(dummy_on(target), routing=through(provider)) as service:
        first, *again = [
            await service.client.post(path, json=HELLO, headers=headers) for _ in range(3)
        ]
        listed = (await service.client.get("/messages")).json()["content"]["messages"]
    assert first.status_code == (202 if wishes == "respond-async" else 200)
    assert not replayed(first)
    for answer in again:
        assert replayed(answer)
        assert (answer.status_code, answer.content) == (first.status_code, first.content)
        assert told(answer) == {**told(first), "idempotent-replayed": "true"}
    assert len(listed) == 2
    assert len(provider.submitted) == (0 if wishes == "respond-async" else 2)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Rejected(reason=RejectReason.RECIPIENT, text="no"), "recipient_refused"),
        (Unconfirmed("no answer within 30 s"), "unconfirmed"),
    ],
)
async def test_a_verdict_that_is_not_true_is_given_again_too(
    tmp_path: Path, path: str, outcome: SubmitOutcome, code: str
) -> None:
    provider = ScriptedProvider(lambda _: outcome)
    async with serving(dummy(tmp_path), routing=through(provider)) as service:
        first, second = [await service.client.post(path, json=HELLO, headers=KEY) for _ in range(2)]
    assert first.json()["status_code"] == code
    assert all(row["id"] for row in first.json()["content"]["messages"])
    assert second.content == first.content
    assert replayed(second)
    assert len(provider.submitted) == 2


async def test_both_doors_are_one_path(service: Service) -> None:
    for path in ("/sms", "/call"):
        key = {"Idempotency-Key": path}
        first, second = [
            await service.client.post(f"{path}{door}", json=HELLO, headers=key) for door in DOORS
        ]
        assert (first.content, replayed(first)) == (second.content, False)
        assert replayed(second)


OTHERWISE = [
    ("POST", "/sms", {**HELLO, "message": "Hello, World!"}),
    ("POST", "/sms/", {**HELLO, "phones": [PHONE]}),
    ("POST", "/sms?x=1", HELLO),
    ("POST", "/call", HELLO),
    ("POST", "/blacklist", {"phone": PHONE}),
    ("DELETE", "/blacklist", {"phone": PHONE}),
]


@pytest.mark.parametrize(("method", "address", "body"), OTHERWISE)
async def test_a_key_is_good_for_one_request_only(
    service_on: Service, method: str, address: str, body: object
) -> None:
    await service_on.client.post("/sms", json=HELLO, headers=KEY)
    answer = await service_on.client.request(method, address, json=body, headers=KEY)
    refusal(answer, 422, "idempotency_key_reused")
    assert len((await service_on.client.get("/messages")).json()["content"]["messages"]) == 2


@pytest.mark.parametrize("phones", [[PHONE], [PHONE, OTHER]], ids=["one", "many"])
async def test_while_the_first_is_served_the_second_is_told_to_wait(
    target: DatabaseTarget, path: str, phones: list[str]
) -> None:
    provider = HeldProvider()
    body = {**HELLO, "phones": phones}
    async with serving(dummy_on(target), routing=through(provider)) as service:
        serving_first = asyncio.create_task(service.client.post(path, json=body, headers=KEY))
        async with asyncio.timeout(20):
            await provider.begun.wait()
        early = await service.client.post(path, json=body, headers=KEY)
        refusal(early, 409, "request_running")
        assert early.headers["retry-after"] == "1"
        provider.gate.set()
        first = await serving_first
        late = await service.client.post(path, json=body, headers=KEY)
    assert (first.status_code, first.content) == (200, b'{"status":true}')
    assert (late.content, replayed(late)) == (first.content, True)
    assert len(provider.submitted) == len(phones)


@pytest.mark.parametrize("path", ["/sms", "/sms/"])
@pytest.mark.parametrize("phones", [[PHONE], [PHONE, OTHER]], ids=["one", "many"])
@pytest.mark.parametrize("wishes", ["", "respond-async"])
async def test_of_a_hundred_at_once_one_is_served(
    target: DatabaseTarget, path: str, phones: list[str], wishes: str
) -> None:
    provider = ScriptedProvider()
    body = {**HELLO, "phones": phones}
    headers = {**KEY, "Prefer": wishes}
    async with serving(dummy_on(target), routing=through(provider)) as service:
        answers = await asyncio.gather(
            *(service.client.post(path, json=body, headers=headers) for _ in range(100))
        )
        listed = (await service.client.get("/messages")).json()["content"]["messages"]
    kinds = Counter((answer.status_code, replayed(answer)) for answer in answers)
    good = 202 if wishes else 200
    assert kinds[good, False] == 1
    assert kinds[good, True] + kinds[409, False] == 99
    assert len({answer.content for answer in answers if answer.status_code == good}) == 1
    assert len(provider.submitted) == (0 if wishes else len(phones))
    assert len(listed) == len(phones)


async def test_keys_of_different_callers_are_different_keys(tmp_path: Path, path: str) -> None:
    provider = ScriptedProvider()
    settings = dummy(tmp_path, api_keys=(Secret("k1"), Secret("k2")))
    async with serving(settings, routing=through(provider)) as service:
        for shown in ({"X-API-Key": "k1"}, {"Authorization": "Bearer k2"}):
            answer = await service.client.post(path, json=HELLO, headers={**KEY, **shown})
            assert not replayed(answer)
        again = {"Authorization": "Bearer k1", "X-API-Key": "wrong"}
        assert replayed(await service.client.post(path, json=HELLO, headers={**KEY, **again}))
    assert len(provider.submitted) == 4


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"phones": ["abc"]}, "invalid_phone"),
        ({"phones": []}, "invalid_phones"),
        ({"message": ""}, "invalid_message"),
        ({"message": 1}, "invalid_request"),
        ({"provider": "nobody"}, "unknown_provider"),
        ({"ttl": 0}, "invalid_schedule"),
    ],
)
async def test_a_refused_request_does_not_use_up_its_key(
    service: Service, path: str, bad: dict[str, object], code: str
) -> None:
    for _ in range(2):
        refused = await service.client.post(path, json={**HELLO, **bad}, headers=KEY)
        refusal(refused, 400, code)
    answer = await service.client.post(path, json=HELLO, headers=KEY)
    assert (answer.status_code, replayed(answer)) == (200, False)


async def test_a_dry_run_does_not_know_its_key(service: Service, path: str) -> None:
    for body in ({**HELLO, "dry_run": True}, {**HELLO, "dry_run": True}, HELLO):
        answer = await service.client.post(path, json=body, headers=KEY)
        assert (answer.status_code, replayed(answer)) == (200, False)
    answer = await service.client.post(path, json={**HELLO, "dry_run": True}, headers=KEY)
    assert answer.json()["content"]["request_id"] is None


async def test_a_database_that_was_away_does_not_use_up_the_key(tmp_path: Path, path: str) -> None:
    clock, provider = FixedClock(), ScriptedProvider()
    outbox = MemoryOutbox(clock=clock, away_at=frozenset({0}))
    ports = {**in_memory(outbox, clock), "routing": through(provider)}
    async with serving(dummy(tmp_path), **ports) as service:
        refused = await service.client.post(path, json=HELLO, headers=KEY)
        refusal(refused, 503, "storage_unavailable")
        answer = await service.client.post(path, json=HELLO, headers=KEY)
        assert (answer.content, replayed(answer)) == (b'{"status":true}', False)
    assert len(provider.submitted) == 2


class Forgetful(MemoryIdempotency):
    """Keys whose answers cannot be kept for now."""

    forgetting = True

    async def finish(self, key: IdempotencyKey, answer: StoredAnswer) -> None:
        if self.forgetting:
            raise StorageUnavailableError("memory: away")
        await super().finish(key, answer)


@pytest.fixture
async def forgetful(tmp_path: Path) -> AsyncIterator[tuple[Service, MemoryOutbox, FixedClock]]:
    """A gateway that cannot keep its first answers, as one that dies before it answers."""
    clock = FixedClock()
    outbox = MemoryOutbox(clock=clock, keys=Forgetful(clock))
    provider = ScriptedProvider()
    ports = {**in_memory(outbox, clock), "routing": through(provider)}
    async with serving(dummy(tmp_path), **ports) as service:
        yield service, outbox, clock
    assert len(provider.submitted) == 2


Gateway = tuple[Service, MemoryOutbox, FixedClock]


async def interrupted(gateway: Gateway, path: str, wishes: str = "") -> Post:
    """Send a request whose answer is not kept; return what asks for it again."""
    service, outbox, clock = gateway
    headers = {**KEY, "Prefer": wishes}

    async def post() -> httpx.Response:
        return await service.client.post(path, json=HELLO, headers=headers)

    first = await post()
    assert (first.status_code, replayed(first)) == (200, False)
    clock.at += timedelta(minutes=2)
    assert isinstance(outbox.keys, Forgetful)
    outbox.keys.forgetting = False
    return post


async def test_an_answer_that_cannot_be_kept_is_a_good_answer_all_the_same(
    forgetful: Gateway, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await interrupted(forgetful, path)
    assert "not kept" in caplog.text


async def test_an_answer_that_was_never_given_is_made_from_what_is_stored(
    forgetful: Gateway, path: str
) -> None:
    post = await interrupted(forgetful, path, "return=representation")
    made, again = await post(), await post()
    assert replayed(made)
    assert (made.status_code, made.json()["status"]) == (200, True)
    rows = made.json()["content"]["messages"]
    assert {(row["id"], row["status"]) for row in rows} == {
        (str(name), "submitted") for name in forgetful[1].rows
    }
    assert (again.content, told(again)) == (made.content, told(made))


async def test_what_was_never_written_is_told_and_never_sent(forgetful: Gateway, path: str) -> None:
    post = await interrupted(forgetful, path)
    rows = forgetful[1].rows
    del rows[max(rows)]
    made, again = await post(), await post()
    assert replayed(made)
    body = made.json()
    assert (made.status_code, body["status"], body["status_code"]) == (200, False, "not_sent")
    assert "new key" in body["message"]
    sent, lost = body["content"]["messages"]
    assert (sent["phone"], sent["status"], sent["error"]) == (PHONE, "submitted", None)
    assert (lost["phone"], lost["status"], lost["id"]) == (OTHER, "failed", None)
    assert lost["error"] == {
        "code": "not_sent",
        "text": "The service stopped before it was sent.",
        "provider_code": None,
    }
    assert again.content == made.content
    assert len(rows) == 1


async def test_a_message_in_doubt_keeps_the_answer_back(forgetful: Gateway, path: str) -> None:
    post = await interrupted(forgetful, path)
    row = next(iter(forgetful[1].rows.values()))
    told = row.stored
    row.stored = replace(told, message=replace(told.message, status=MessageStatus.SENDING))
    refusal(await post(), 409, "request_running")
    row.stored = told
    assert (await post()).json() == {"status": True}


async def test_what_todays_settings_cannot_tell_is_not_said_to_be_unsent(
    forgetful: Gateway, path: str, tmp_path: Path
) -> None:
    service, outbox, clock = forgetful
    named = {**HELLO, "provider": "smscru"}
    await service.client.post(path, json=named, headers=KEY)
    clock.at += timedelta(minutes=2)
    provider = ScriptedProvider()
    ports = {**in_memory(outbox, clock), "routing": through(provider, code="twilio")}
    folder = tmp_path / "later"
    folder.mkdir()
    async with serving(dummy(folder), **ports) as later:
        answer = await later.client.post(path, json=named, headers=KEY)
    refusal(answer, 422, "idempotency_key_reused")
    assert "Look its messages up" in answer.json()["message"]
    assert provider.submitted == []


async def forget(*_: object) -> None:
    """Take the place of what keeps answers, as if the process died before it."""


async def test_the_next_start_answers_what_the_last_one_did_not(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ScriptedProvider(), ScriptedProvider()
    async with serving(dummy(tmp_path), routing=through(first)) as service:
        with monkeypatch.context() as patch:
            patch.setattr(SqlIdempotency, "finish", forget)
            await service.client.post(path, json=HELLO, headers=KEY)
    async with serving(dummy(tmp_path), routing=through(second)) as service:
        made, again = [await service.client.post(path, json=HELLO, headers=KEY) for _ in range(2)]
    assert (made.content, replayed(made)) == (b'{"status":true}', True)
    assert told(again) == told(made)
    assert (len(first.submitted), len(second.submitted)) == (2, 0)


CHANGES = [
    ("POST", "/blacklist", {"phone": PHONE}),
    ("DELETE", "/blacklist", {"phone": PHONE}),
    ("DELETE", f"/blacklist?phone={PHONE}", None),
]


@pytest.mark.parametrize(("method", "address", "body"), CHANGES)
async def test_a_change_of_the_blacklist_is_made_once(
    service_on: Service, method: str, address: str, body: object
) -> None:
    async def change() -> httpx.Response:
        return await service_on.client.request(method, address, json=body, headers=KEY)

    async def listed() -> bool:
        found = await service_on.client.get("/blacklist", params={"phone": PHONE})
        return found.status_code == 200

    adds = method == "POST"
    if not adds:
        await service_on.client.post("/blacklist", json={"phone": PHONE})
    first = await change()
    assert await listed() == adds
    await service_on.client.request("DELETE" if adds else "POST", "/blacklist", json=CHANGES[0][2])
    second = await change()
    assert await listed() != adds
    assert first.content == second.content == b'{"status":true}'
    assert (replayed(first), replayed(second)) == (False, True)


@pytest.mark.parametrize(("method", "address", "body"), CHANGES)
async def test_of_many_changes_at_once_one_is_made(
    service_on: Service, method: str, address: str, body: object
) -> None:
    answers = await asyncio.gather(
        *(service_on.client.request(method, address, json=body, headers=KEY) for _ in range(20))
    )
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (200, b'{"status":true}')
    }
    assert [replayed(answer) for answer in answers].count(False) == 1


@pytest.mark.parametrize(("method", "address", "body"), CHANGES)
@pytest.mark.parametrize("key", ["", " ", "a" * 256, "caf\xe9", "a\tb"], ids=repr)
async def test_a_key_that_cannot_be_one_is_refused(
    lasting: Service, method: str, address: str, body: object, key: str
) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await lasting.client.request(method, address, json=body, headers=headers)
    refusal(answer, 400, "invalid_idempotency_key")


@pytest.mark.parametrize("key", ["a", "a" * 255, '"8e03978e-40d5"', "a b", "{}~!"], ids=repr)
async def test_any_printable_key_will_do(service_on: Service, key: str) -> None:
    headers = {"Idempotency-Key": key}
    first, second = [
        await service_on.client.post("/sms", json=HELLO, headers=headers) for _ in range(2)
    ]
    assert (replayed(first), replayed(second)) == (False, True)


async def test_no_log_line_has_the_key(
    tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider = ScriptedProvider()
    clock = FixedClock()
    keys = Forgetful(clock)
    outbox = MemoryOutbox(clock=clock, keys=keys)
    ports = {**in_memory(outbox, clock), "routing": through(provider)}
    with caplog.at_level(logging.DEBUG):
        async with serving(dummy(tmp_path), **ports) as service:
            await service.client.post(path, json=HELLO, headers=KEY)
            await service.client.post(path, json=HELLO, headers=KEY)
            await service.client.post(path, json={**HELLO, "message": "x"}, headers=KEY)
            keys.away = True
            await service.client.post(path, json=HELLO, headers=KEY)
    assert caplog.records
    assert NAME not in caplog.text
