"""Traces of real processes, as a collector gets them, or does not."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.delivery import CALLBACKS, SECRETS, Caller, listening, waited, webhooks_to
from tests.integration.conftest import migrated_target
from tests.integration.processes.collector import Collector, collecting, hanging, to
from tests.postgres import PostgresServer
from tests.processes import Client, Program, provided, running_gateway, running_simulator, stored

PHONE, TEXT = "77011234567", "Code 4821"
STEPS = {"POST /sms", "accept", "submit smscru", "receipt smscru", "webhook"}
DUMMY = {"SMS_DUMMY": "true", "API_KEYS": ""}


@pytest.fixture(scope="module")
def simulator(folder: Path) -> Iterator[Program]:
    with running_simulator(folder / "simulator", *SECRETS, "--receipt-delay", "0.1") as simulator:
        yield simulator


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def request_of(client: Client, message_id: str) -> UUID:
    return UUID(client.message(message_id)["request_id"])


def test_two_processes_make_one_trace(
    place: Path, simulator: Program, postgres_server: PostgresServer, collector: Collector
) -> None:
    with listening() as listener:
        settings = {
            **provided(simulator.url, **stored(migrated_target(postgres_server))),
            **CALLBACKS,
            **webhooks_to(listener),
            **to(collector.url),
        }
        with (
            running_gateway(place / "api", **settings, HABAR_ROLE="api") as api,
            running_gateway(place / "worker", **settings, HABAR_ROLE="worker"),
            Caller(api, simulator) as caller,
        ):
            (row,) = caller.queue(phones=PHONE, message=TEXT, provider="smscru")
            caller.wait_for(row["id"], "delivered", timeout_s=60)
            request_id = request_of(caller, row["id"])

            def names() -> Counter[str]:
                return Counter(span.name for span in collector.trace(request_id))

            waited(lambda: set(names()) == STEPS and names()["webhook"] > 1, timeout_s=60)
    spans = collector.trace(request_id)
    (whole,) = [span for span in spans if span.name == "POST /sms"]
    assert whole.parent == b""
    assert {span.parent for span in spans if span is not whole} == {whole.id}
    (submit,) = [span for span in spans if span.name == "submit smscru"]
    (receipt,) = [span for span in spans if span.name == "receipt smscru"]
    assert whole.process == receipt.process != submit.process
    for body in collector.bodies:
        for kept in (PHONE, PHONE[1:], TEXT, listener.url):
            assert kept.encode() not in body


def test_what_was_taken_down_is_sent_before_the_end(place: Path, collector: Collector) -> None:
    settings = {**DUMMY, **to(collector.url, OTEL_BSP_SCHEDULE_DELAY="3600000")}
    with running_gateway(place, **settings) as gateway, Client(gateway, gateway) as client:
        (row,) = client.post("/sms", phones=PHONE, message=TEXT)["content"]["messages"]
        request_id = request_of(client, row["id"])
        assert collector.trace(request_id) == []
        assert gateway.stop() == 0, gateway.output
    names = {span.name for span in collector.trace(request_id)}
    assert names == {"POST /sms", "accept", "submit dummy"}


def test_a_collector_that_never_answers_holds_nothing_up(place: Path) -> None:
    with hanging() as url:
        settings = {
            **DUMMY,
            **to(url, OTEL_BSP_MAX_QUEUE_SIZE="10", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="5"),
        }
        with running_gateway(place, **settings) as gateway, Client(gateway, gateway) as client:
            for number in range(20):
                phone = f"770112345{number:02d}"
                (row,) = client.post("/sms", phones=phone, message=TEXT)["content"]["messages"]
                assert row["status"] == "delivered"
            rows = client.queue(phones=[f"770212345{n:02d}" for n in range(50)], message=TEXT)
            for row in rows:
                client.wait_for(row["id"], "delivered")
            assert gateway.stop() == 0, gateway.output
            assert "token" not in gateway.output


def test_a_collector_that_is_not_there_is_told_of_once(place: Path) -> None:
    settings = {
        **DUMMY,
        **to("http://127.0.0.1:9/token-in-the-path", OTEL_EXPORTER_OTLP_TIMEOUT="1"),
    }
    with running_gateway(place, **settings) as gateway, Client(gateway, gateway) as client:
        client.post("/sms", phones=PHONE, message=TEXT)
        waited(lambda: "traces do not reach" in gateway.output, timeout_s=60)
        client.post("/sms", phones=PHONE, message=TEXT)
        assert gateway.stop() == 0, gateway.output
        assert gateway.output.count("traces do not reach") == 1
        assert "token" not in gateway.output
        assert "Traceback" not in gateway.output
