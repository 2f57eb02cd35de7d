"""Idempotency keys, on both databases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_new
from adapters.persistence.reads import read
from adapters.persistence.rows import ORPHANED_AFTER, Row, key_row
from adapters.persistence.tables import UtcDateTime
from adapters.persistence.tables import idempotency_keys as keys
from application.ports.blacklist import Once
from application.ports.idempotency import KeyRecord, StoredAnswer
from application.ports.system import Clock
from domain.idempotency import IdempotencyKey

_Answered = tuple[IdempotencyKey, StoredAnswer]
_unanswered = (
    keys.c.account == sa.bindparam("of_account"),
    keys.c.key == sa.bindparam("of_key"),
    keys.c.answer_status.is_(None),
)
_FINISH = (
    sa.update(keys)
    .where(*_unanswered)
    .values(
        {name: sa.bindparam(name) for name in ("answer_status", "answer_headers", "answer_body")}
    )
)
_KEEP = sa.update(keys).where(*_unanswered)


class SqlIdempotency:
    """Keys are rows of ``sms_idempotency_keys``; see ``IdempotencyRepository``."""

    def __init__(
        self, commits: GroupCommit, reader: AsyncEngine, owner: UUID, clock: Clock
    ) -> None:
        """Write through ``commits``, read through ``reader``.

        Args:
            commits: the one writer of this process.
            reader: its server's clock counts, where it is a server.
            owner: this start of the process: on SQLite nobody else can be serving a key.
            clock: for SQLite.
        """
        self._commits = commits
        self._reader = reader
        self._owner = owner
        self._clock = clock

    async def find(self, account: str, key: str) -> KeyRecord | None:
        """Return what is known of a key; see ``IdempotencyRepository.find``."""
        query = sa.select(keys, self._alive().label("alive")).where(
            keys.c.account == account, keys.c.key == key
        )
        found = await read(self._reader, query)
        return _to_record(found[0]) if found else None

    async def finish(self, key: IdempotencyKey, answer: StoredAnswer) -> None:
        """Keep an answer; see ``IdempotencyRepository.finish``."""
        await self._commits.run(_finish, (key, answer))

    async def keep(self, keys: Sequence[IdempotencyKey]) -> None:
        """Say that these are being served; see ``IdempotencyRepository.keep``."""
        if keys:
            await self._commits.run(self._keep, keys)

    def _alive(self) -> sa.ColumnElement[bool]:
        if self._reader.dialect.name == "sqlite":
            heard_of = keys.c.running_until > sa.literal(self._clock.now(), UtcDateTime())
            return sa.and_(keys.c.running_owner == self._owner, heard_of)
        return keys.c.running_until > sa.func.clock_timestamp()

    def _keep(
        self, connection: sa.Connection, items: Sequence[Sequence[IdempotencyKey]]
    ) -> Sequence[None]:
        until: Any = self._clock.now() + ORPHANED_AFTER
        if connection.dialect.name != "sqlite":
            until = sa.func.clock_timestamp() + ORPHANED_AFTER
        named = [_named(key) for item in items for key in item]
        kept = _KEEP.values(running_until=until, running_owner=self._owner)
        connection.execute(kept, named)
        return [None] * len(items)


def written_with(
    connection: sa.Connection, wishes: Sequence[Once | None], now: datetime
) -> Sequence[bool]:
    """Write the keys of changes that are made once; tell which changes are to be made."""
    statement = insert_new(connection, keys).execution_options(preserve_rowcount=True)
    return [
        once is None or connection.execute(statement, _once_row(once, now)).rowcount > 0
        for once in wishes
    ]


def _once_row(once: Once, now: datetime) -> Row:
    return key_row(once.key, None, None, now) | _answer_row(once.answer)


def _finish(connection: sa.Connection, items: Sequence[_Answered]) -> Sequence[None]:
    connection.execute(_FINISH, [_named(key) | _answer_row(answer) for key, answer in items])
    return [None] * len(items)


def _named(key: IdempotencyKey) -> Row:
    return {"of_account": key.account, "of_key": key.key}


def _answer_row(answer: StoredAnswer) -> Row:
    return {
        "answer_status": answer.status,
        "answer_headers": msgspec.json.encode(dict(answer.headers)).decode(),
        "answer_body": answer.body,
    }


def _to_record(row: sa.Row[Any]) -> KeyRecord:
    answer = None
    if row.answer_status is not None:
        headers = msgspec.json.decode(row.answer_headers, type=dict[str, str])
        answer = StoredAnswer(row.answer_status, headers, row.answer_body)
    return KeyRecord(row.fingerprint, row.request_id, answer, answer is None and bool(row.alive))
