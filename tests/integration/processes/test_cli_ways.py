"""Commands where something about the way they are run is out of the ordinary."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.integration.conftest import postgres_target
from tests.postgres import PostgresServer
from tests.processes import HABAR, Program, running_gateway, stored
from tests.terminal import PATIENCE_S, Terminal

PHONE = "77011234567"
KEY_ID = "0193578a1c2b7d3e8f405a6b7c8d9e0f"
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
BYTES = os.fsdecode(b"\xff")
"""What a shell passes on that is not UTF-8."""


@pytest.fixture(scope="module")
def dummy_gateway(folder: Path) -> Iterator[Program]:
    with running_gateway(folder / "ways", SMS_DUMMY="true") as gateway:
        yield gateway


@pytest.fixture
def terminal(dummy_gateway: Program, tmp_path: Path) -> Terminal:
    return Terminal(dummy_gateway.url, tmp_path)


@pytest.fixture
def command(terminal: Terminal) -> Iterator["Command"]:
    command = Command(terminal)
    yield command
    command.end()


class Command:
    """A command that goes on until it is sent a signal."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str) -> None:
        # What a shell starts in the background ignores Ctrl-C, and so does all that it starts.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                [HABAR, *words],
                env={"HABAR_URL": self._terminal.url, "LC_ALL": "C.UTF-8"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def ended_by(self, number: signal.Signals) -> tuple[int, bytes]:
        """Send the signal; its exit code, and what it wrote."""
        assert self._process is not None
        self._process.send_signal(number)
        out, _ = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, out

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "NaN", "1e999"])
@pytest.mark.parametrize(
    "words",
    [
        ("send", PHONE, "--text", "Hi", "--delay"),
        ("call", PHONE, "--text", "Hi", "--ttl"),
        ("providers", "pause", "smscru", "--for"),
        ("keys", "create", "x", "--scope", "send", "--rate"),
    ],
    ids=repr,
)
def test_what_cannot_be_counted_to_is_2(
    terminal: Terminal, words: tuple[str, ...], number: str
) -> None:
    assert terminal.run(*words, number).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("send", BYTES, "--text", "Hi"),
        ("send", PHONE, "--text", f"Hi {BYTES}"),
        ("call", PHONE, "--text", "Hi", "--reference", BYTES),
        ("messages", "show", BYTES),
        ("messages", "list", "--reference", BYTES),
        ("blacklist", "check", BYTES),
        ("providers", "pause", BYTES),
        ("webhooks", "replay", BYTES),
        ("keys", "create", BYTES, "--scope", "send"),
        ("audit", "--actor", BYTES),
        ("simulate", "--host", BYTES),
        ("simulate", "--host", "a..b"),
        ("webhooks", "listen", "--secret", SECRET, "--host", "a..b"),
    ],
    ids=repr,
)
def test_what_is_no_text_is_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.run(*words).code == 2


def test_standard_input_that_is_no_text_is_2(terminal: Terminal) -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [HABAR, "send", PHONE, "--text", "-"],
        env={"HABAR_URL": terminal.url},
        input=b"a\xffb",
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert b"not UTF-8" in done.stderr


def test_a_file_may_have_any_name(terminal: Terminal) -> None:
    name = f"list-{BYTES}.csv"
    (terminal.folder / name).write_text("phone\n77012225566\n")
    assert terminal.run("blacklist", "import", name).code == 0


def test_a_gateway_is_not_served_on_what_is_no_host(terminal: Terminal) -> None:
    refused = terminal.run("serve", SMS_DUMMY="true", AUTH_DISABLED="true", HTTP_HOST="a..b")
    assert refused.code == 78
    assert "HTTP_HOST: not an address" in refused.words


@pytest.mark.parametrize(
    "words",
    [
        ("audit",),
        ("keys", "list"),
        ("keys", "revoke", KEY_ID),
        ("keys", "rotate", KEY_ID),
        ("hold", "--yes"),
    ],
    ids=repr,
)
def test_a_database_that_is_not_there_is_not_made(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    missing = terminal.run(*words, SMS_DUMMY="true")
    assert missing.code != 0
    assert "no" in missing.words
    assert "database" in missing.words
    assert list(terminal.folder.iterdir()) == []


def test_what_is_no_database_of_ours_is_not_made_one_on_postgresql(
    terminal: Terminal, postgres_server: PostgresServer
) -> None:
    target = postgres_target(postgres_server)
    for words in (("audit",), ("hold", "--yes")):
        missing = terminal.run(*words, SMS_DUMMY="true", **stored(target))
        assert missing.code == 78, missing
        assert "no database of Habar's" in missing.words
    gone = url_of(target, "habar_is_not_there")
    assert terminal.run("audit", DATABASE_URL=gone).code == 78
    assert terminal.run("audit", DATABASE_URL=gone).code == 78, "it was made"


def url_of(target: DatabaseTarget, database: str) -> str:
    return target.url.set(database=database).render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "words",
    [
        ("messages", "list"),
        ("messages", "list", "--json"),
        ("blacklist", "export", "-"),
        ("send", "--help"),
    ],
    ids=repr,
)
def test_a_reader_that_has_seen_enough_is_no_no(terminal: Terminal, words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = written_to(pipe.fileno(), terminal, *words)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full")
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_answer_that_cannot_be_written_is_74(terminal: Terminal, more: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = written_to(full.fileno(), terminal, "messages", "list", *more)
    assert done.returncode == 74
    assert b"Cannot read or write" in done.stderr


def written_to(
    descriptor: int, terminal: Terminal, *words: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(  # noqa: S603 - our own words
        [HABAR, *words],
        env={"HABAR_URL": terminal.url, "LC_ALL": "C.UTF-8"},
        stdout=descriptor,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_list_is_written_into_a_pipe_and_does_not_replace_it(terminal: Terminal) -> None:
    pipe = terminal.folder / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert terminal.run("blacklist", "export", str(pipe)).code == 0
        assert os.read(reading, 6) == b"phone,"
    finally:
        os.close(reading)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "timeout"]
)
def test_waiting_that_is_ended_still_prints_the_ids(
    terminal: Terminal,
    command: Command,
    number: signal.Signals,
    code: int,
) -> None:
    reference = f"ended-{code}"
    later = ("--delay", "3600", "--reference", reference, "--wait", "--json")
    command.start("send", PHONE, "--text", "Hi", *later)
    deadline = time.monotonic() + PATIENCE_S
    while not (found := listed(terminal, reference)):
        assert time.monotonic() < deadline
    time.sleep(5)  # it has its answer now, and waits; a slower one is no failure of this kind
    ended, out = command.ended_by(number)
    assert ended == code
    (row,) = json.loads(out)["content"]["messages"]
    assert (row["id"], row["status"]) == (found[0], "queued")


def listed(terminal: Terminal, reference: str) -> list[str]:
    answer = terminal.json("messages", "list", "--reference", reference)
    return [message["id"] for message in answer["content"]["messages"]]
