"""Every answer says what its request was called, and so does every log line it caused."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from entrypoints.logs import configure_logs
from entrypoints.settings import Secret
from tests.fakes import ScriptedProvider
from tests.integration.http.service import HELLO, Service, dummy, serving, through

KEY = "first-key-of-the-table"
KEYED = {"X-API-Key": KEY}
BIG = b"x" * 20_000_000
Written = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    settings = dummy(tmp_path_factory.mktemp("habar"), api_keys=(Secret(KEY),))
    async with serving(settings) as service:
        yield service


class DefectiveProvider(ScriptedProvider):
    """A provider whose every text is a defect."""

    def check_text(self, text: str) -> None:
        raise ZeroDivisionError(text)


@pytest.fixture
def _loggers() -> Iterator[None]:
    """Put the loggers back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("status", "method", "path", "headers", "body"),
    [
        (200, "POST", "/sms", KEYED, json.dumps(HELLO).encode()),
        (200, "POST", "/sms/", KEYED, json.dumps(HELLO).encode()),
        (400, "POST", "/call", KEYED, b"{"),
        (401, "POST", "/sms", {}, b"{}"),
        (401, "GET", "/nothing", {}, b""),
        (404, "GET", "/nothing", KEYED, b""),
        (405, "PUT", "/sms", KEYED, b""),
        (413, "POST", "/sms", KEYED, BIG),
        (413, "POST", "/blacklist", KEYED, BIG),
        (200, "GET", "/livez", {}, b""),
        (200, "GET", "/docs", {}, b""),
        (404, "POST", "/callbacks/smscru/receipt", {}, b""),
    ],
)
async def test_every_answer_is_named(  # noqa: PLR0913, PLR0917 - a row of the table
    guarded: Service, status: int, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    for shown in ("order-4711.a_b", None):
        named = {**headers, **({} if shown is None else {"X-Request-Id": shown})}
        answer = await guarded.client.request(method, path, headers=named, content=body)
        assert answer.status_code == status, answer.text
        (name,) = answer.headers.get_list("x-request-id")
        assert name == (shown or str(UUID(name)))


@pytest.mark.usefixtures("_loggers")
@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("path", ["/sms", "/sms/"])
async def test_a_defect_is_logged_under_the_name_its_caller_was_told(
    tmp_path: Path, capsys: Written, log_format: str, path: str
) -> None:
    routing = through(DefectiveProvider())
    async with serving(dummy(tmp_path), routing=routing) as service:
        configure_logs("INFO", log_format)
        answers = await asyncio.gather(*(service.send(path) for _ in range(5)))
        written = capsys.readouterr().err.splitlines()
    assert {answer.status_code for answer in answers} == {500}
    names = {answer.headers["x-request-id"] for answer in answers}
    assert len(names) == 5
    for name in names:
        assert any("ZeroDivisionError" in line and name in line for line in written)


@pytest.mark.usefixtures("_loggers")
async def test_a_number_is_masked_where_a_caller_names_a_request_so(
    tmp_path: Path, capsys: Written
) -> None:
    async with serving(dummy(tmp_path), routing=through(DefectiveProvider())) as service:
        configure_logs("INFO", "json")
        named = {"X-Request-Id": "77011234567"}
        answer = await service.client.post("/sms", json=HELLO, headers=named)
        (line,) = capsys.readouterr().err.splitlines()
    assert answer.headers["x-request-id"] == "77011234567"
    assert json.loads(line)["request_id"] == "7701***4567"


@pytest.mark.usefixtures("_loggers")
async def test_a_line_outside_of_requests_has_no_name(service: Service, capsys: Written) -> None:
    configure_logs("INFO", "json")
    await service.send()
    logging.getLogger("habar.test").warning("nobody asked")
    (line,) = capsys.readouterr().err.splitlines()
    assert "request_id" not in json.loads(line)
