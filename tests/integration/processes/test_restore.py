"""Backups by command: when they are refused, and what is said."""

from pathlib import Path

import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import PostgresServer
from tests.processes import Program, running_gateway, stored


def run(place: Path, *arguments: str, **settings: str) -> str:
    """Run a command that succeeds; what it said."""
    program = Program(place, *arguments, **settings)
    try:
        assert program.wait() == 0, program.output
    finally:
        program.kill()
    return program.output


def test_a_backup_put_in_place_by_hand_is_not_served(place: Path, tmp_path: Path) -> None:
    wanted = {"SMS_DUMMY": "true", **stored(sqlite_target(tmp_path))}
    run(place, "migrate", **wanted)
    run(place, "backup", str(tmp_path / "backup.db"), **wanted)
    (tmp_path / "backup.db").rename(tmp_path / "habar.db")
    program = Program(place, "serve", **wanted, HTTP_PORT="0")
    try:
        assert program.wait() != 0
    finally:
        program.kill()
    assert "habar hold" in program.output
    assert "Traceback" not in program.output
    run(place, "hold", "--yes", **wanted)
    with running_gateway(place, **wanted):
        pass


def test_it_is_not_restored_under_a_gateway_that_runs(place: Path, tmp_path: Path) -> None:
    target = sqlite_target(tmp_path)
    wanted = {"SMS_DUMMY": "true", **stored(target)}
    with running_gateway(place, **wanted):
        run(place, "backup", str(tmp_path / "backup.db"), **wanted)
        for arguments in (("restore", str(tmp_path / "backup.db")), ("hold", "--yes")):
            program = Program(place, *arguments, **wanted)
            try:
                assert program.wait() != 0
            finally:
                program.kill()
            assert "another process" in program.output


def test_messages_are_not_held_under_a_gateway_that_runs_on_postgresql(
    place: Path, postgres_server: PostgresServer
) -> None:
    wanted = {"SMS_DUMMY": "true", **stored(postgres_target(postgres_server))}
    with running_gateway(place, **wanted):
        program = Program(place, "hold", "--yes", **wanted)
        try:
            assert program.wait() == 1
        finally:
            program.kill()
        assert "another process" in program.output
        assert "Traceback" not in program.output


def test_nothing_is_held_before_somebody_says_yes(place: Path, tmp_path: Path) -> None:
    program = Program(place, "hold", SMS_DUMMY="true", **stored(sqlite_target(tmp_path)))
    try:
        assert program.wait() == 1
    finally:
        program.kill()
    assert "put in doubt" in program.output


def test_the_password_of_the_database_is_not_shown(place: Path) -> None:
    url = sa.make_url("postgresql://habar:s3cret-p4ss@127.0.0.1:1/habar")
    target = DatabaseTarget(url=url, admin_url=url)
    program = Program(place, "hold", SMS_DUMMY="true", **stored(target))
    try:
        assert program.wait() == 1
    finally:
        program.kill()
    assert "127.0.0.1:1/habar" in program.output
    assert "s3cret" not in program.output
