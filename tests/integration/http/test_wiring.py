"""Three guards of the whole, and the two doors."""

import asyncio
from importlib.metadata import packages_distributions
from pathlib import Path

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp, Receive, Scope, Send

import domain.errors
from application.routing import SMS_PROVIDERS
from domain.caller import Caller
from domain.caller import Scope as Allowed
from domain.errors import DomainError
from domain.message import Channel
from entrypoints.http.errors import REPLIES, reply_to
from entrypoints.http.incoming import CALLER, Incoming
from entrypoints.http.replies import Reply
from entrypoints.http.shortcut import Shortcut
from entrypoints.settings import Secret
from tests.integration.http.service import HELLO, Service, dummy, serving

OURS = ["domain", "application", "adapters", "entrypoints"]
DOMAIN_ERRORS = [
    error
    for error in vars(domain.errors).values()
    if isinstance(error, type) and issubclass(error, DomainError) and error is not DomainError
]


def test_every_domain_error_has_a_reply_of_its_own() -> None:
    assert set(REPLIES) == set(DOMAIN_ERRORS) == set(DomainError.__subclasses__())
    assert len({code for _, code in REPLIES.values()}) == len(REPLIES)


@pytest.mark.parametrize("error", DOMAIN_ERRORS)
def test_a_domain_error_is_the_callers_doing_or_says_when_to_come_back(
    error: type[DomainError],
) -> None:
    reply = reply_to(error("Something is wrong with it."))
    assert 400 <= reply.status < 500 or (
        reply.status == 503 and int(reply.headers["Retry-After"]) > 0
    )
    assert b"Something is wrong with it." in reply.body


async def test_every_provider_of_the_container_builds(lasting: Service) -> None:
    for name, provider in lasting.container.providers.items():
        built = provider()
        assert built is not None or name == "trace", name  # which is off here
        assert not asyncio.isfuture(built), name


async def test_every_sms_provider_builds_from_its_credentials(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(
        dummy(tmp_path),
        sms_dummy=False,
        sms_provider="smscru",
        smscru_username="habar",
        smscru_password=Secret("secret"),
        twilio_sid="AC1",
        twilio_token=Secret("secret"),
        twilio_phone="+15005550006",
        epochtasmsru_username="habar",
        epochtasmsru_password=Secret("secret"),
        epochtasmsru_sender="Habar",
        mobizonkz_api_key=Secret("kz1"),
    )
    async with serving(settings) as service:
        carriers = service.container.carriers().by_code
        assert set(carriers) == set(SMS_PROVIDERS)
        able = {code for code, carrier in carriers.items() if carrier.carries(Channel.CALL)}
        assert able == {"smscru", "twilio"}
        assert all(carrier.carries(Channel.SMS) for carrier in carriers.values())


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_owns_one_of_our_package_names(name: str) -> None:
    assert set(packages_distributions().get(name, ())) <= {"habar"}


async def _inner(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _called(app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        admin = Caller(account=None, name="anybody", scopes=frozenset({Allowed.ADMIN}))
        scope[CALLER] = admin  # type: ignore[literal-required,unused-ignore]
        await app(scope, receive, send)

    return run


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/sms", 200),
        ("POST", "/sms?phone=1", 200),
        ("POST", "/sms/", 418),
        ("GET", "/sms", 418),
        ("OPTIONS", "/sms", 418),
        ("POST", "/call", 418),
        ("POST", "/blacklist", 418),
    ],
)
async def test_the_short_way_takes_what_it_knows_and_leaves_the_rest(
    method: str, path: str, status: int
) -> None:
    async def echo(request: Incoming) -> Reply:
        return Reply(request.body)

    app = _called(Shortcut(_inner, {"/sms": echo}))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://habar") as client:
        answer = await client.request(method, path, json=HELLO)
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/sms", "/call"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"dry_run": True},
        {"phones": 77011234567},
        {"provider": "twilio"},
        {"delay": 60},
        {"priority": "otp", "fallback": ["smscru", "twilio"], "ttl": 60},
    ],
    ids=repr,
)
@pytest.mark.parametrize("prefer", ["", "return=representation", "respond-async"])
async def test_both_doors_give_the_same_answer(
    lasting: Service, path: str, fields: dict[str, object], prefer: str
) -> None:
    first, second = [
        await lasting.client.post(
            f"{path}{door}", json={**HELLO, **fields}, headers={"Prefer": prefer}
        )
        for door in ("", "/")
    ]
    assert first.status_code == second.status_code
    assert first.status_code in {200, 202}
    assert _nameless(first) == _nameless(second)
    assert set(first.headers) == set(second.headers)


def _nameless(answer: httpx.Response) -> str:
    """Leave the ids of requests and messages out of an answer."""
    body = answer.json()
    content = body.get("content", {"request_id": None, "messages": []})
    for names in (content, *content["messages"]):
        for name in ("request_id", "id"):
            if names.get(name) is not None:
                names[name] = "an id"
    return repr(body)


async def test_a_body_that_breaks_off_is_refused_and_nothing_is_sent() -> None:
    asked: list[Incoming] = []
    sent: list[int] = []

    async def answer(request: Incoming) -> Reply:
        asked.append(request)
        return Reply(b"{}")

    async def receive() -> dict[str, object]:
        return events.pop(0)

    async def send(event: dict[str, object]) -> None:
        if event["type"] == "http.response.start":
            sent.append(int(str(event["status"])))

    events: list[dict[str, object]] = [
        {"type": "http.request", "body": b'{"phones":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {"type": "http", "method": "POST", "path": "/sms", "headers": []}
    app = _called(Shortcut(_inner, {"/sms": answer}))
    await app(scope, receive, send)  # type: ignore[arg-type]
    assert sent == [400]
    assert asked == []
