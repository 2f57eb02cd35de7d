"""A long list is imported while others send; an import that is cut off can be repeated."""

import asyncio
import io
import time
from functools import partial
from pathlib import Path

from application.send_command import SendCommand
from benchmarks.phones import number
from entrypoints.container import Container
from entrypoints.http.blacklist_csv import read_csv
from entrypoints.life import life
from tests.faults.latency import line, percentile
from tests.integration.http.service import dummy

LINES = 100_000
LIST = "".join(f"{number(i)},,asked for it\n" for i in range(LINES)).encode()


async def test_others_send_while_a_long_list_is_imported(tmp_path: Path) -> None:
    container = Container(settings=dummy(tmp_path))
    took: list[float] = []
    async with life(container):
        run = asyncio.create_task(container.import_blacklist()(partial(read_csv, io.BytesIO(LIST))))
        started = time.monotonic()
        while not run.done():
            sent = time.monotonic()
            command = SendCommand(phones=[f"7777{len(took):07d}"], text="Code 4821")
            await container.send_sms()(command)
            took.append(time.monotonic() - sent)
            await asyncio.sleep(0.02)
        imported_s = time.monotonic() - started
        report = await run
        again = await container.import_blacklist()(partial(read_csv, io.BytesIO(LIST)))
    print(line("a message beside an import", took))  # noqa: T201 - the figures are to be seen
    assert (report.lines, report.added, report.already) == (LINES, LINES, 0)
    assert (again.added, again.already) == (0, LINES)
    assert len(took) > 20  # the import did not hold them up
    assert percentile(took, 0.5) < 0.5
    assert imported_s < 120


async def test_an_import_that_was_cut_off_is_completed_by_repeating_it(tmp_path: Path) -> None:
    container = Container(settings=dummy(tmp_path))
    async with life(container):
        run = asyncio.create_task(container.import_blacklist()(partial(read_csv, io.BytesIO(LIST))))
        while not await container.entries().latest(before=None, limit=1):  # noqa: ASYNC110 - the database cannot tell
            await asyncio.sleep(0.01)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    container = Container(settings=dummy(tmp_path))
    async with life(container):
        left = len(await container.entries().latest(before=None, limit=LINES))
        assert 0 < left < LINES
        report = await container.import_blacklist()(partial(read_csv, io.BytesIO(LIST)))
        assert (report.added, report.already) == (LINES - left, left)
        assert len(await container.entries().latest(before=None, limit=LINES + 1)) == LINES
