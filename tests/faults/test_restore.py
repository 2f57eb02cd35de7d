"""Restored from a backup that was made while it sent, it sends nothing a second time."""

import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.records import Records
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import PostgresServer, find_binaries, libpq
from tests.processes import Client, Program, provided, running_gateway, stored

PHONES = [f"7701{number:07d}" for number in range(40)]
LATER = "77019999999"
END_S = 60.0


def settings(simulator: Program, target: DatabaseTarget) -> dict[str, str]:
    return provided(
        simulator.url, **stored(target), SMSCRU_RATE="8", LOOKUP_DELAYS="1,2", API_KEYS=""
    )


def run(place: Path, *arguments: str, **settings: str) -> str:
    """Run a command that succeeds; what it said."""
    program = Program(place, *arguments, **settings)
    try:
        assert program.wait() == 0, program.output
    finally:
        program.kill()
    return program.output


def wait_until_sent(provider: Client, count: int) -> None:
    deadline = time.monotonic() + END_S
    while len(provider.sent()) < count:
        assert time.monotonic() < deadline, "it does not send"
        time.sleep(0.05)


def wait_until_settled(records: Records) -> None:
    """Wait until nothing is to happen any more but what is scheduled."""
    deadline = time.monotonic() + END_S
    while records.open() > 1:
        assert time.monotonic() < deadline, records.messages()
        time.sleep(0.1)


class SqliteBackup:
    """With the program's own commands."""

    def __init__(self, folder: Path) -> None:
        self.target = sqlite_target(folder)
        self._file = folder / "backup.db"

    def make(self, place: Path, wanted: dict[str, str]) -> None:
        run(place, "backup", str(self._file), **wanted)

    def restore(self, place: Path, wanted: dict[str, str]) -> str:
        return run(place, "restore", str(self._file), "--json", **wanted)


class PostgresBackup:
    """With the server's tools, into a database of another name."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        binaries = find_binaries()
        if binaries is None or not (binaries / "pg_dump").exists():
            pytest.skip("no pg_dump")
        self._server, self._tools = server, binaries
        self._file = str(folder / "backup.dump")
        self.target = postgres_target(server)

    def make(self, place: Path, wanted: dict[str, str]) -> None:
        del place, wanted
        self._tool("pg_dump", "--format=custom", "--file", self._file, libpq(self.target.url))

    def restore(self, place: Path, wanted: dict[str, str]) -> str:
        self.target = postgres_target(self._server)
        self._tool("pg_restore", "--dbname", libpq(self.target.url), self._file)
        return run(place, "hold", "--yes", "--json", **{**wanted, **stored(self.target)})

    def _tool(self, name: str, *arguments: str) -> None:
        subprocess.run([self._tools / name, *arguments], check=True)  # noqa: S603 - our own words


@pytest.fixture(params=["sqlite", "postgres"])
def backup(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteBackup | PostgresBackup:
    if request.param == "sqlite":
        return SqliteBackup(tmp_path)
    return PostgresBackup(tmp_path, request.getfixturevalue("postgres_server"))


def test_a_backup_made_while_it_sends_is_restored_without_sending_twice(
    place: Path, simulator: Program, provider: Client, backup: SqliteBackup | PostgresBackup
) -> None:
    wanted = settings(simulator, backup.target)
    with running_gateway(place, **wanted) as gateway, Client(gateway, simulator) as client:
        client.queue(phones=PHONES[::2], message="Hi")
        client.queue(phones=PHONES[1::2], message="Hi", on_unknown="resend")
        client.queue(phones=LATER, message="Hi", delay=3600)
        wait_until_sent(provider, 6)
        backup.make(place, wanted)
        wait_until_sent(provider, 18)
        gateway.kill()
    before = Counter(str(message["recipient"]) for message in provider.sent())
    assert set(before) < set(PHONES), "nothing was left to be put in doubt"
    said = backup.restore(place, wanted)
    assert '"scheduled": 1' in said, said
    records = Records(backup.target)
    assert records.statuses().keys() == {*PHONES, LATER}
    assert records.count("queued") == 1
    with running_gateway(place, **settings(simulator, backup.target)):
        wait_until_settled(records)
    after = Counter(str(message["recipient"]) for message in provider.sent())
    assert after == before, "sent after the restore"
    assert max(after.values()) == 1
    statuses = records.statuses()
    assert statuses.pop(LATER) == "queued"
    taken = {phone for phone, status in statuses.items() if status in {"submitted", "delivered"}}
    assert taken == set(before), "what the provider has is not known, or the other way round"
    held = [row for row in records.messages() if row.held]
    assert {row.phone for row in held} == set(PHONES) - set(before)
    assert records.events(held[0].id)[-1] == "held"
