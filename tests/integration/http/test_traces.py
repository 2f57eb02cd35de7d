"""One request is one trace, from the call to the webhook, whoever does what and when."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from dependency_injector import providers
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from adapters.telemetry.trace_spans import Spans
from adapters.telemetry.traced_providers import traced_carrier
from application.places import Places
from application.routing import Carrier
from domain.lookup import Attempt, Found, Lookup
from domain.message import Message, MessageStatus
from domain.outcome import Accepted, SubmitOutcome, Unavailable, UnavailableKind, Unconfirmed
from entrypoints.carriers import Carriers
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.life import life
from entrypoints.settings import Secret, Settings
from tests.delivery import WEBHOOK_KEY, Listener, listening
from tests.fakes import ScriptedProvider
from tests.integration.http.signing import (
    PHONE,
    PUBLIC_URL,
    SMSCRU_SECRET,
    smscru_receipt,
)

TEXT = "Code 4821"
ASYNC = {"Prefer": "respond-async"}
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SUBMIT, LOOK_UP, RECEIPT = "submit smscru", "look up smscru", "receipt smscru"


class Remembering(ScriptedProvider):
    """A provider that knows what became of a message whose outcome was lost."""

    async def find(self, attempt: Attempt) -> Lookup:
        return Found(status=MessageStatus.DELIVERED, provider_id=f"h{attempt.message.id.hex}")


@dataclass(frozen=True, slots=True)
class Traced:
    """A gateway with all its background, and what it took down."""

    client: httpx.AsyncClient
    spans: InMemorySpanExporter

    def of(self, request_id: UUID) -> dict[str, list[ReadableSpan]]:
        """Return the spans of a request, by their names."""
        found: dict[str, list[ReadableSpan]] = {}
        for span in self.spans.get_finished_spans():
            if span.context is not None and span.context.trace_id == request_id.int:
                found.setdefault(span.name, []).append(span)
        return found

    async def sent(self, headers: dict[str, str], **fields: object) -> tuple[UUID, UUID]:
        """Send a message; the ids of its request and of itself."""
        body = {"phones": PHONE, "message": TEXT, **fields}
        answer = await self.client.post("/sms", json=body, headers=headers)
        assert answer.status_code in {200, 202}, answer.text
        location = answer.headers["location"]
        content = (await self.client.get(location)).json()["content"]
        return UUID(content["request"]["id"]), UUID(content["messages"][0]["id"])

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_so():  # noqa: ASYNC110 - the exporter tells nobody
                await asyncio.sleep(0.02)


def carrying(answer: Callable[[Message], SubmitOutcome], container: Container) -> Carriers:
    """Make carriers of which one answers so, and is traced as every one of them is."""
    carriers = Carriers(container.settings())
    provider, trace = Remembering(answer), container.trace()
    assert trace is not None
    carrier = Carrier(
        code="smscru", timeout_s=30, places=Places(4), sms=provider, voice=provider, lookup=provider
    )
    carriers.by_code = {"smscru": traced_carrier(carrier, trace)}
    return carriers


def taking(message: Message) -> SubmitOutcome:
    return Accepted(f"h{message.id.hex}")


@asynccontextmanager
async def tracing(
    folder: Path,
    answer: Callable[[Message], SubmitOutcome] = taking,
    **more: Any,  # noqa: ANN401 - any setting
) -> AsyncIterator[Traced]:
    """Run a gateway whose spans are kept, for as long as the block lasts."""
    settings = Settings(
        sms_provider="smscru",
        smscru_username="habar",
        smscru_password=Secret("s3cret"),
        smscru_callback_secret=Secret(SMSCRU_SECRET),
        public_url=PUBLIC_URL,
        lookup_delays=(0.1, 86_400),
        data_dir=str(folder),
        **more,
    )
    container, spans = Container(settings=settings), InMemorySpanExporter()
    container.trace.override(providers.Object(Spans(SimpleSpanProcessor(spans), "1")))
    container.carriers.override(providers.Object(carrying(answer, container)))
    async with life(container):
        app: Any = create_app(container)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield Traced(client, spans)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


async def test_one_trace_leads_from_the_call_to_the_receipt_and_the_webhook(
    tmp_path: Path, listener: Listener
) -> None:
    told: dict[str, Any] = {
        "webhook_urls": (Secret(f"{listener.url}?key=s3cret"),),
        "webhook_secrets": (Secret(f"whsec_{WEBHOOK_KEY}"),),
        "webhook_allow_private": True,
    }
    async with tracing(tmp_path, **told) as traced:
        request_id, message_id = await traced.sent(ASYNC)
        await traced.until(lambda: len(listener.told) == 1)
        receipt = smscru_receipt(message_id)
        answer = await traced.client.post(
            receipt.path, content=receipt.body, headers=receipt.headers
        )
        assert answer.status_code == 200, answer.text
        await traced.until(lambda: len(traced.of(request_id).get("webhook", ())) == 2)
    steps = traced.of(request_id)
    assert {name: len(spans) for name, spans in steps.items()} == {
        "POST /sms": 1,
        "accept": 1,
        SUBMIT: 1,
        RECEIPT: 1,
        "webhook": 2,
    }
    (whole,) = steps.pop("POST /sms")
    assert (whole.parent, whole.kind) == (None, SpanKind.SERVER)
    assert whole.attributes == {
        "http.request.method": "POST",
        "http.route": "/sms",
        "http.response.status_code": 202,
    }
    assert whole.context is not None
    for span in [span for spans in steps.values() for span in spans]:
        assert span.parent is not None
        assert (span.parent.trace_id, span.parent.span_id) == (
            request_id.int,
            whole.context.span_id,
        )
        assert span.status.status_code is StatusCode.UNSET
    (submit,), (received,) = steps[SUBMIT], steps[RECEIPT]
    facts = {
        "habar.message.id": str(message_id),
        "habar.provider": "smscru",
        "habar.channel": "sms",
        "habar.attempt": 1,
    }
    assert submit.attributes == {**facts, "habar.outcome": "accepted"}
    assert submit.kind is SpanKind.CLIENT
    assert received.attributes == {**facts, "habar.outcome": "delivered"}
    events = [(span.attributes or {})["habar.event"] for span in steps["webhook"]]
    assert sorted(map(str, events)) == ["message.delivered", "message.submitted"]
    exported = "".join(span.to_json() for span in traced.spans.get_finished_spans())
    for kept in (PHONE, PHONE[1:], TEXT, "s3cret", listener.url):
        assert kept not in exported


async def test_a_look_up_belongs_to_the_trace(tmp_path: Path) -> None:
    async with tracing(tmp_path, lambda _: Unconfirmed("no answer to 77011234567")) as traced:
        request_id, _ = await traced.sent(ASYNC)
        await traced.until(lambda: LOOK_UP in traced.of(request_id))
    (submit,), (look_up,) = traced.of(request_id)[SUBMIT], traced.of(request_id)[LOOK_UP]
    assert (submit.status.status_code, submit.status.description) == (
        StatusCode.ERROR,
        "unconfirmed",
    )
    assert (look_up.attributes or {})["habar.outcome"] == "found"
    assert (look_up.attributes or {})["habar.status"] == "delivered"


async def test_every_attempt_is_a_step(tmp_path: Path) -> None:
    def at_the_third(message: Message) -> SubmitOutcome:
        if message.attempts < 3:
            return Unavailable(kind=UnavailableKind.TEMPORARY)
        return taking(message)

    async with tracing(tmp_path, at_the_third) as traced:
        request_id, _ = await traced.sent(ASYNC)
        await traced.until(lambda: len(traced.of(request_id).get(SUBMIT, ())) == 3)
    attempts = [
        (span.attributes or {}) for span in sorted(traced.of(request_id)[SUBMIT], key=_began)
    ]
    assert [facts["habar.attempt"] for facts in attempts] == [1, 2, 3]
    assert [facts["habar.outcome"] for facts in attempts] == ["unavailable"] * 2 + ["accepted"]
    assert attempts[0]["habar.reason"] == "provider_unavailable"


def _began(span: ReadableSpan) -> int:
    return span.start_time or 0


async def test_a_caller_who_waits_has_the_attempt_within_the_call(tmp_path: Path) -> None:
    async with tracing(tmp_path) as traced:
        request_id, _ = await traced.sent({})
    steps = traced.of(request_id)
    (whole,), (submit,) = steps["POST /sms"], steps[SUBMIT]
    assert _began(whole) <= _began(submit)
    assert (submit.end_time or 0) <= (whole.end_time or 0)


async def test_a_request_of_many_is_one_trace(tmp_path: Path) -> None:
    async with tracing(tmp_path) as traced:
        request_id, _ = await traced.sent({}, phones=[f"7701123456{n}" for n in range(5)])
    counts = {name: len(spans) for name, spans in traced.of(request_id).items()}
    assert counts["POST /sms"] == 1
    assert counts[SUBMIT] == 5


async def test_the_trace_of_the_caller_is_linked(tmp_path: Path) -> None:
    async with tracing(tmp_path) as traced:
        request_id, _ = await traced.sent({"traceparent": CALLER, "tracestate": f"x={PHONE}"})
    (whole,) = traced.of(request_id)["POST /sms"]
    (link,) = whole.links
    assert f"{link.context.trace_id:032x}" in CALLER
    assert f"{link.context.span_id:016x}" in CALLER
    assert PHONE not in whole.to_json()


@pytest.mark.parametrize("traceparent", ["", "00", "\xff", "00-0-0-00", CALLER * 100])
async def test_a_traceparent_that_is_none_does_no_harm(tmp_path: Path, traceparent: str) -> None:
    async with tracing(tmp_path) as traced:
        headers = [(b"traceparent", traceparent.encode("latin-1"))]
        answer = await traced.client.post(
            "/sms", json={"phones": PHONE, "message": TEXT}, headers=headers
        )
    assert answer.json() == {"status": True}
    (whole,) = [span for span in traced.spans.get_finished_spans() if span.name == "POST /sms"]
    assert whole.links == ()


async def test_a_refused_call_has_a_trace_of_its_own(tmp_path: Path) -> None:
    async with tracing(tmp_path) as traced:
        for door in ("/sms", "/sms/"):
            answer = await traced.client.post(door, json={"phones": "1", "message": TEXT})
            assert answer.status_code == 400
    first, second = traced.spans.get_finished_spans()
    for span in (first, second):
        assert span.name == "POST /sms"
        assert (span.attributes or {})["http.response.status_code"] == 400
    assert first.context is not None
    assert second.context is not None
    assert first.context.trace_id != second.context.trace_id


async def test_nobody_without_a_key_is_traced(tmp_path: Path) -> None:
    async with tracing(tmp_path, api_keys=(Secret("k" * 40),)) as traced:
        answer = await traced.client.post("/sms", json={"phones": PHONE, "message": TEXT})
        assert answer.status_code == 401
    assert traced.spans.get_finished_spans() == ()


async def test_a_replayed_answer_makes_no_second_trace_of_its_request(tmp_path: Path) -> None:
    async with tracing(tmp_path) as traced:
        headers = {"Idempotency-Key": "order-1"}
        request_id, _ = await traced.sent(headers)
        assert (await traced.sent(headers))[0] == request_id
    names = Counter(span.name for span in traced.spans.get_finished_spans())
    assert names["POST /sms"] == 2
    assert len(traced.of(request_id)["POST /sms"]) == 1


async def test_a_provider_that_raises_leaves_its_words_behind(tmp_path: Path) -> None:
    def raising(_: Message) -> SubmitOutcome:
        raise ValueError(f"{TEXT} to {PHONE}")

    async with tracing(tmp_path, raising) as traced:
        request_id, _ = await traced.sent(ASYNC)
        await traced.until(lambda: SUBMIT in traced.of(request_id))
    (submit,) = traced.of(request_id)[SUBMIT]
    assert submit.status.description == "ValueError"
    assert submit.events == ()
    assert TEXT not in json.dumps(submit.to_json())
