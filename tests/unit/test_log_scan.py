"""The scan of the logs, over leaks that are made for it."""

import logging
from pathlib import Path
from uuid import UUID

import pytest

from tests.log_scan import LogScan
from tests.planted import planted_in
from tests.processes import Program

TEXT = "Wasserfall vier acht zwei eins"
LEAKS = [
    "sent to +7 701 123-45-67",
    f"text={TEXT!r}",
    "POST /sms: Hello, world!",
    "Authorization: Bearer hbr_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXU",
    "https://smsc.ru/sys/send.php?login=habar&psw=secret&fmt=3",
]
HARMLESS = [
    "sent to +77011234567",
    "the webhook has a secret of its own",
    f"message {UUID(int=77011234567)} left",
    "2026-11-23 06:34:43 2026-11-23T06:34:43.123456Z",
    "key hbr_Zm9vYmFy revoked",
    "listening on 127.0.0.1:39361, started at 1792326852.123456",
]


def said(line: str) -> None:
    logging.getLogger("application.dispatcher").debug("%s", line)


@pytest.mark.parametrize("line", LEAKS)
def test_a_leak_of_the_products_loggers_is_refused(log_scan: LogScan, line: str) -> None:
    said(line)
    with pytest.raises(AssertionError, match="was written"):
        log_scan.refuse()


@pytest.mark.parametrize("line", LEAKS)
def test_a_leak_in_the_output_of_a_process_is_refused(
    log_scan: LogScan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    _printing(tmp_path, monkeypatch, LINE=line)
    log_scan.read_processes()
    with pytest.raises(AssertionError, match="was written"):
        log_scan.refuse()


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("API_KEYS", "first-key,second-key", "Bearer second-key"),
        ("PG_PASSWORD", "Passwort-eins", "password=Passwort-eins"),
        ("DATABASE_URL", "postgresql://me:Passwort-zwei@db/habar", "no login: Passwort-zwei"),
        ("WEBHOOK_SECRETS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "{value}"),
    ],
)
def test_what_a_process_is_told_to_keep_secret_is_refused(  # noqa: PLR0913, PLR0917 - fixtures
    log_scan: LogScan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    line: str,
) -> None:
    _printing(tmp_path, monkeypatch, LINE=line.format(value=value), **{name: value})
    log_scan.read_processes()
    with pytest.raises(AssertionError, match="was written"):
        log_scan.refuse()


@pytest.mark.parametrize("line", HARMLESS)
def test_other_lines_are_let_through(log_scan: LogScan, line: str) -> None:
    said(line)
    assert log_scan.leaks == []


def test_a_number_that_was_not_masked_is_refused(log_scan: LogScan) -> None:
    for written in ("77011234567", "phone=+77011234567,", '"79161234567"', "?phone=77070001234"):
        log_scan.read(written)
        with pytest.raises(AssertionError, match="was written"):
            log_scan.refuse()


def test_an_error_is_read_as_it_is_logged(log_scan: LogScan) -> None:
    for words in (TEXT, "+7 701 123-45-67"):
        try:
            raise ValueError(words)  # noqa: TRY301 - the scan reads what is raised
        except ValueError as error:
            logging.getLogger("adapters").exception("unforeseen")
            assert log_scan.leaks == []
            logging.getLogger("adapters").warning("unforeseen: %s", error)
        with pytest.raises(AssertionError, match="was written"):
            log_scan.refuse()


def test_a_line_counts_once_and_a_half_line_when_it_is_whole(
    log_scan: LogScan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _printing(tmp_path, monkeypatch, LINE="to 77011234567")
    assert program.news() == "to 77011234567\n"
    assert program.news() == ""
    log_scan.read_processes()
    assert program not in Program.unread


def test_texts_and_secrets_of_a_module_are_found_in_it(tmp_path: Path) -> None:
    module = tmp_path / "test_something.py"
    module.write_text(
        'TEXT = "Ihr Code ist 1234"\n'
        'OTHER = "Another constant"\n'
        'WORDS = ("Wort eins", "x")\n'
        'send(message="Guten Tag", phones="Guten Abend")\n'
        'send({"message": "Gute Nacht", "SMSCRU_PASSWORD": "Pass-1234", "status": "ok, then"})\n'
        'send(message="queued", text=name)\n'
    )
    assert planted_in(module) == {
        "Ihr Code ist 1234",
        "Wort eins",
        "Guten Tag",
        "Gute Nacht",
        "Pass-1234",
    }


def _printing(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Program:
    """Run a process of ours that writes one line, and wait until it has."""
    script = folder / "habar"
    script.write_text('#!/bin/sh\necho "$LINE"\n')
    script.chmod(0o755)
    monkeypatch.setattr("tests.processes.HABAR", script)
    program = Program(folder, "serve", **settings)
    assert program.wait() == 0
    return program
