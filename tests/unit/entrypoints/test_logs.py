"""What a log line shows, and what it never does."""

import json
import logging
import os
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.phone import Phone, mask_numbers
from entrypoints.logs import configure_logs

Written = pytest.CaptureFixture[str]
E164 = st.from_regex(r"[1-9][0-9]{7,14}", fullmatch=True)
TEXT = "Code 4821"
AROUND = st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=10)


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """Put the loggers back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: Written) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@given(before=AROUND, phone=E164, after=AROUND)
def test_no_number_is_shown_whole(before: str, phone: str, after: str) -> None:
    masked = mask_numbers(f"{before}{phone}{after}")
    hidden = Phone(f"+{phone}").masked
    assert masked == f"{before.removesuffix('+')}{hidden}{after}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("77011234567", "7701***4567"),
        ("+77011234567", "7701***4567"),
        ("to=77011234567&x", "to=7701***4567&x"),
        ("?phone=%2B77011234567", "?phone=%2B7701***4567"),
        (r"\u000a77011234567", r"\u000a7701***4567"),
        ("77011234567,77017654321", "7701***4567,7701***4321"),
        ("[77011234567]-[x]", "[7701***4567]-[x]"),
        ("a77011234567f", "a7701***4567f"),
        ("7701123456777011234567", "7701***4567"),
        ("+29012345", "29***45"),
        ("1234567", "12***67"),
    ],
)
def test_a_number_is_found_wherever_it_stands(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked


@given(name=st.uuids(), before=AROUND)
def test_the_name_of_a_message_is_left_alone(name: UUID, before: str) -> None:
    text = f"{before} {name}: not settled"
    assert mask_numbers(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T06:34:43.123456Z",
        "2026-11-23 06:34:43",
        "http://127.0.0.1:39361/",
        "0 of 123456 done",
        "01935780-1111-7222-8333-444444444444",
    ],
)
def test_times_and_small_numbers_are_left_alone(text: str) -> None:
    assert mask_numbers(text) == text


def test_a_line_of_json_has_its_time_level_and_origin(capsys: Written) -> None:
    configure_logs("INFO", "json")
    logging.getLogger("habar.some").warning("message %s left", "+77011234567")
    (line,) = lines(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert line == {
        "event": "message 7701***4567 left",
        "level": "warning",
        "logger": "habar.some",
    }


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\x0b", "\x85", "\u2028", "\x1b[2K"])
def test_nothing_from_outside_begins_a_line(capsys: Written, log_format: str, ending: str) -> None:
    configure_logs("INFO", log_format)
    logging.getLogger("habar").info("said: %s", f"x{ending}2026-11-23 [error] forged")
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


def _fail() -> None:
    try:
        os.environ[TEXT]
    except KeyError as error:
        raise ValueError(TEXT) from error


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_error_is_told_without_its_words(capsys: Written, log_format: str) -> None:
    configure_logs("INFO", log_format)
    try:
        _fail()
    except ValueError:
        logging.getLogger("habar").exception("unforeseen")
    text = capsys.readouterr().err
    assert "KeyError" in text
    assert text.index("KeyError") < text.index("ValueError")
    assert "test_an_error_is_told_without_its_words" in text
    assert TEXT not in text


def test_the_libraries_say_nothing_below_a_warning(capsys: Written) -> None:
    configure_logs("DEBUG", "json")
    for name in ("httpx", "aiohttp.client", "sqlalchemy.engine", "psycopg.pool", "aiosqlite"):
        logging.getLogger(name).info("POST https://smsc.ru/?psw=s3cret")
        logging.getLogger(name).warning("slow")
    assert [line["event"] for line in lines(capsys)] == ["slow"] * 5


def test_the_level_can_be_written_in_any_case(capsys: Written) -> None:
    configure_logs("warning", "json")
    logging.getLogger("habar").info("quiet")
    logging.getLogger("habar").warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]
