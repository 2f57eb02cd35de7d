"""The simulator as a process: one line, then it serves until it is told to stop."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from entrypoints.cli.main import habar
from entrypoints.simulator.accounts import (
    EpochtasmsruAccount,
    MobizonkzAccount,
    SmscruAccount,
    TwilioAccount,
)
from entrypoints.simulator.reporting import Way

SOURCES = Path(__file__).parents[3] / "src"
PROGRAM = "from entrypoints.simulator.app import run_simulator; run_simulator('127.0.0.1', 0)"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_in_order(stop: signal.Signals) -> None:
    with subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-W", "error", "-c", PROGRAM],
        cwd=SOURCES,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("The simulator listens on http://127.0.0.1:")
        url = f"{line.split()[-1]}/simulator/requests"
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            assert answer.status == 200
        process.send_signal(stop)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_accounts_are_read_from_the_command_line() -> None:
    assert SmscruAccount.parse("me:a:b") == SmscruAccount(login="me", password="a:b")
    assert TwilioAccount.parse("AC1:t") == TwilioAccount(sid="AC1", token="t")
    assert EpochtasmsruAccount.parse("me@x:p") == EpochtasmsruAccount(username="me@x", password="p")
    assert MobizonkzAccount.parse("kz1") == MobizonkzAccount(api_key="kz1")


@pytest.mark.parametrize("text", ["", "me", "me:", ":secret"])
def test_half_an_account_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected name:secret"):
        SmscruAccount.parse(text)
    with pytest.raises(ValueError, match="empty"):
        MobizonkzAccount.parse("")


def test_secrets_do_not_show() -> None:
    accounts = (SmscruAccount(), TwilioAccount(), EpochtasmsruAccount(), MobizonkzAccount())
    shown = repr(accounts)
    assert "secret" not in shown
    assert MobizonkzAccount().api_key not in shown
    assert TwilioAccount().token not in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("--callbacks-to", "127.0.0.1:8080"),
        ("--callbacks-to", "http://127.0.0.1:8080", "--public-url", "sms.example.kz"),
        ("--receipts", "sometimes"),
    ],
)
def test_a_wrong_flag_is_refused_before_it_listens(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(habar, ["simulate", *arguments]).exit_code == 2


def test_the_flags_know_what_the_simulator_knows() -> None:
    options = {option.name: option for option in habar.commands["simulate"].params}
    kind = options["way"].type
    assert isinstance(kind, click.Choice)
    assert tuple(kind.choices) == tuple(Way)
    assert options["smscru_secret"].default == SmscruAccount().callback_secret
    assert options["mobizonkz_secret"].default == MobizonkzAccount().webhook_secret
