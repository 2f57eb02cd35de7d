"""However much is kept, an index finds what is old."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from adapters.persistence.retention import (
    OldWebhooks,
    Simple,
    delete_inbound,
    delete_keys,
    empty_inbound,
)
from adapters.persistence.retention_kinds import EVERYTHING, TEXTS
from adapters.persistence.retention_requests import OldRequests
from adapters.persistence.tables import (
    idempotency_keys,
    inbound,
    requests,
    webhook_deliveries,
    webhook_events,
)
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.retention import Remover
from application.retention import cutoff
from benchmarks.history import Past, Written, id_of, write
from domain.message import MessageStatus
from tests.integration.persistence.database import Database, Process

ROWS = 4_000
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
_Seen = list[tuple[str, Any]]


def at(number: int) -> datetime:
    """A tenth is old."""
    return NOW - DAY * (5 if number % 10 == 0 else 1) - timedelta(seconds=number)


def fill(connection: sa.Connection) -> None:
    statuses = [MessageStatus.DELIVERED, MessageStatus.FAILED]
    written = write(connection, [Past(at=at(n), statuses=statuses) for n in range(ROWS)])
    for table, rows in _others(written):
        connection.execute(sa.insert(table), rows)
    emptied = sa.update(requests).where(requests.c.id.in_([one.request for one in written[:2000]]))
    connection.execute(emptied.values(text=""))
    connection.exec_driver_sql("ANALYZE")


def _others(written: Sequence[Written]) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
    numbers = range(ROWS)
    message = {"provider": "twilio", "phone": "77011234567", "to": "7777", "text": "Стоп"}
    yield inbound, [{"id": id_of(at(n)), "received_at": at(n), **message} for n in numbers]
    key = {"account": "backend", "fingerprint": b"\0"}
    owners = [one.request if n % 2 else None for n, one in enumerate(written)]
    yield (
        idempotency_keys,
        [
            {"key": f"{n}", "request_id": owners[n], "created_at": at(n), "running_until": at(n)}
            | key
            for n in numbers
        ],
    )
    events = [uuid4() for _ in numbers]
    event = {"type": "message.delivered", "body": b"{}"}
    yield webhook_events, [{"id": events[n], "at": at(n), **event} for n in numbers]
    post = {"url": "https://a.example.com", "host": "a.example.com", "status": "delivered"}
    yield (
        webhook_deliveries,
        [
            {"id": id_of(at(n)), "event_id": events[n], "attempts": 1, **post}
            | dict.fromkeys(("created_at", "updated_at", "due_at"), at(n))
            for n in numbers
        ],
    )


@contextmanager
def recorded() -> Iterator[_Seen]:
    """Write down what is said to databases."""
    seen: _Seen = []

    def note(*said: Any) -> None:  # noqa: ANN401 - what the event brings
        seen.append((said[2], said[3]))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def plans(connection: sa.Connection, seen: _Seen) -> list[str]:
    how = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    return [
        "\n".join(str(row[-1]) for row in connection.exec_driver_sql(how + said, given))
        for said, given in seen
        if said.startswith(("SELECT", "UPDATE", "DELETE")) and "sms_" in said
    ]


class TestPlans(Database):
    @pytest.fixture
    async def transactions(self, process: Process) -> ShortTransactions:
        await process.engines.writer.run(fill)
        return ShortTransactions(process.commits, process.engines.reader)

    async def test_every_step_goes_by_indexes(
        self, transactions: ShortTransactions, process: Process
    ) -> None:
        removers: list[tuple[Remover, int]] = [
            (OldRequests(transactions, TEXTS, announced=True), 3),
            (Simple(transactions, empty_inbound), 1),
            (OldWebhooks(transactions, announced=True), 2),
            (OldRequests(transactions, EVERYTHING, announced=True), 3),
            (Simple(transactions, delete_inbound), 1),
            (Simple(transactions, delete_keys), 1),
        ]
        for remover, steps in removers:
            with recorded() as seen:
                for _ in range(steps):
                    step = await remover.step(cutoff(NOW, 4 * DAY), 20)
                    assert step.removed
            found = await process.engines.writer.run(partial(plans, seen=seen))
            assert len(found) >= 2
            for one in found:
                assert "SCAN sms_" not in one
                assert "Seq Scan on sms_" not in one
