"""A start that cannot succeed says why, all of it, and leaves no traceback."""

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import postgres_target
from tests.postgres import PostgresServer
from tests.processes import Program, running_gateway, stored

CONFIGURATION = 78
SECRET = "s3cret-p4ss"
DUMMY = {"SMS_DUMMY": "true", "HTTP_PORT": "0"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "habar"


def refusal(place: Path, *arguments: str, **settings: str) -> str:
    """Start what must not start; return what it said."""
    program = Program(place, *(arguments or ("serve",)), **settings)
    try:
        code = program.wait(20)
    finally:
        program.kill()
    assert code == CONFIGURATION, program.output
    assert "Traceback" not in program.output
    assert SECRET not in program.output
    return program.output


def test_bad_settings_are_listed_all_of_them(place: Path) -> None:
    said = refusal(
        place,
        HTTP_PORT="x",
        SMSCRU_TIMEOUT="0",
        TWILIO_TOKEN_FILE=f"/nowhere/{SECRET}",
        PG_PORT=SECRET,
    )
    assert said.startswith("Habar cannot start:\n")
    names = [line.split(":")[0].removeprefix("  - ") for line in said.splitlines()[1:]]
    unreadable = ["SMSCRU_TIMEOUT", "TWILIO_TOKEN_FILE", "PG_PORT", "HTTP_PORT"]
    assert names == [*unreadable, "SMS_PROVIDER"]  # the last one is not set at all


def test_settings_that_contradict_each_other_are_listed_all_of_them(place: Path) -> None:
    said = refusal(
        place,
        SMSCRU_USERNAME="me",
        TWILIO_TOKEN=SECRET,
        DATABASE_URL=f"mysql://u:{SECRET}@h/d",
        LOG_LEVEL="LOUD",
    )
    for name in ("SMSCRU_PASSWORD", "TWILIO_SID", "SMS_PROVIDER", "DATABASE_URL", "LOG_LEVEL"):
        assert name in said
    assert len(said.splitlines()) == 6


def test_other_machines_are_served_only_once_there_is_a_key(place: Path) -> None:
    everywhere = {**DUMMY, "HTTP_HOST": "0.0.0.0"}  # noqa: S104 - it is refused
    said = refusal(place, **everywhere)
    for way_out in ("HTTP_HOST", "habar keys create", "API_KEYS", "AUTH_DISABLED=true"):
        assert way_out in said


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_is_away_is_told_within_seconds(place: Path, command: str) -> None:
    url = f"postgresql://me:{SECRET}@127.0.0.1:1/sms"
    started = time.monotonic()
    said = refusal(place, command, **DUMMY, DATABASE_URL=url)
    assert time.monotonic() - started < 10
    assert "  - DATABASE_URL: " in said
    assert "refused" in said


def test_a_database_that_says_nothing_is_told_within_seconds(place: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        port = silent.getsockname()[1]
        said = refusal(place, **DUMMY, PG_HOST="127.0.0.1", PG_PORT=str(port), PG_PASSWORD=SECRET)
    assert "  - PG_HOST: " in said
    assert "timeout" in said


def test_a_pooler_that_is_away_is_told_though_the_server_is_there(
    place: Path, postgres_server: PostgresServer
) -> None:
    url = postgres_target(postgres_server).url
    said = refusal(
        place,
        **DUMMY,
        PG_HOST="127.9.9.9",
        PG_REAL_HOST=str(url.host),
        PG_PORT=str(url.port),
        PG_USER=str(url.username),
        PG_DATABASE=str(url.database),
        PG_PASSWORD=SECRET,
    )
    assert "  - PG_HOST: " in said
    assert "127.9.9.9" in said


def test_a_database_that_forgets_is_refused(place: Path, postgres_server: PostgresServer) -> None:
    target = postgres_target(postgres_server)
    url = target.url.update_query_dict({"options": "-csynchronous_commit=off"})
    said = refusal(place, **DUMMY, DATABASE_URL=url.render_as_string(hide_password=False))
    assert "DATABASE_URL: SHOW synchronous_commit is off; an accepted message could be lost" in said


def test_a_role_that_does_not_exist_is_told(place: Path, postgres_server: PostgresServer) -> None:
    url = postgres_server.url.set(username="nobody", password=SECRET)
    said = refusal(place, **DUMMY, DATABASE_URL=url.render_as_string(hide_password=False))
    assert 'role "nobody" does not exist' in said


@pytest.mark.parametrize("kind", ["a file", "no place"])
def test_a_folder_that_cannot_be_written_is_told(place: Path, kind: str) -> None:
    place.mkdir()
    (place / "file").write_text("in the way")
    folder = str(place / "file") if kind == "a file" else "/proc/nowhere"
    said = refusal(place, **DUMMY, DATA_DIR=folder)
    assert "  - DATA_DIR: " in said
    assert folder in said


def test_a_file_that_is_no_database_is_told(place: Path) -> None:
    (place / "data").mkdir(parents=True)
    (place / "data" / "habar.db").write_text("no database, and longer than a header " * 99)
    assert "  - DATA_DIR: file is not a database" in refusal(place, **DUMMY)


def test_a_port_in_use_is_told(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = Program(place, "serve", **{**DUMMY, "HTTP_PORT": str(port)})
        assert program.wait(20) != 0
    assert "address already in use" in program.output
    assert str(port) in program.output
    assert "Traceback" not in program.output


def test_a_second_process_on_the_same_file_is_refused_until_the_first_is_gone(place: Path) -> None:
    with running_gateway(place, **DUMMY) as first:
        for command in ("serve", "migrate"):
            said = refusal(place, command, **DUMMY)
            assert "another process is using" in said
            assert "habar.db;" in said
            assert "PostgreSQL" in said
        first.kill()
    with running_gateway(place, **DUMMY) as third:
        os.kill(third.pid, signal.SIGINT)  # as Ctrl-C does
        assert third.wait(10) == 0
        assert "Traceback" not in third.output


def test_two_processes_share_a_server(place: Path, postgres_server: PostgresServer) -> None:
    settings = {**DUMMY, **stored(postgres_target(postgres_server))}
    with running_gateway(place, **settings) as first, running_gateway(place, **settings) as second:
        assert first.pid != second.pid


def test_a_file_beside_it_sets_it_up_and_the_environment_overrules_it(place: Path) -> None:
    place.mkdir()
    (place / ".env").write_text("SMS_DUMMY=true\nHTTP_PORT=x\nLOG_FORMAT=json\n")
    assert "HTTP_PORT" in refusal(place)
    with running_gateway(place) as gateway:
        assert gateway.output.startswith("{")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_migrate_prepares_a_database_and_ends(
    place: Path, postgres_server: PostgresServer, kind: str
) -> None:
    database = {} if kind == "sqlite" else stored(postgres_target(postgres_server))
    for _ in range(2):
        program = Program(place, "migrate", **{**DUMMY, **database})
        assert program.wait(20) == 0
        assert "The database is at revision " in program.output


def test_where_the_pages_are_is_printed(place: Path) -> None:
    with running_gateway(place, **DUMMY) as gateway:
        page = f"{gateway.url}/dashboard"
        assert f"the dashboard is at {page}" in gateway.output
        answer = httpx.get(page)
        assert answer.status_code == 200
        assert "What needs a person" in answer.text


def test_pages_that_are_not_there_are_not_named(place: Path) -> None:
    with running_gateway(place, **DUMMY, DASHBOARD_ENABLED="false") as gateway:
        assert "dashboard" not in gateway.output
        assert httpx.get(f"{gateway.url}/dashboard").status_code == 404
