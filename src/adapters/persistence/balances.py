"""What providers said of their money, on both databases."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_new
from adapters.persistence.reads import read
from adapters.persistence.tables import balances
from application.ports.balances import Sample
from domain.lookup import Balance


class SqlBalanceLog:
    """What was said is rows of ``sms_balances``; see ``BalanceLog``."""

    def __init__(self, commits: GroupCommit, reader: AsyncEngine) -> None:
        self._commits = commits
        self._reader = reader

    async def add(self, sample: Sample) -> None:
        """Write what a provider said; see ``BalanceLog.add``."""
        await self._commits.run(_add, sample)

    async def since(self, at: datetime) -> Sequence[Sample]:
        """Return what was said from a time on; see ``BalanceLog.since``."""
        query = sa.select(balances).where(balances.c.at >= at)
        return [
            Sample(row.provider, row.at, Balance(Decimal(row.amount), row.currency))
            for row in await read(self._reader, query.order_by(balances.c.at, balances.c.provider))
        ]

    async def forget(self, before: datetime) -> None:
        """Delete what was said before a time; see ``BalanceLog.forget``."""
        await self._commits.run(_forget, before)


def _add(connection: sa.Connection, items: Sequence[Sample]) -> Sequence[None]:
    rows = [
        {
            "at": sample.at,
            "provider": sample.provider,
            "amount": str(sample.balance.amount),
            "currency": sample.balance.currency,
        }
        for sample in items
    ]
    connection.execute(insert_new(connection, balances), rows)
    return [None] * len(items)


def _forget(connection: sa.Connection, items: Sequence[datetime]) -> Sequence[None]:
    connection.execute(sa.delete(balances).where(balances.c.at < max(items)))
    return [None] * len(items)
