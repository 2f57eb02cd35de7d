"""What becomes of the messages of a database that was restored."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import NoDatabaseError, locked, migrate
from adapters.persistence.restored import DatabaseInUseError, Held, hold
from adapters.persistence.tables import events, messages
from domain.message import MessageStatus
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import PostgresServer, libpq

NOW = datetime.now(UTC)
BEFORE, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
STATUSES = list(MessageStatus)


def row(status: str, due_at: datetime = BEFORE, **more: object) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "request_id": uuid4(),
        "phone": "77011234567",
        "provider": "smscru",
        "status": status,
        "segments": 1,
        "encoding": "gsm7",
        "attempts": 0,
        "created_at": BEFORE,
        "updated_at": BEFORE,
        "due_at": due_at,
        "resends": 0,
        "lookups": 0,
        "lookup_at": None,
        "attempted_at": None,
        "lease_token": None,
        "lease_owner": None,
        **more,
    }


@pytest.fixture
def place(target: DatabaseTarget) -> DatabaseTarget:
    migrate(target)
    return target


def fill(target: DatabaseTarget, rows: Iterable[dict[str, Any]]) -> None:
    with locked(target) as connection:
        connection.execute(sa.insert(messages), list(rows))


def read(target: DatabaseTarget) -> dict[UUID, Any]:
    with locked(target) as connection:
        return {found.id: found for found in connection.execute(sa.select(messages))}


def lines(target: DatabaseTarget) -> list[Any]:
    with locked(target) as connection:
        return list(connection.execute(sa.select(events)))


def test_what_was_due_or_being_sent_is_in_doubt_and_nothing_else(place: DatabaseTarget) -> None:
    rows = {status: row(status) for status in STATUSES}
    fill(place, rows.values())
    assert hold(place, announced=False) == Held(in_doubt=2, scheduled=0)
    kept = read(place)
    changed = {s for s, new in rows.items() if kept[new["id"]].status != s}
    assert changed == {MessageStatus.QUEUED, MessageStatus.SENDING}
    assert all(kept[rows[status]["id"]].status == "unknown" for status in changed)
    written = lines(place)
    assert {line.message_id for line in written} == {rows[status]["id"] for status in changed}
    assert {(line.name, line.provider, line.untold) for line in written} == {
        ("unknown", "smscru", None)
    }


def test_it_is_asked_about_from_the_moment_it_was_due(place: DatabaseTarget) -> None:
    token, owner = uuid4(), uuid4()
    never = row("queued")
    once = row("queued", attempts=3, attempted_at=BEFORE - timedelta(minutes=5), lookups=4)
    sending = row("sending", attempts=1, lease_token=token, lease_owner=owner)
    fill(place, [never, once, sending])
    hold(place, announced=False)
    kept = read(place)
    assert (kept[never["id"]].attempts, kept[never["id"]].attempted_at) == (1, BEFORE)
    again = kept[once["id"]]
    assert (again.attempts, again.attempted_at) == (3, once["attempted_at"])
    assert {found.lookups for found in kept.values()} == {0}
    assert all(found.lookup_at <= datetime.now(UTC) for found in kept.values())
    assert {(found.lease_token, found.lease_owner) for found in kept.values()} == {(None, None)}
    assert {found.error_code for found in kept.values()} == {"unconfirmed"}


def test_what_is_scheduled_for_later_waits_as_it_did(place: DatabaseTarget) -> None:
    later = row("queued", due_at=LATER)
    fill(place, [later])
    assert hold(place, announced=False) == Held(in_doubt=0, scheduled=1)
    assert read(place)[later["id"]].status == "queued"
    assert lines(place) == []


def test_the_second_sending_a_request_allows_counts_as_used(place: DatabaseTarget) -> None:
    rows = [row("queued"), row("unknown", lookup_at=LATER), row("sending", resends=1)]
    fill(place, rows)
    hold(place, announced=False)
    assert {found.resends for found in read(place).values()} == {1}


def test_what_was_given_up_as_unknown_stays_as_it_is(place: DatabaseTarget) -> None:
    held = row("unknown")
    fill(place, [held])
    assert hold(place, announced=False) == Held(in_doubt=0, scheduled=0)
    found = read(place)[held["id"]]
    assert (found.resends, found.lookup_at) == (0, None)


def test_done_twice_it_changes_nothing_more(place: DatabaseTarget) -> None:
    fill(place, [row("queued"), row("sending")])
    hold(place, announced=False)
    assert hold(place, announced=False) == Held(in_doubt=0, scheduled=0)
    assert len(lines(place)) == 2


def test_webhooks_are_made_of_it_where_somebody_is_told(place: DatabaseTarget) -> None:
    fill(place, [row("queued")])
    hold(place, announced=True)
    assert [line.untold for line in lines(place)] == [True]


def test_a_database_in_use_is_refused_before_anything_is_changed(
    postgres_server: PostgresServer,
) -> None:
    target = postgres_target(postgres_server)
    other = psycopg.connect(libpq(target.admin_url), application_name="habar")
    try:
        with pytest.raises(DatabaseInUseError):
            hold(target, announced=False)
        assert (
            other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            == []
        )
    finally:
        other.close()


def test_what_is_no_database_of_ours_is_left_alone(tmp_path: Path) -> None:
    target = sqlite_target(tmp_path)
    (tmp_path / "habar.db").touch()
    with pytest.raises(NoDatabaseError):
        hold(target, announced=False)
    assert (tmp_path / "habar.db").stat().st_size == 0
