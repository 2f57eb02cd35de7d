"""What is old is removed while others send: nothing that is sent is lost, nothing young removed."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.tables import messages, requests
from adapters.persistence.webhook_transactions import ShortTransactions
from application.send_command import SendCommand
from benchmarks.history import Past, write
from domain.message import MessageStatus
from entrypoints.container import Container
from entrypoints.life import life
from tests.faults.latency import line, percentile
from tests.integration.http.service import dummy_on

OLD, AT_ONCE = 10_000, 1_000
QUEUED = [MessageStatus.QUEUED]
FAR = datetime(2120, 1, 1, tzinfo=UTC)


async def fill(database: ShortTransactions) -> None:
    """Write old messages, some that are as old and still wait, and some that are young."""
    old_at, young_at = datetime.now(UTC) - timedelta(days=9), datetime.now(UTC) - timedelta(hours=9)
    for _ in range(OLD // AT_ONCE):
        await database.run(partial(write, past=[Past(at=old_at) for _ in range(AT_ONCE)]))
    waiting = [Past(at=old_at, statuses=QUEUED, more={"due_at": FAR}) for _ in range(100)]
    await database.run(partial(write, past=waiting))
    await database.run(partial(write, past=[Past(at=young_at) for _ in range(100)]))


async def count(database: ShortTransactions, table: sa.Table) -> int:
    query = sa.select(sa.func.count()).select_from(table)
    return int(await database.look(lambda connection: connection.execute(query).scalar_one()))


async def test_others_send_while_what_is_old_is_removed(
    target: DatabaseTarget, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(dummy_on(target), data_dir=str(tmp_path))
    container = Container(settings=settings)
    async with life(container):
        await fill(container.transactions())
    container = Container(settings=msgspec.structs.replace(settings, retention_days=2))
    took: list[float] = []
    async with life(container):
        database = container.transactions()
        deadline = time.monotonic() + 300
        while await count(database, messages) > 200 + len(took):
            assert time.monotonic() < deadline, "not removed"
            began = time.monotonic()
            command = SendCommand(phones=[f"7777{len(took):07d}"], text="Code 4821")
            report = await container.send_sms()(command)
            took.append(time.monotonic() - began)
            assert report.messages[0].status is not MessageStatus.FAILED
            await asyncio.sleep(0.02)
        kept = sa.select(messages.c.status, sa.func.count().label("number")).group_by(
            messages.c.status
        )
        found = await database.look(lambda connection: connection.execute(kept).all())
        left = {row.status: row.number for row in found}
        texts = sa.select(sa.func.count()).where(requests.c.text != "")
        with_text = await database.look(lambda connection: connection.execute(texts).scalar_one())
    print(line("a message beside retention", took))  # noqa: T201 - the figures are to be seen
    assert left.pop(MessageStatus.QUEUED) == 100
    assert sum(left.values()) == 100 + len(took)
    assert with_text >= 200 + len(took)  # a request may go a moment after its messages
    assert len(took) > 20  # it did not hold them up
    assert percentile(took, 0.5) < 0.5
