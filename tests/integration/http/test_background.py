"""``Prefer: respond-async`` and schedules: accepted now, sent later.

Nothing is sent here: that begins with ``life``, which is not a part of what is served.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import NOW, FixedClock
from tests.integration.http.service import DOORS, HELLO, Service, dummy_on, refusal, serving

PHONE, OTHER = "77011234567", "77070001234"
ASYNC = {"Prefer": "respond-async"}
BOTH = {"Prefer": "respond-async, return=representation"}


@pytest.fixture(params=[f"{path}{door}" for path in ("/sms", "/call") for door in DOORS])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (ASYNC, {}),
        ({"Prefer": "wait=10, Respond-Async"}, {}),
        ({}, {"send_at": "2020-01-01T00:00:00Z"}),
        ({}, {"delay": 60}),
        ({}, {"delay": "60"}),
        ({}, {"delay": 0}),
        (ASYNC, {"delay": 0.5}),
    ],
    ids=repr,
)
async def test_it_is_accepted_and_waits(
    lasting: Service, path: str, headers: dict[str, str], fields: dict[str, object]
) -> None:
    answer = await lasting.client.post(path, json={**HELLO, **fields}, headers=headers)
    assert (answer.status_code, answer.content) == (202, b'{"status":true}')
    applied = "respond-async" if headers else None
    assert answer.headers.get("preference-applied") == applied
    content = (await lasting.client.get(answer.headers["location"])).json()["content"]
    assert [message["status"] for message in content["messages"]] == ["queued"] * 2
    assert [message["attempts"] for message in content["messages"]] == [0, 0]


async def test_a_time_to_come_is_waited_for(lasting: Service, path: str) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    body = {**HELLO, "send_at": tomorrow.isoformat()}
    answer = await lasting.client.post(path, json=body)
    assert (answer.status_code, answer.content) == (202, b'{"status":true}')
    content = (await lasting.client.get(answer.headers["location"])).json()["content"]
    for message in content["messages"]:
        assert datetime.fromisoformat(message["due_at"]) == tomorrow


async def test_a_representation_says_queued(service_on: Service, path: str) -> None:
    answer = await service_on.client.post(path, json=HELLO, headers=BOTH)
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async, return=representation"
    content = answer.json()["content"]
    assert answer.headers["location"] == f"/requests/{content['request_id']}"
    assert [(row["phone"], row["status"], row["error"]) for row in content["messages"]] == [
        (PHONE, "queued", None),
        (OTHER, "queued", None),
    ]


async def test_blacklisted_phones_are_left_out(service: Service, path: str) -> None:
    await service.client.post("/blacklist", json={"phone": PHONE})
    answer = await service.client.post(path, json=HELLO, headers=BOTH)
    assert answer.status_code == 202
    rows = answer.json()["content"]["messages"]
    assert [row["status"] for row in rows] == ["blocked", "queued"]


@pytest.mark.parametrize(("headers", "fields"), [(ASYNC, {}), ({}, {"delay": 60})], ids=repr)
async def test_a_request_of_blacklisted_phones_alone_is_no_success(
    service: Service, path: str, headers: dict[str, str], fields: dict[str, object]
) -> None:
    for phone in (PHONE, OTHER):
        await service.client.post("/blacklist", json={"phone": phone})
    answer = await service.client.post(path, json={**HELLO, **fields}, headers=headers)
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["status_code"]) == (False, "blacklisted")
    assert [row["status"] for row in body["content"]["messages"]] == ["blocked"] * 2
    queued = await service.client.get("/messages", params={"status": "queued"})
    assert queued.json()["content"]["messages"] == []


@pytest.mark.parametrize(("headers", "fields"), [(ASYNC, {}), ({}, {"delay": 60})], ids=repr)
async def test_a_dry_run_is_answered_as_ever(
    lasting: Service, path: str, headers: dict[str, str], fields: dict[str, object]
) -> None:
    body = {**HELLO, **fields, "dry_run": True}
    answer = await lasting.client.post(path, json=body, headers=headers)
    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()["content"]["messages"]] == [None, None]
    assert {"location", "preference-applied"} & set(answer.headers) == set()


@pytest.mark.parametrize(
    ("fields", "due_s", "expires_s"),
    [
        ({"ttl": 60}, None, 60),
        ({"delay": 30, "ttl": 60}, 30, 90),
        ({"send_at": "2026-11-23T06:35:43Z", "ttl": 1.5}, 60, 61.5),
        ({"send_at": "2026-11-23T11:35:43+05:00", "ttl": 60}, 60, 120),
        ({"send_at": "2026-11-23T06:34:42Z", "ttl": 60}, None, 60),
        ({"delay": 30}, 30, 30 + 86_400),
    ],
    ids=repr,
)
async def test_a_message_tells_when_it_is_due_and_when_it_expires(
    target: object, path: str, fields: dict[str, object], due_s: float | None, expires_s: float
) -> None:
    async with serving(dummy_on(target), clock=FixedClock()) as service:  # type: ignore[arg-type]
        answer = await service.client.post(path, json={**HELLO, **fields}, headers=BOTH)
        row = answer.json()["content"]["messages"][0]
        found = (await service.client.get(f"/messages/{row['id']}")).json()["content"]["message"]
    if due_s is not None:
        assert datetime.fromisoformat(found["due_at"]) == NOW + timedelta(seconds=due_s)
    assert datetime.fromisoformat(found["expires_at"]) == NOW + timedelta(seconds=expires_s)


@pytest.mark.parametrize("priority", ["otp", "transactional", "bulk", None])
async def test_the_lane_is_kept(service_on: Service, priority: str | None) -> None:
    body = {**HELLO, "priority": priority}
    answer = await service_on.client.post("/sms", json=body, headers=ASYNC)
    content = (await service_on.client.get(answer.headers["location"])).json()["content"]
    label = priority or "transactional"
    assert content["request"]["priority"] == label
    assert {message["priority"] for message in content["messages"]} == {label}


@pytest.mark.parametrize("fallback", ["twilio", ["twilio"], ["twilio", "smscru"], [], None])
async def test_other_providers_may_be_named_alone_or_as_a_list(
    lasting: Service, path: str, fallback: object
) -> None:
    body = {**HELLO, "provider": "smscru", "fallback": fallback}
    answer = await lasting.client.post(path, json=body, headers=BOTH)
    assert answer.status_code == 202
    assert {row["provider"] for row in answer.json()["content"]["messages"]} == {"smscru"}


@pytest.mark.parametrize("door", DOORS)
async def test_an_unknown_outcome_may_be_sent_again_but_no_call(
    lasting: Service, door: str
) -> None:
    body = {**HELLO, "on_unknown": "resend"}
    sent = await lasting.client.post(f"/sms{door}", json=body, headers=ASYNC)
    assert sent.status_code == 202
    called = await lasting.client.post(f"/call{door}", json=body, headers=ASYNC)
    refusal(called, 400, "invalid_terms")
