"""Whether requests are traced, and what a log line knows of it."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telemetry.counted_outbox import CountedOutbox
from adapters.telemetry.trace import TRACE_ID
from adapters.telemetry.trace_spans import Spans
from application.ports.telemetry import SILENT
from entrypoints.doctor.configuration import check_traces
from entrypoints.doctor.finding import Level
from entrypoints.logs import configure_logs
from entrypoints.tracing import choose_trace, is_wanted, problem_with, traced_outbox
from tests.fakes import MemoryOutbox

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9/token-in-the-path"}
ROOT = Path(__file__).parents[3]
BUILD = """
import sys
from entrypoints.server import run
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
create_app(Container(settings=Settings(sms_dummy=True)))
parts = ("opentelemetry.sdk", "opentelemetry.trace", "opentelemetry.exporter", "requests")
print([name for name in sys.modules if name.startswith(parts)])
"""
WITHOUT_THE_EXTRA = "import sys; sys.modules['opentelemetry'] = None"


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """Put the loggers back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("opentelemetry.exporter", "urllib3"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "false"}, True),
        ({"OTEL_SERVICE_NAME": "habar", "OTEL_TRACES_SAMPLER": "always_on"}, False),
    ],
    ids=repr,
)
def test_who_names_a_collector_wants_traces(
    environment: Mapping[str, str], *, wanted: bool
) -> None:
    assert is_wanted(environment) is wanted


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "http/protobuf"),
    ],
)
def test_what_cannot_be_done_is_named(environment: Mapping[str, str], named: str) -> None:
    problem = problem_with(environment)
    assert problem is not None
    assert named in problem


@pytest.mark.parametrize(
    "environment",
    [
        ENDPOINT,
        {"OTEL_TRACES_EXPORTER": "otlp"},
        {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
        {
            **ENDPOINT,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
        },
    ],
    ids=repr,
)
def test_what_can_be_done_is_no_problem(environment: Mapping[str, str]) -> None:
    assert problem_with(environment) is None


@pytest.mark.parametrize(
    ("environment", "levels"),
    [
        ({}, []),
        (ENDPOINT, [Level.OK]),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, [Level.WARNING]),
    ],
    ids=repr,
)
def test_the_doctor_tells_what_comes_of_it(
    environment: Mapping[str, str], levels: list[Level]
) -> None:
    found = list(check_traces(environment))
    assert [finding.level for finding in found] == levels
    assert "token" not in repr(found)


def test_without_a_collector_nothing_stands_before_the_outbox() -> None:
    assert choose_trace() is None
    outbox = MemoryOutbox()
    assert traced_outbox(outbox, SILENT, None) is outbox


async def test_with_a_collector_requests_are_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENDPOINT.items():
        monkeypatch.setenv(name, value)
    trace = choose_trace()
    assert isinstance(trace, Spans)
    assert isinstance(traced_outbox(MemoryOutbox(), SILENT, trace), CountedOutbox)
    await trace.close()


def python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "src"), **environment},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_the_extra_a_line_says_so_and_all_goes_on() -> None:
    done = python(f"{WITHOUT_THE_EXTRA}\n{BUILD}", **ENDPOINT)
    assert done.stdout == "[]\n"
    assert "the extra otel is not installed" in done.stderr
    assert "token" not in done.stderr


def test_without_the_extra_nobody_is_told_who_does_not_want_traces() -> None:
    done = python(f"{WITHOUT_THE_EXTRA}\n{BUILD}")
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1000000"),
    ],
)
def test_a_setting_that_cannot_be_is_no_reason_not_to_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    for variable, given_value in {**ENDPOINT, name: value}.items():
        monkeypatch.setenv(variable, given_value)
    assert choose_trace() is None
    assert "nothing is traced" in caplog.text
    assert "token" not in caplog.text


def test_without_a_collector_nothing_of_opentelemetry_is_imported() -> None:
    assert python(BUILD).stdout == "[]\n"


@given(request_id=st.uuids(version=4) | st.just(UUID("01234567-8901-7234-8567-890123456789")))
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_line_names_its_trace_as_traces_are_named(log_format: str, request_id: UUID) -> None:
    configure_logs("INFO", log_format)
    formatter = logging.getLogger().handlers[0].formatter
    assert formatter is not None
    record = logging.LogRecord("x", logging.INFO, "x", 1, f"{request_id} 77011234567", None, None)
    token = TRACE_ID.set(request_id)
    line = formatter.format(record)
    TRACE_ID.reset(token)
    assert request_id.hex in line
    assert str(request_id) in line
    assert "77011234567" not in line.replace(request_id.hex, "").replace(str(request_id), "")
    if log_format == "json":
        assert json.loads(line)["trace_id"] == request_id.hex


def test_a_line_of_no_trace_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO", "json")
    token = TRACE_ID.set(None)
    logging.getLogger("x").info("hello")
    TRACE_ID.reset(token)
    assert "trace_id" not in json.loads(capsys.readouterr().err)
