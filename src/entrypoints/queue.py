"""The outbox of a deployment, with what belongs to it."""

from uuid import UUID

from adapters.persistence.bell import Bell
from adapters.persistence.engines import DatabaseTarget, Engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.postgres_bell import PostgresBell
from adapters.persistence.postgres_outbox import PostgresOutbox
from adapters.persistence.sqlite_outbox import SqliteOutbox
from application.ports.outbox import Outbox
from application.ports.system import Clock, Ids
from application.ports.telemetry import Telemetry
from entrypoints.failpoints import DeadlyOutbox


class Queue:
    """Chooses the outbox, and opens and closes what it has beside the database's engines.

    Attributes:
        outbox: the one to use.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what the two outboxes take
        self,
        target: DatabaseTarget,
        engines: Engines,
        commits: GroupCommit,
        owner: UUID,
        clock: Clock,
        ids: Ids,
        failpoint: str | None,
        telemetry: Telemetry,
        *,
        announced: bool,
    ) -> None:
        self._postgres: tuple[PostgresBell, PostgresOutbox] | None = None
        if target.sqlite_path is not None:
            self.outbox: Outbox = SqliteOutbox(
                commits, owner, Bell(), clock, ids, announced=announced
            )
        else:
            bell = PostgresBell(target, Bell())
            schema = target.schema or "public"
            outbox = PostgresOutbox(
                engines.reader, schema, owner, bell, ids, announced=announced, telemetry=telemetry
            )
            self._postgres, self.outbox = (bell, outbox), outbox
        if failpoint is not None:
            self.outbox = DeadlyOutbox(self.outbox, failpoint)

    async def open(self) -> None:
        """Begin to listen for other processes."""
        if self._postgres is not None:
            await self._postgres[0].open()

    async def close(self) -> None:
        """Write what waits, and close every connection of its own."""
        if self._postgres is not None:
            bell, outbox = self._postgres
            await outbox.close()
            await bell.close()
