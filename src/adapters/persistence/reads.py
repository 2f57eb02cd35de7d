"""Reading, apart from the one connection that writes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.transactions import AWAY, away

TIMEOUT_S = 10.0


async def read(engine: AsyncEngine, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    """Return every row of a query.

    Raises:
        StorageUnavailableError: the database is away, or a server does not answer in time.
    """
    patience_s = None if engine.dialect.name == "sqlite" else TIMEOUT_S
    try:
        async with asyncio.timeout(patience_s), engine.connect() as connection:
            found: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
    except AWAY as error:
        raise away(error) from None
    return found
